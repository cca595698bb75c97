/** The audit log, read: of a workspace by who manages it, of all of them by who manages the installation. */
import type { Audit } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { anyText } from '../fields.ts'
import { operation, type Target } from '../operation.ts'

export interface AuditPage {
  entries: Audit[]
  /** Where the next page begins. */
  next: string | null
}

const most = 1_000

export const readAudit = operation({
  name: 'audit.read',
  input: z.object({
    everywhere: z.boolean().nullish(),
    actor: anyText.nullish(),
    operation: anyText.nullish(),
    refused: z.boolean().nullish(),
    from: z.int().nullish(),
    to: z.int().nullish(),
    search: anyText.max(200).nullish(),
    first: z.int().min(1).max(most),
    after: z.string().nullish(),
  }),
  action: 'manage',
  on: (ctx: Ctx, { everywhere }): Target<null> => ({
    securable: everywhere ? { kind: 'System' } : { kind: 'Workspace', id: ctx.workspace.id },
    row: null,
  }),
  async run(ctx, { everywhere, actor, operation, refused, from, to, search, first, after }): Promise<AuditPage> {
    if (after && !/^\d{1,18}$/.test(after)) throw invalid('`after` is not where a page ended: give back `next`.', 'after')
    const holds = (text: string) => ({ contains: text.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const })
    const rows = await ctx.db.prisma.audit.findMany({
      where: {
        ...(!everywhere && { workspaceId: ctx.workspace.id }),
        ...(actor && { actor: actor.toLowerCase() }),
        ...(operation && { operation: { startsWith: operation } }),
        ...(refused && { NOT: { outcome: 'OK' } }),
        at: { ...(from != null && { gte: BigInt(from) }), ...(to != null && { lte: BigInt(to) }) },
        ...(search && {
          OR: (['operation', 'target', 'detail', 'actor', 'before', 'after'] as const).map((column) => ({ [column]: holds(search) })),
        }),
        ...(after && { id: { lt: BigInt(after) } }),
      },
      orderBy: { id: 'desc' },
      take: first + 1,
    })
    return { entries: rows.slice(0, first), next: rows.length > first ? String(rows[first - 1]!.id) : null }
  },
})
