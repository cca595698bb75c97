/** Comments on versions, on what was asked for them, and on models as a whole: by whoever may have a say, changed and taken away by who wrote them. What was said stays in the activity. */
import { z } from 'zod'
import { commentTarget, commentText, isOwnComment, notTheirs, unknownComment } from '../comment.ts'
import { accountOf, type Ctx, inTransaction } from '../context.ts'
import type { AppError } from '../errors.ts'
import { int64 } from '../fields.ts'
import { operation } from '../operation.ts'
import { record } from '../registry/activity.ts'
import { readHeld } from '../registry/model-versions.sql.ts'
import { modelName, versionNumber } from '../registry/names.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { rang } from '../registry/registered-models.ts'
import { onModel, onVersion, securableOf, unknownModel, unknownVersion } from '../registry/targets.ts'
import { type Comment, changeComment, insertComment, readComment, removeComment } from './comments.sql.ts'
import { onRequest, requestId, unknownRequest } from './requests.ts'

const onModelOf = ({ modelId, workspaceId }: Pick<Comment, 'modelId' | 'workspaceId'>) => securableOf({ modelId, workspaceId })

const onComment = (ctx: Ctx, { comment }: { comment: number }) => commentTarget(ctx, comment, readComment, onModelOf)

export const isAuthor = (ctx: Ctx, comment: Pick<Comment, 'accountId' | 'modelId' | 'workspaceId'>): boolean =>
  isOwnComment(ctx, comment, onModelOf(comment))

function checkAuthor(ctx: Ctx, comment: Comment): void {
  if (!isAuthor(ctx, comment)) throw notTheirs(comment)
}

/** Says it of a version, of what was asked for one, or of a model as a whole. */
async function say(
  ctx: Ctx,
  text: string,
  on: { modelId: number; version?: { id: number; version: number }; requestId?: number; gone: () => AppError },
): Promise<Comment> {
  const { modelId, version, requestId = null } = on
  const id = await inTransaction(ctx, async (tx) => {
    const at = Date.now()
    const model = await holdModel(tx, modelId, at)
    if (!model || (version && !(await readHeld(tx, version.id)))) throw on.gone()
    const said = { versionId: version?.id ?? null, requestId, modelId, accountId: accountOf(ctx), actor: ctx.actor.name, text, at }
    const id = await insertComment(tx, said)
    const entry = { model, version: version?.version ?? null, request: requestId, comment: text, data: { comment: id } }
    await record(tx, ctx, { kind: 'COMMENT_ADDED', ...entry })
    return id
  })
  rang(ctx, modelId)
  return (await readComment(ctx.db, id))!
}

export const addComment = operation({
  name: 'comment.add',
  input: z.object({ name: modelName, version: versionNumber, text: commentText }),
  action: 'review',
  on: onVersion,
  run: (ctx, { text }, version): Promise<Comment> =>
    say(ctx, text, { modelId: version.modelId, version, gone: () => unknownVersion(version.name, version.version) }),
})

export const addModelComment = operation({
  name: 'comment.add-to-model',
  input: z.object({ name: modelName, text: commentText }),
  action: 'review',
  on: onModel,
  run: (ctx, { text }, { id, name }): Promise<Comment> => say(ctx, text, { modelId: id, gone: () => unknownModel(name) }),
})

/** Of what somebody asked for, open or not. */
export const addRequestComment = operation({
  name: 'comment.add-to-request',
  input: z.object({ request: requestId, text: commentText }),
  action: 'review',
  on: onRequest,
  run: (ctx, { text }, { id, modelId, versionId, version }): Promise<Comment> =>
    say(ctx, text, { modelId, version: { id: versionId, version }, requestId: id, gone: () => unknownRequest(id) }),
})

/** As the audit log has it. */
async function commentState(ctx: Ctx, _: unknown, { id }: { id: number }) {
  const it = await readComment(ctx.db, id)
  return it ? { text: it.text } : null
}

export const editComment = operation({
  name: 'comment.edit',
  input: z.object({ comment: int64, text: commentText }),
  action: 'review',
  on: onComment,
  state: commentState,
  async run(ctx, { text }, comment): Promise<Comment> {
    checkAuthor(ctx, comment)
    await inTransaction(ctx, async (tx) => {
      const at = Date.now()
      const model = await holdModel(tx, comment.modelId, at)
      if (!model) return
      await changeComment(tx, comment.id, text, at)
      await record(tx, ctx, {
        kind: 'COMMENT_CHANGED',
        model,
        version: comment.version,
        request: comment.requestId,
        comment: text,
        data: { comment: comment.id },
      })
    })
    rang(ctx, comment.modelId)
    const row = await readComment(ctx.db, comment.id)
    if (!row) throw unknownComment(comment.id)
    return row
  },
})

export const deleteComment = operation({
  name: 'comment.delete',
  input: z.object({ comment: int64 }),
  action: 'review',
  on: onComment,
  state: commentState,
  async run(ctx, _, comment): Promise<Comment> {
    checkAuthor(ctx, comment)
    await inTransaction(ctx, async (tx) => {
      const model = await holdModel(tx, comment.modelId, Date.now())
      if (!model) return
      await removeComment(tx, comment.id)
      await record(tx, ctx, {
        kind: 'COMMENT_DELETED',
        model,
        version: comment.version,
        request: comment.requestId,
        data: { comment: comment.id },
      })
    })
    rang(ctx, comment.modelId)
    return comment
  },
})
