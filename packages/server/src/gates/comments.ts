/** Comments on versions, on what was asked for them, and on models as a whole: by whoever may have a say, changed and taken away by who wrote them. What was said stays in the activity. */
import { z } from 'zod'
import { may } from '../access.ts'
import { type Ctx, inTransaction } from '../context.ts'
import { AppError, notFound } from '../errors.ts'
import { int64, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { record } from '../registry/activity.ts'
import { readHeld } from '../registry/model-versions.sql.ts'
import { modelName, versionNumber } from '../registry/names.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { rang } from '../registry/registered-models.ts'
import { onModel, onVersion, securableOf, unknownModel, unknownVersion } from '../registry/targets.ts'
import { type Comment, changeComment, insertComment, readComment, removeComment } from './comments.sql.ts'
import { accountOf } from './people.ts'
import { onRequest, requestId, unknownRequest } from './requests.ts'

const text = required.max(65_535)
const unknown = (id: number) => notFound(`Comment ${id} not found`)

async function onComment(ctx: Ctx, { comment: id }: { comment: number }): Promise<Target<Comment>> {
  const row = id < 2 ** 31 ? await readComment(ctx.db, id) : undefined
  if (row?.workspaceId !== ctx.workspace.id) throw unknown(id)
  return { securable: securableOf({ modelId: row.modelId, workspaceId: row.workspaceId }), row, unseen: () => unknown(id) }
}

export const isAuthor = (ctx: Ctx, { accountId, modelId, workspaceId }: Pick<Comment, 'accountId' | 'modelId' | 'workspaceId'>): boolean =>
  accountId === accountOf(ctx) && may(ctx.ability, 'review', securableOf({ modelId, workspaceId }))

function checkAuthor(ctx: Ctx, comment: Comment): void {
  if (!isAuthor(ctx, comment)) throw new AppError('PERMISSION_DENIED', `${comment.actor} wrote it: only they change it or take it away.`)
}

export const addComment = operation({
  name: 'comment.add',
  input: z.object({ name: modelName, version: versionNumber, text }),
  action: 'review',
  on: onVersion,
  async run(ctx, { text }, version): Promise<Comment> {
    const id = await inTransaction(ctx, async (tx) => {
      const at = Date.now()
      const model = await holdModel(tx, version.modelId, at)
      if (!model || !(await readHeld(tx, version.id))) throw unknownVersion(version.name, version.version)
      const id = await insertComment(tx, {
        versionId: version.id,
        modelId: version.modelId,
        accountId: accountOf(ctx),
        actor: ctx.actor.name,
        text,
        at,
      })
      await record(tx, ctx, { kind: 'COMMENT_ADDED', model, version: version.version, comment: text, data: { comment: id } })
      return id
    })
    rang(ctx, version.modelId)
    return (await readComment(ctx.db, id))!
  },
})

export const addModelComment = operation({
  name: 'comment.add-to-model',
  input: z.object({ name: modelName, text }),
  action: 'review',
  on: onModel,
  async run(ctx, { text }, { id: modelId, name }): Promise<Comment> {
    const id = await inTransaction(ctx, async (tx) => {
      const at = Date.now()
      const model = await holdModel(tx, modelId, at)
      if (!model) throw unknownModel(name)
      const id = await insertComment(tx, { versionId: null, modelId, accountId: accountOf(ctx), actor: ctx.actor.name, text, at })
      await record(tx, ctx, { kind: 'COMMENT_ADDED', model, comment: text, data: { comment: id } })
      return id
    })
    rang(ctx, modelId)
    return (await readComment(ctx.db, id))!
  },
})

/** Of what somebody asked for, open or not. */
export const addRequestComment = operation({
  name: 'comment.add-to-request',
  input: z.object({ request: requestId, text }),
  action: 'review',
  on: onRequest,
  async run(ctx, { text }, request): Promise<Comment> {
    const { modelId, versionId } = request
    const id = await inTransaction(ctx, async (tx) => {
      const at = Date.now()
      const model = await holdModel(tx, modelId, at)
      if (!model || !(await readHeld(tx, versionId))) throw unknownRequest(request.id)
      const said = { versionId, requestId: request.id, modelId, accountId: accountOf(ctx), actor: ctx.actor.name, text, at }
      const id = await insertComment(tx, said)
      const entry = { model, version: request.version, request: request.id, comment: text, data: { comment: id } }
      await record(tx, ctx, { kind: 'COMMENT_ADDED', ...entry })
      return id
    })
    rang(ctx, modelId)
    return (await readComment(ctx.db, id))!
  },
})

/** As the audit log has it. */
async function commentState(ctx: Ctx, _: unknown, { id }: { id: number }) {
  const it = await readComment(ctx.db, id)
  return it ? { text: it.text } : null
}

export const editComment = operation({
  name: 'comment.edit',
  input: z.object({ comment: int64, text }),
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
    if (!row) throw unknown(comment.id)
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
