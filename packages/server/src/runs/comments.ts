/**
 * Comments on runs: by whoever may read the run, changed and taken away by who wrote them. What one said before stays with it, and of what
 * was taken away that it was there.
 */
import { z } from 'zod'
import type { Securable } from '../access.ts'
import { commentTarget, commentText, isOwnComment, notTheirs, unknownComment } from '../comment.ts'
import { accountOf, type Ctx } from '../context.ts'
import { int64, required } from '../fields.ts'
import { tellOfRunComment } from '../inbox/run-word.ts'
import { enqueue } from '../jobs.ts'
import { operation } from '../operation.ts'
import { insertRunComment, type RunComment, readRunComment, removeRunComment, sayInRunComment } from './comments.sql.ts'
import { activeRun, onRun, type RunRef } from './runs.ts'

const securableOf = ({ experimentId, workspaceId }: RunComment): Securable => ({ kind: 'Experiment', id: experimentId, workspaceId })
const refOf = ({ runId, uuid, experimentId, workspaceId }: RunComment): RunRef => ({ id: runId, uuid, experimentId, workspaceId })

const onComment = (ctx: Ctx, { comment }: { comment: number }) => commentTarget(ctx, comment, readRunComment, securableOf)

export const isAuthor = (ctx: Ctx, comment: RunComment): boolean =>
  comment.deletedAt === null && isOwnComment(ctx, comment, securableOf(comment))

function checkAuthor(ctx: Ctx, comment: RunComment): void {
  if (comment.deletedAt !== null) throw unknownComment(comment.id)
  if (!isAuthor(ctx, comment)) throw notTheirs(comment)
}

async function reread(ctx: Ctx, id: number): Promise<RunComment> {
  const row = await readRunComment(ctx.db, id)
  if (!row) throw unknownComment(id)
  return row
}

export const addRunComment = operation({
  name: 'run-comment.add',
  input: z.object({ runId: required, text: commentText }),
  action: 'review',
  on: onRun,
  async run(ctx, { text }, run): Promise<RunComment> {
    let id = 0
    await activeRun(ctx, run, async (tx) => {
      const at = Date.now()
      id = await insertRunComment(tx, { runId: run.id, accountId: accountOf(ctx), actor: ctx.actor.name, at })
      await sayInRunComment(tx, id, text, at)
      await enqueue(tx, tellOfRunComment, { comment: id, texts: 1 })
    })
    return reread(ctx, id)
  },
})

/** As the audit log has it. */
async function commentState(ctx: Ctx, _: unknown, { id }: { id: number }) {
  const it = await readRunComment(ctx.db, id)
  return it?.deletedAt === null ? { text: it.texts.at(-1)!.text } : null
}

export const editRunComment = operation({
  name: 'run-comment.edit',
  input: z.object({ comment: int64, text: commentText }),
  action: 'review',
  on: onComment,
  state: commentState,
  async run(ctx, { text }, comment): Promise<RunComment> {
    checkAuthor(ctx, comment)
    await activeRun(ctx, refOf(comment), async (tx) => {
      await sayInRunComment(tx, comment.id, text, Date.now())
      await enqueue(tx, tellOfRunComment, { comment: comment.id, texts: comment.texts.length + 1 })
    })
    return reread(ctx, comment.id)
  },
})

export const deleteRunComment = operation({
  name: 'run-comment.delete',
  input: z.object({ comment: int64 }),
  action: 'review',
  on: onComment,
  state: commentState,
  async run(ctx, _, comment): Promise<RunComment> {
    checkAuthor(ctx, comment)
    await activeRun(ctx, refOf(comment), (tx) => removeRunComment(tx, comment.id, Date.now()))
    return comment
  },
})
