/** What the registry's operations act on: a registered model by its name, a version by its number or by what stands for one. */
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { policyOf } from '../gates/effective.ts'
import { check, type Target } from '../operation.ts'
import { findAliased, findVersion, latestVersions, type ModelVersion, readVersions } from './model-versions.sql.ts'
import { champion, latest } from './names.ts'
import { findModel, type RegisteredModel, readModels } from './registered-models.sql.ts'
import type { ModelUri } from './source.ts'
import { production, stageNamed } from './stages.ts'

/** What permission on a model and its versions is asked of. */
export const securableOf = ({ workspaceId, ...it }: { workspaceId: number } & ({ modelId: number } | { id: number })) =>
  ({ kind: 'RegisteredModel', id: 'modelId' in it ? it.modelId : it.id, workspaceId }) as const

export const unknownModel = (name: string) => notFound(`Registered Model with name=${name} not found`)
export const unknownVersion = (name: string, version: number) => notFound(`Model Version (name=${name}, version=${version}) not found`)

/** Throws where there is no such model in this workspace. */
export async function modelTarget(ctx: Ctx, name: string): Promise<Target<RegisteredModel>> {
  const row = await findModel(ctx.db, ctx.workspace.id, name)
  if (!row) throw unknownModel(name)
  return { securable: securableOf(row), row, unseen: () => unknownModel(name) }
}

export const onModel = (ctx: Ctx, { name }: { name: string }) => modelTarget(ctx, name)

export async function onVersion(ctx: Ctx, { name, version }: { name: string; version: number }): Promise<Target<ModelVersion>> {
  const row = await findVersion(ctx.db, ctx.workspace.id, name, version)
  if (!row) throw unknownVersion(name, version)
  return { securable: securableOf(row), row, unseen: () => unknownVersion(name, version) }
}

/** A version that is to come into a stage, as whoever asks says it; or an alias that is to be set on it. */
export async function onMove(
  ctx: Ctx,
  { name, version, ...to }: { name: string; version: number } & ({ stage: string } | { alias: string }),
) {
  const target = await onVersion(ctx, { name, version })
  const places = 'stage' in to ? [target.row.stage, to.stage] : [`@${to.alias}`]
  return { ...target, securable: { ...securableOf(target.row), places } }
}

/** An alias that is to be taken away. */
export async function onAlias(ctx: Ctx, { name, alias }: { name: string; alias: string }) {
  const target = await modelTarget(ctx, name)
  return { ...target, securable: { ...securableOf(target.row), places: [`@${alias}`] } }
}

/** A model as the audit log has it. */
export async function modelState(ctx: Ctx, _: unknown, it: { id: number } | { modelId: number }) {
  const [model] = await readModels(ctx.db, ['modelId' in it ? it.modelId : it.id])
  if (!model) return null
  const { name, description, tags, aliases } = model
  return { name, description, tags, aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])) }
}

/** A version as the audit log has it. */
export async function versionState(ctx: Ctx, _: unknown, { id }: { id: number }) {
  const [version] = await readVersions(ctx.db, [id])
  return version ? { stage: version.stage, description: version.description, tags: version.tags } : null
}

/** The highest version in each stage of a model, by stage and then by number. */
export const latestOf = (ctx: Ctx, { id }: RegisteredModel) => latestVersions(ctx.db, [id])

/** The version of a model that an alias stands for; `latest` is the highest there is. Throws as MLflow does. */
export async function aliased(ctx: Ctx, model: RegisteredModel, alias: string): Promise<ModelVersion> {
  if (alias.toLowerCase() === latest) {
    const highest = (await latestOf(ctx, model)).at(-1)
    if (!highest) throw notFound(`Latest version not found for model ${model.name}.`)
    return highest
  }
  const found = await findAliased(ctx.db, model.id, alias)
  if (!found) throw invalid(`Registered model alias ${alias} not found.`, 'alias')
  return found
}

/** What a `models:/` URI of a version stands for, where it may be read. */
export async function versionAt(
  ctx: Ctx,
  { name, by, which }: Extract<ModelUri, { name: string }>,
): Promise<{ model: RegisteredModel; version: ModelVersion }> {
  const target = await modelTarget(ctx, name)
  check(ctx, 'read', target)
  const { row: model } = target
  if (by === 'alias' || by === 'latest') return { model, version: await aliased(ctx, model, by === 'latest' ? latest : which) }
  if (by === 'version') return { model, version: (await onVersion(ctx, { name, version: Number(which) })).row }
  const { stages } = await policyOf(ctx.db, model.workspaceId, model.id)
  const stage = stageNamed(which, stages)
  const version = (await latestOf(ctx, model)).find((each) => each.stage === stage)
  if (!version) throw notFound(`No versions of model with name '${name}' and stage '${stage}' found`)
  return { model, version }
}

/** What other versions of a model are measured against: what the alias `champion` stands for, else the highest in Production. */
export async function championOf(ctx: Ctx, model: RegisteredModel): Promise<ModelVersion | null> {
  const named = await findAliased(ctx.db, model.id, champion)
  return named ?? (await latestOf(ctx, model)).find(({ stage }) => stage === production) ?? null
}
