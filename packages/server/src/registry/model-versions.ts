/**
 * A version of a registered model: what it was made of, and what is said of it. It has the next number of its model, which is never given
 * out again. What it was made of does not change; deleting it is final.
 */
import { z } from 'zod'
import { may } from '../access.ts'
import { type Ctx, inTransaction, type Tx } from '../context.ts'
import { anyText, key, limitedText, required } from '../fields.ts'
import { policyOf } from '../gates/effective.ts'
import { cardChanged, movedUnder } from '../gates/queue.ts'
import { findModels, setModelTags } from '../models/logged-models.sql.ts'
import { securableOf as securableOfLogged } from '../models/model-metrics.ts'
import { operation } from '../operation.ts'
import { conditionsChanged } from '../standing.ts'
import { type NewActivity, record } from './activity.ts'
import {
  deleteVersion,
  deleteVersionTag,
  describeVersion,
  insertVersion,
  latestVersions,
  type ModelVersion,
  readHeld,
  readVersions,
  setVersionTag,
} from './model-versions.sql.ts'
import { move } from './moves.ts'
import { aliasName, description, modelName, newAlias, tag, tags, versionNumber } from './names.ts'
import { holdModel, lockModel } from './registered-models.sql.ts'
import { isPrompt, rang } from './registered-models.ts'
import { findSource } from './source.ts'
import { checkArchives, stageNamed, stageOrder } from './stages.ts'
import {
  aliased,
  latestOf,
  modelState,
  onAlias,
  onModel,
  onMove,
  onVersion,
  unknownModel,
  unknownVersion,
  versionState,
} from './targets.ts'

/** Does it while nothing else is done to the model, and writes down what it says was done, if anything. Nothing where the version is gone. */
async function change(
  ctx: Ctx,
  { id, modelId }: ModelVersion,
  work: (tx: Tx, before: Before) => Promise<Pick<NewActivity, 'kind' | 'from' | 'to' | 'data'> | undefined>,
): Promise<boolean> {
  return inTransaction(ctx, async (tx) => {
    const model = await lockModel(tx, modelId)
    const before = model && (await readHeld(tx, id))
    if (!before) return false
    const done = await work(tx, before)
    if (done) await record(tx, ctx, { ...done, model, version: before.version })
    return true
  })
}
type Before = NonNullable<Awaited<ReturnType<typeof readHeld>>>

/** As it is now, and told to who looks at it. */
async function changed(ctx: Ctx, { id, modelId, name, version }: ModelVersion): Promise<ModelVersion> {
  rang(ctx, modelId)
  const [row] = await readVersions(ctx.db, [id])
  if (!row) throw unknownVersion(name, version)
  return row
}

const versionsTag = 'mlflow.modelVersions'

/** Where MLflow's pages look which versions a logged model became. */
async function tellLoggedModel(ctx: Ctx, { name, version, loggedModel }: ModelVersion): Promise<void> {
  const [model] = loggedModel ? await findModels(ctx.db, [loggedModel]) : []
  if (!model || !may(ctx.ability, 'edit', securableOfLogged(model))) return
  let known: unknown
  try {
    known = JSON.parse(model.tags[versionsTag] ?? '[]')
  } catch {
    known = []
  }
  const list = [...(Array.isArray(known) ? known : []), { name, version }]
  await setModelTags(ctx.db, model.id, { [versionsTag]: JSON.stringify(list) })
}

export const createModelVersion = operation({
  name: 'model-version.create',
  input: z.object({
    name: modelName,
    source: required.max(2000),
    runId: limitedText('run_id', 250),
    modelId: limitedText('model_id', 250),
    runLink: limitedText('run_link', 2000),
    tags,
    description,
  }),
  action: 'edit',
  on: onModel,
  async run(ctx, { source, runId, modelId, runLink = '', tags, description }, model): Promise<ModelVersion> {
    const found = await findSource(ctx, { source, runId, modelId, isPrompt: isPrompt(tags) })
    const createdBy = ctx.actor.name
    const made = await inTransaction(ctx, async (tx) => {
      const version = await insertVersion(tx, { modelId: model.id, ...found, runLink, tags, description, createdBy, createdAt: Date.now() })
      if (version)
        await record(tx, ctx, {
          ...{ kind: 'VERSION_CREATED', model: { id: model.id, name: version.name }, version: version.version, to: version.stage },
          data: { source: found.source, run: found.run, loggedModel: found.loggedModel, tags, description },
        })
      return version
    })
    if (!made) throw unknownModel(model.name)
    await tellLoggedModel(ctx, made)
    rang(ctx, model.id)
    return made
  },
})

export const getModelVersion = operation({
  name: 'model-version.get',
  input: z.object({ name: modelName, version: versionNumber }),
  action: 'read',
  on: onVersion,
  run: (_ctx, _, version): ModelVersion => version,
})

export const updateModelVersion = operation({
  name: 'model-version.update',
  input: z.object({ name: modelName, version: versionNumber, description }),
  action: 'edit',
  on: onVersion,
  state: versionState,
  async run(ctx, { description }, version): Promise<ModelVersion> {
    await change(ctx, version, async (tx, before) => {
      await describeVersion(tx, version.id, description, Date.now())
      if (before.description !== description) await cardChanged(tx, version.modelId, version.id)
      return { kind: 'VERSION_DESCRIBED', from: before.description, to: description }
    })
    return changed(ctx, version)
  },
})

export const deleteModelVersion = operation({
  name: 'model-version.delete',
  input: z.object({ name: modelName, version: versionNumber }),
  action: 'delete',
  on: onVersion,
  state: versionState,
  async run(ctx, _, version): Promise<ModelVersion> {
    const isDone = await change(ctx, version, async (tx, before) => {
      await holdModel(tx, version.modelId, Date.now())
      await deleteVersion(tx, version.id)
      // Others may have been measured against it.
      await movedUnder(tx, version.modelId)
      return { kind: 'VERSION_DELETED', from: before.stage }
    })
    if (!isDone) throw unknownVersion(version.name, version.version)
    rang(ctx, version.modelId)
    await conditionsChanged(ctx, version.workspaceId)
    return version
  },
})

/** Where its files are. */
export const getDownloadUri = operation({
  name: 'model-version.get-download-uri',
  input: z.object({ name: modelName, version: versionNumber }),
  action: 'read',
  on: onVersion,
  run: (_ctx, _, { location }): string => location,
})

export const setModelVersionTag = operation({
  name: 'model-version.set-tag',
  input: tag.extend({ name: modelName, version: versionNumber }),
  action: 'edit',
  on: onVersion,
  state: versionState,
  async run(ctx, { key, value }, version): Promise<ModelVersion> {
    await change(ctx, version, async (tx, before) => {
      await setVersionTag(tx, version.id, key, value)
      return { kind: 'VERSION_TAG_SET', from: before.tags[key] ?? null, to: value, data: { key } }
    })
    return changed(ctx, version)
  },
})

/** A tag that is not there is as good as deleted, as it is to MLflow. */
export const deleteModelVersionTag = operation({
  name: 'model-version.delete-tag',
  input: z.object({ name: modelName, version: versionNumber, key }),
  action: 'edit',
  on: onVersion,
  state: versionState,
  async run(ctx, { key }, version): Promise<ModelVersion> {
    await change(ctx, version, async (tx, before) => {
      if (before.tags[key] === undefined) return undefined
      await deleteVersionTag(tx, version.id, key)
      return { kind: 'VERSION_TAG_DELETED', from: before.tags[key], data: { key } }
    })
    return changed(ctx, version)
  },
})

/** The highest version of each stage asked for, or of each. */
export const getLatestVersions = operation({
  name: 'registered-model.get-latest-versions',
  input: z.object({ name: modelName, stages: z.array(anyText).nullish() }),
  action: 'read',
  on: onModel,
  async run(ctx, { stages }, model): Promise<ModelVersion[]> {
    const policy = await policyOf(ctx.db, model.workspaceId, model.id)
    const wanted = stages?.map((stage) => stageNamed(stage, policy.stages))
    const found = (await latestOf(ctx, model)).sort((a, b) => stageOrder(a.stage, policy.stages) - stageOrder(b.stage, policy.stages))
    return wanted?.length ? found.filter(({ stage }) => wanted.includes(stage)) : found
  },
})

const comment = limitedText('comment', 65_535)

/** Its own stage, and of those that may be archived for it, as the audit log has them. */
async function stagesState(ctx: Ctx, _: unknown, { id, modelId }: ModelVersion) {
  const [version] = await readVersions(ctx.db, [id])
  return version
    ? { stage: version.stage, latest: (await latestVersions(ctx.db, [modelId])).map((it) => `${it.version} ${it.stage}`) }
    : null
}

export const transitionStage = operation({
  name: 'model-version.transition-stage',
  input: z.object({ name: modelName, version: versionNumber, stage: required, archiveExistingVersions: z.boolean().nullish(), comment }),
  action: 'move',
  on: onMove,
  state: stagesState,
  async run(ctx, { stage, archiveExistingVersions, comment = '' }, version): Promise<ModelVersion> {
    const { stages } = await policyOf(ctx.db, version.workspaceId, version.modelId)
    const to = stageNamed(stage, stages)
    const archiveOthers = archiveExistingVersions ?? false
    if (archiveOthers) checkArchives(to, stages)
    const { done } = await move(ctx, { kind: 'stage', model: version.modelId, version, to, archiveOthers, comment })
    if (!done) throw unknownVersion(version.name, version.version)
    return changed(ctx, version)
  },
})

export const setModelAlias = operation({
  name: 'registered-model.set-alias',
  input: z.object({ name: modelName, alias: newAlias, version: versionNumber }),
  action: 'move',
  on: onMove,
  state: modelState,
  async run(ctx, { alias }, version): Promise<ModelVersion> {
    const { done } = await move(ctx, { kind: 'alias', model: version.modelId, alias, to: version })
    if (!done) throw unknownVersion(version.name, version.version)
    return changed(ctx, version)
  },
})

/** An alias that is not there is as good as deleted, as it is to MLflow. */
export const deleteModelAlias = operation({
  name: 'registered-model.delete-alias',
  input: z.object({ name: modelName, alias: aliasName }),
  action: 'move',
  on: onAlias,
  state: modelState,
  async run(ctx, { alias }, model): Promise<void> {
    await move(ctx, { kind: 'alias', model: model.id, alias, to: null })
  },
})

export const getVersionByAlias = operation({
  name: 'registered-model.get-by-alias',
  input: z.object({ name: modelName, alias: aliasName }),
  action: 'read',
  on: onModel,
  run: (ctx, { alias }, model): Promise<ModelVersion> => aliased(ctx, model, alias),
})
