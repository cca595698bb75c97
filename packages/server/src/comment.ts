/** What holds of comments, whatever they are on: who wrote one changes it and takes it away, and nobody else. */
import type { Sql } from '@tidegate/db'
import { may, type Securable } from './access.ts'
import { accountOf, type Ctx } from './context.ts'
import { AppError, notFound } from './errors.ts'
import { required } from './fields.ts'
import type { Target } from './operation.ts'

/** Markdown. */
export const commentText = required.max(65_535)

export const unknownComment = (id: number) => notFound(`Comment ${id} not found`)

/** One by its number, and what it is on. */
export async function commentTarget<Row extends { workspaceId: number }>(
  ctx: Ctx,
  id: number,
  read: (sql: Sql, id: number) => Promise<Row | undefined>,
  securableOf: (row: Row) => Securable,
): Promise<Target<Row>> {
  const row = id < 2 ** 31 ? await read(ctx.db, id) : undefined
  if (row?.workspaceId !== ctx.workspace.id) throw unknownComment(id)
  return { securable: securableOf(row), row, unseen: () => unknownComment(id) }
}

/** Whether whoever asks wrote it, and may have a say there still. */
export const isOwnComment = (ctx: Ctx, { accountId }: { accountId: number }, on: Securable): boolean =>
  accountId === accountOf(ctx) && may(ctx.ability, 'review', on)

export const notTheirs = ({ actor }: { actor: string }) =>
  new AppError('PERMISSION_DENIED', `${actor} wrote it: only they change it or take it away.`)
