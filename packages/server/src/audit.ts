/**
 * The audit log's pen: what `call` writes down of an operation. Always true, on a server with accounts: what changed something is written
 * before its answer leaves, and so is every refusal for lack of a right; secrets are in no line. What only reads is not written, nor the
 * stream of points, lines and files that runs log: those are the runs' own.
 */
import type { Securable } from './access.ts'
import type { Ctx } from './context.ts'

/** Characters of what was asked. */
const longest = 2_000
const secret = /password|secret|token|current|next|session|body|authorization/i

/** What was asked, as text, without what must not be read. */
export function detailOf(input: unknown): string {
  const text = JSON.stringify(input, (key, value) => {
    if (secret.test(key)) return value === null || value === undefined ? value : '…'
    if (typeof value === 'string' && value.length > 200) return `${value.slice(0, 200)}…`
    if (typeof value === 'bigint') return String(value)
    return Array.isArray(value) && value.length > 20 ? [...value.slice(0, 20), `and ${value.length - 20} more`] : value
  })
  return (text ?? '').slice(0, longest)
}

const nameOf = (on: Securable): string => ('id' in on ? `${on.kind} ${on.id}` : on.kind)

/** What differs, as text of both. */
export function changeOf(before: unknown, after: unknown): { before: string; after: string } | undefined {
  const [was, is] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>]
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (key) => detailOf({ it: was[key] }) !== detailOf({ it: is[key] }),
  )
  const of = (state: Record<string, unknown>) => detailOf(Object.fromEntries(keys.map((key) => [key, state[key] ?? null])))
  return keys.length ? { before: of(was), after: of(is) } : undefined
}

interface Said {
  operation: string
  isReading: boolean
  /** Undefined where it did not come so far as to be known. */
  on: Securable | Securable[] | undefined
  input: unknown
  outcome: string
  /** Part of what runs log. */
  quiet: boolean
  /** What was so before, and is now. */
  change?: { before: string; after: string } | undefined
}

const refusals = new Set(['PERMISSION_DENIED', 'UNAUTHENTICATED', 'RESOURCE_EXHAUSTED'])

export async function writeDown(ctx: Ctx, { operation, isReading, on, input, outcome, quiet, change }: Said): Promise<void> {
  if (ctx.authenticate.mode === 'open') return
  const isRefusal = refusals.has(outcome)
  if (!isRefusal && (isReading || quiet || outcome !== 'OK')) return
  // Whoever has no account can't fill the log by asking: only failed attempts to get in are written.
  if (isRefusal && ctx.actor.kind === 'NONE' && !operation.startsWith('account.')) return
  const targets = on === undefined ? [] : [on].flat()
  await ctx.db.prisma.audit.create({
    data: {
      at: BigInt(Date.now()),
      workspaceId: ctx.workspace.id || null,
      accountId: ctx.actor.id ?? null,
      // Who is not known yet is who they say they are.
      actor: ctx.actor.name || String((input as { name?: unknown } | null)?.name ?? '').slice(0, 100),
      through: ctx.through.kind,
      tokenId: ctx.through.tokenId ?? null,
      address: ctx.through.address,
      operation,
      target: targets.slice(0, 20).map(nameOf).join(', ') + (targets.length > 20 ? ` and ${targets.length - 20} more` : ''),
      outcome,
      detail: detailOf(input),
      ...change,
    },
  })
}
