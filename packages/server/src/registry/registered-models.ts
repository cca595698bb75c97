/**
 * A registered model is a name that stays while what is behind it changes: its versions. The name is unique in its workspace. MLflow's
 * prompts are registered models with a tag; searches leave those out. Deleting one is final, and takes its versions with it; the files
 * stay, which belong to the runs and logged models that they came from.
 */
import { z } from 'zod'
import { may } from '../access.ts'
import { type Ctx, inTransaction } from '../context.ts'
import { AppError } from '../errors.ts'
import { key } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { conditionsChanged } from '../standing.ts'
import { record } from './activity.ts'
import { latestVersions, type ModelVersion, versionsIn } from './model-versions.sql.ts'
import { description, modelName, tag, tags } from './names.ts'
import {
  deleteModel,
  deleteModelTag,
  describeModel,
  findModel,
  grantModel,
  insertModel,
  lockModel,
  type RegisteredModel,
  readModels,
  renameModel,
  setModelTag,
} from './registered-models.sql.ts'
import { modelState, onModel, securableOf, unknownModel } from './targets.ts'

/** A model that is not there yet: whoever may make models of this workspace may make it. */
const anew = (ctx: Ctx): Target<null> => ({
  securable: securableOf({ id: 0, workspaceId: ctx.workspace.id }),
  row: null,
  unseen: () => new AppError('PERMISSION_DENIED', "You lack the ability 'create' on RegisteredModel. Ask an admin for it."),
})

/** Tells who looks at the model, and at the list. */
export function rang(ctx: Ctx, id: number): void {
  ctx.events.ring('model', id)
  ctx.events.ring('registry', ctx.workspace.id)
}

async function changed(ctx: Ctx, { id, name }: Pick<RegisteredModel, 'id' | 'name'>): Promise<RegisteredModel> {
  rang(ctx, id)
  const [model] = await readModels(ctx.db, [id])
  if (!model) throw unknownModel(name)
  return model
}

/** MLflow's sentences: a model and a prompt are told apart. */
async function taken(ctx: Ctx, name: string, isPrompt: boolean): Promise<AppError> {
  const existing = await findModel(ctx.db, ctx.workspace.id, name)
  const [old, fresh] = [existing?.isPrompt, isPrompt].map((prompt) => (prompt ? 'Prompt' : 'Registered Model')) as [string, string]
  const message =
    old === fresh
      ? `${fresh} (name=${name}) already exists.`
      : `Tried to create a ${fresh.toLowerCase()} with name '${name}', but the name is already taken by a ${old.toLowerCase()}. MLflow does not allow creating a model and a prompt with the same name.`
  return new AppError('RESOURCE_ALREADY_EXISTS', message, { field: 'name' })
}

/** A model with the highest version of each of its stages. */
export interface ModelWithLatest {
  model: RegisteredModel
  latest: ModelVersion[]
}

/** Of models that were already authorised. */
export async function withLatest(ctx: Ctx, models: RegisteredModel[]): Promise<ModelWithLatest[]> {
  const found = models.length
    ? await latestVersions(
        ctx.db,
        models.map(({ id }) => id),
      )
    : []
  const byModel = Map.groupBy(found, ({ modelId }) => modelId)
  return models.map((model) => ({ model, latest: byModel.get(model.id) ?? [] }))
}

const promptTag = 'mlflow.prompt.is_prompt'
export const isPrompt = (tags: Record<string, string>) => tags[promptTag]?.toLowerCase() === 'true'

export const createRegisteredModel = operation({
  name: 'registered-model.create',
  input: z.object({ name: modelName, tags, description }),
  action: 'create',
  on: anew,
  async run(ctx, { name, tags, description }): Promise<RegisteredModel> {
    const { name: owner, id: account } = ctx.actor
    const workspaceId = ctx.workspace.id
    const id = await inTransaction(ctx, async (tx) => {
      const model = await insertModel(tx, { workspaceId, name, description, owner, tags, createdAt: Date.now() })
      // Who made it manages it, where their role does not say so already.
      if (model !== undefined && account !== undefined && !may(ctx.ability, 'manage', securableOf({ id: model, workspaceId })))
        await grantModel(tx, { account, model, workspace: workspaceId })
      if (model !== undefined)
        await record(tx, ctx, { kind: 'MODEL_CREATED', model: { id: model, name }, to: name, data: { tags, description } })
      return model
    })
    if (id === undefined) throw await taken(ctx, name, isPrompt(tags))
    // A grant was made, or a rule may ask about its tags.
    if (account !== undefined) ctx.events.ring('standing', 0)
    return changed(ctx, { id, name })
  },
})

export const getRegisteredModel = operation({
  name: 'registered-model.get',
  input: z.object({ name: modelName }),
  action: 'read',
  on: onModel,
  run: (_ctx, _, model): RegisteredModel => model,
})

export const renameRegisteredModel = operation({
  name: 'registered-model.rename',
  input: z.object({ name: modelName, newName: modelName }),
  action: 'rename',
  on: onModel,
  state: modelState,
  async run(ctx, { newName }, model): Promise<RegisteredModel> {
    try {
      const isDone = await inTransaction(ctx, async (tx) => {
        const before = await lockModel(tx, model.id)
        if (!before || !(await renameModel(tx, model.id, newName, Date.now()))) return false
        await record(tx, ctx, { kind: 'MODEL_RENAMED', model: { ...before, name: newName }, from: before.name, to: newName })
        return true
      })
      if (!isDone) throw unknownModel(model.name)
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
      throw new AppError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${newName}) already exists.`, { field: ctx.spell('newName') })
    }
    return changed(ctx, { id: model.id, name: newName })
  },
})

export const updateRegisteredModel = operation({
  name: 'registered-model.update',
  input: z.object({ name: modelName, description }),
  action: 'edit',
  on: onModel,
  state: modelState,
  async run(ctx, { description }, model): Promise<RegisteredModel> {
    await inTransaction(ctx, async (tx) => {
      const before = await lockModel(tx, model.id)
      if (!before) return
      await describeModel(tx, model.id, description, Date.now())
      await record(tx, ctx, { kind: 'MODEL_DESCRIBED', model: before, from: before.description, to: description })
    })
    return changed(ctx, model)
  },
})

export const deleteRegisteredModel = operation({
  name: 'registered-model.delete',
  input: z.object({ name: modelName }),
  action: 'delete',
  on: onModel,
  state: modelState,
  async run(ctx, _, model): Promise<RegisteredModel> {
    const isDone = await inTransaction(ctx, async (tx) => {
      const before = await lockModel(tx, model.id)
      if (!before) return false
      const versions = await versionsIn(tx, model.id)
      await deleteModel(tx, model.id)
      await record(
        tx,
        ctx,
        ...versions.map(({ version, stage }) => ({ kind: 'VERSION_DELETED', model: before, version, from: stage }) as const),
        { kind: 'MODEL_DELETED', model: before, from: before.name },
      )
      return true
    })
    if (!isDone) throw unknownModel(model.name)
    rang(ctx, model.id)
    return model
  },
})

export const setRegisteredModelTag = operation({
  name: 'registered-model.set-tag',
  input: tag.extend({ name: modelName }),
  action: 'edit',
  on: onModel,
  state: modelState,
  async run(ctx, { key, value }, model): Promise<RegisteredModel> {
    await inTransaction(ctx, async (tx) => {
      const before = await lockModel(tx, model.id)
      if (!before) return
      await setModelTag(tx, model.id, key, value)
      await record(tx, ctx, { kind: 'MODEL_TAG_SET', model: before, from: before.tags[key] ?? null, to: value, data: { key } })
    })
    await conditionsChanged(ctx, model.workspaceId)
    return changed(ctx, model)
  },
})

/** A tag that is not there is as good as deleted, as it is to MLflow. */
export const deleteRegisteredModelTag = operation({
  name: 'registered-model.delete-tag',
  input: z.object({ name: modelName, key }),
  action: 'edit',
  on: onModel,
  state: modelState,
  async run(ctx, { key }, model): Promise<RegisteredModel> {
    await inTransaction(ctx, async (tx) => {
      const before = await lockModel(tx, model.id)
      if (before?.tags[key] === undefined) return
      await deleteModelTag(tx, model.id, key)
      await record(tx, ctx, { kind: 'MODEL_TAG_DELETED', model: before, from: before.tags[key], data: { key } })
    })
    await conditionsChanged(ctx, model.workspaceId)
    return changed(ctx, model)
  },
})
