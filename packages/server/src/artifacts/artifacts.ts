/**
 * Artifacts are the files of runs and models. There is no table of them: the store is the only truth. A path belongs to
 * the experiment whose location it is below, and permission is asked of that experiment.
 *
 * Always true: nothing is written but below the artifact root of a run, `<location>/<run>/artifacts`, or of a model,
 * `<location>/models/<model>/artifacts`, so every file has an owner. A deleted one's files can be read and deleted, not added to.
 */
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type { FileInfo, Range, StoredFile } from '@tidegate/plugin'
import { z } from 'zod'
import { may } from '../access.ts'
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { type ExperimentRoot, findExperimentRoot, findExperimentRoots, findModelRoots, findRunRoots, type OwnerRoot } from './owner.sql.ts'
import { cleanPath } from './path.ts'
import { type Place, proxiedPath } from './store.ts'

/** Where an artifact is, and what it is of. */
export interface Spot {
  place: Place
  /** As the caller named it, clean. */
  path: string
  /** The run or the model. Undefined outside of all of them: there is nothing but folders. */
  owner?: OwnerRoot
}

const proxiedRoot = 'mlflow-artifacts:/'
const runId = /^[0-9a-f]{32}$/
const modelId = /^m-[0-9a-f]{32}$/
const isWithin = (path: string, root: string | undefined) => root !== undefined && (path === root || path.startsWith(`${root}/`))

const target = (ctx: Ctx, owner: ExperimentRoot, spot: Spot): Target<Spot> | undefined =>
  owner.workspaceId === ctx.workspace.id
    ? { securable: { kind: 'Experiment', id: owner.experimentId, workspaceId: owner.workspaceId }, row: spot }
    : undefined

const isRun = ({ uuid }: OwnerRoot) => runId.test(uuid)

const maySee = (ctx: Ctx, { workspaceId, experimentId }: ExperimentRoot) =>
  workspaceId === ctx.workspace.id && may(ctx.ability, 'read', { kind: 'Experiment', id: experimentId, workspaceId })

/** The runs and models of these ids; what can be no id is passed over. */
async function findOwners(ctx: Ctx, ids: string[]): Promise<OwnerRoot[]> {
  const [runs, models] = [ids.filter((id) => runId.test(id)), ids.filter((id) => modelId.test(id))]
  return [...(runs.length ? await findRunRoots(ctx.db, runs) : []), ...(models.length ? await findModelRoots(ctx.db, models) : [])]
}

/** The run or model that may be seen and whose artifact root a path is in: the outermost, where roots are nested. */
async function ownerAround(ctx: Ctx, path: string): Promise<OwnerRoot | undefined> {
  return (await findOwners(ctx, path.split('/')))
    .filter((owner) => isWithin(path, proxiedPath(owner.artifactUri)) && maySee(ctx, owner))
    .sort((a, b) => a.artifactUri.length - b.artifactUri.length)[0]
}

/** The experiment whose location a path is in. */
async function experimentAround(ctx: Ctx, path: string): Promise<ExperimentRoot | undefined> {
  const [first] = path.split('/') as [string]
  // Numbered folders are the experiments' own: `checkLocation` gives them to nobody else.
  if (/^\d+$/.test(first)) {
    const [experiment] = first.length < 10 ? await findExperimentRoot(ctx.db, Number(first)) : []
    return experiment && isWithin(path, proxiedPath(experiment.artifactUri)) ? experiment : undefined
  }
  const prefixes = path.split('/').map((_, i, segments) => segments.slice(0, i + 1).join('/'))
  return (await findExperimentRoots(ctx.db, prefixes))[0]
}

/** What a path below `mlflow-artifacts:/` belongs to. Throws where it belongs to nothing in this workspace. */
async function onPath(ctx: Ctx, { path: raw }: { path: string }): Promise<Target<Spot>> {
  const path = cleanPath(raw)
  const spot = { path, place: ctx.artifacts.locate(proxiedRoot, path) }
  const owner = await ownerAround(ctx, path)
  const around = owner ?? (await experimentAround(ctx, path))
  const found = around && maySee(ctx, around) && target(ctx, around, owner ? { ...spot, owner } : spot)
  const unseen = () => notFound(`No experiment has its artifacts at '${path}'.`)
  if (!found) throw unseen()
  return { ...found, unseen }
}

/** The same for what changes files. */
async function onWritablePath(ctx: Ctx, input: { path: string }): Promise<Target<Spot>> {
  const found = await onPath(ctx, input)
  if (!found.row.owner) {
    throw notFound(`No run and no model has its artifacts at '${found.row.path}'. They are below <experiment>/<run id>/artifacts.`)
  }
  return found
}

/** `path` among a run's artifacts, wherever the experiment keeps them. */
export async function onRun(ctx: Ctx, { runId, path: raw }: { runId: string; path: string }): Promise<Target<Spot>> {
  const path = cleanPath(raw)
  const [run] = await findRunRoots(ctx.db, [runId])
  if (run?.workspaceId !== ctx.workspace.id) throw notFound(`Run with id=${runId} not found`)
  const found = target(ctx, run, { path, owner: run, place: ctx.artifacts.locate(run.artifactUri, path) })!
  return { ...found, unseen: () => notFound(`Run with id=${runId} not found`) }
}

/** `path` among a logged model's artifacts. Those of a deleted one can be found no more. */
export async function onModel(ctx: Ctx, { modelId, path: raw }: { modelId: string; path: string }): Promise<Target<Spot>> {
  const path = cleanPath(raw)
  const [model] = await findModelRoots(ctx.db, [modelId])
  if (model?.workspaceId !== ctx.workspace.id || model.deletedAt !== null) throw notFound(`Logged model with ID '${modelId}' not found.`)
  const found = target(ctx, model, { path, owner: model, place: ctx.artifacts.locate(model.artifactUri, path) })!
  return { ...found, unseen: () => notFound(`Logged model with ID '${modelId}' not found.`) }
}

// Whatever else is wrong with it, `cleanPath` says.
const path = z.string().min(1)
const anyPath = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const upload = { path, body: z.instanceof(Readable), size: z.int().min(0).optional() }

/** Writes all of a body, or nothing. */
async function put(ctx: Ctx, { body, size }: { body: Readable; size?: number | undefined }, { place, path, owner }: Spot): Promise<void> {
  if (owner && owner.deletedAt !== null) {
    throw invalid(`The ${isRun(owner) ? 'run' : 'model'} ${owner.uuid} must be in the 'active' state. Current state is deleted.`)
  }
  if (owner && place.key === ctx.artifacts.locate(owner.artifactUri).key) {
    throw invalid(`Invalid path: '${path}' is a folder. Add the file's name.`, 'path')
  }
  await ctx.artifacts.put(place, body, { size, signal: ctx.signal })
  if (!owner || (await findOwners(ctx, [owner.uuid])).length) return
  // A purge that began since may have looked for files before this one was there.
  await ctx.artifacts.delete(place)
  throw notFound(`${isRun(owner) ? `Run with id=${owner.uuid}` : `Model with id=${owner.uuid}`} was purged meanwhile: nothing is kept.`)
}

export const putArtifact = operation({
  name: 'artifact.put',
  quiet: true,
  input: z.object(upload),
  action: 'edit',
  on: onWritablePath,
  run: put,
})

export const putRunArtifact = operation({
  name: 'artifact.put-of-run',
  quiet: true,
  input: z.object({ runId: required, ...upload }),
  action: 'edit',
  on: onRun,
  run: put,
})

/** A file that may be read. */
export interface ReadableArtifact extends FileInfo {
  /** Its last segment. */
  name: string
  /** Its bytes, or some of them, as it is by now: `version` tells. Throws where it was deleted since. */
  open(range?: Range): Promise<StoredFile>
}

async function readable(ctx: Ctx, { place, path }: Spot): Promise<ReadableArtifact> {
  const gone = () => notFound(`No such artifact: '${path}'`)
  const info = await ctx.artifacts.stat(place)
  if (!info) {
    if ((await ctx.artifacts.list(place)).length) throw invalid(`Artifact path refers to a directory, not a file: '${path}'`, 'path')
    throw gone()
  }
  return {
    ...info,
    name: posix.basename(path),
    async open(range) {
      const file = await ctx.artifacts.get(place, { range, signal: ctx.signal })
      if (!file) throw gone()
      return file
    },
  }
}

export const getArtifact = operation({
  name: 'artifact.get',
  input: z.object({ path }),
  action: 'read',
  on: onPath,
  run: (ctx, _, spot) => readable(ctx, spot),
})

export const getRunArtifact = operation({
  name: 'artifact.get-of-run',
  input: z.object({ runId: required, path }),
  action: 'read',
  on: onRun,
  run: (ctx, _, spot) => readable(ctx, spot),
})

/** One level below a path: names without their folder. */
export const listArtifacts = operation({
  name: 'artifact.list',
  input: z.object({ path: anyPath }),
  action: 'read',
  on: onPath,
  run: (ctx, _, { place }) => ctx.artifacts.list(place),
})

export const getModelArtifact = operation({
  name: 'artifact.get-of-model',
  input: z.object({ modelId: required, path }),
  action: 'read',
  on: onModel,
  run: (ctx, _, spot) => readable(ctx, spot),
})

export interface OwnedArtifact {
  /** Relative to the artifact root of its run or model. */
  path: string
  isDirectory: boolean
  /** Bytes; null for a folder. */
  size: number | null
  /** Where this server gives it out; null for a folder. */
  url: string | null
}

/** One level below a place, sorted by path. `urlOf` says where a file is given out. */
async function owned(ctx: Ctx, { place, path: folder, owner }: Spot, urlOf: (path: string) => string) {
  const files = (await ctx.artifacts.list(place)).map(({ name, size }): OwnedArtifact => {
    const path = posix.join(folder, name)
    return { path, isDirectory: size === null, size, url: size === null ? null : urlOf(path) }
  })
  return { rootUri: owner!.artifactUri, files }
}

/** One level of a run's files. */
export const runArtifacts = operation({
  name: 'artifact.list-of-run',
  input: z.object({ runId: required, path: anyPath }),
  action: 'read',
  on: onRun,
  run: (ctx, { runId: run_id }, spot) => owned(ctx, spot, (path) => `/get-artifact?${new URLSearchParams({ run_id, path })}`),
})

/** One level of a logged model's files. */
export const modelArtifacts = operation({
  name: 'artifact.list-of-model',
  input: z.object({ modelId: required, path: anyPath }),
  action: 'read',
  on: onModel,
  run: (ctx, { modelId }, spot) =>
    owned(
      ctx,
      spot,
      (path) => `/ajax-api/2.0/mlflow/logged-models/${modelId}/artifacts/files?${new URLSearchParams({ artifact_file_path: path })}`,
    ),
})

/** Deletes a file, or a folder with all that is in it; nothing is fine too. */
export const deleteArtifact = operation({
  name: 'artifact.delete',
  input: z.object({ path }),
  action: 'edit',
  on: onWritablePath,
  run: (ctx, _, { place }) => ctx.artifacts.delete(place),
})
