/**
 * Artifacts are the files of runs and models. There is no table of them: the store is the only truth. A path belongs to
 * the experiment whose location it is below, and permission is asked of that experiment.
 *
 * Always true: nothing is written but below the artifact root of a run, `<location>/<run>/artifacts`, or of a model,
 * `<location>/models/<model>/artifacts`, so every file has an owner. A deleted run's files can be read and deleted, not added to.
 */
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type { FileInfo, Range, StoredFile } from '@tidegate/plugin'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { type ExperimentRoot, findExperimentRoot, findExperimentRoots, findRunRoots, isPurged, type RunRoot } from './owner.sql.ts'
import { cleanPath } from './path.ts'
import { type Place, proxiedPath } from './store.ts'

/** Where an artifact is, and which run it is of. */
interface Spot {
  place: Place
  /** As the caller named it, clean. */
  path: string
  /** Undefined where it is a model's. */
  run?: RunRoot
}

const proxiedRoot = 'mlflow-artifacts:/'
/** A model's artifact root, and what is below it. */
const modelPath = /(?:^|\/)models\/(m-[0-9a-f]{32})\/artifacts(\/.*)?$/s
const isWithin = (path: string, root: string | undefined) => root !== undefined && (path === root || path.startsWith(`${root}/`))

const target = (ctx: Ctx, owner: ExperimentRoot, spot: Spot): Target<Spot> | undefined =>
  owner.workspaceId === ctx.workspace.id
    ? { securable: { kind: 'Experiment', id: owner.experimentId, workspaceId: owner.workspaceId }, row: spot }
    : undefined

/** The run whose artifact root a path is in: the outermost, where roots are nested. */
async function runAround(ctx: Ctx, path: string): Promise<RunRoot | undefined> {
  const uuids = path.split('/').filter((segment) => /^[0-9a-f]{32}$/.test(segment))
  if (!uuids.length) return undefined
  const runs = (await findRunRoots(ctx.db, uuids)).filter((run) => isWithin(path, proxiedPath(run.artifactUri)))
  return runs.sort((a, b) => a.artifactUri.length - b.artifactUri.length)[0]
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
  const run = await runAround(ctx, path)
  const owner = run ?? (await experimentAround(ctx, path))
  const found = owner && target(ctx, owner, run ? { ...spot, run } : spot)
  if (!found) throw notFound(`No experiment has its artifacts at '${path}'.`)
  return found
}

/** The same for what changes files. */
async function onWritablePath(ctx: Ctx, input: { path: string }): Promise<Target<Spot>> {
  const found = await onPath(ctx, input)
  if (!found.row.run && !modelPath.test(found.row.path)) {
    throw notFound(`No run and no model has its artifacts at '${found.row.path}'. They are below <experiment>/<run id>/artifacts.`)
  }
  return found
}

/** `path` among a run's artifacts, wherever the experiment keeps them. */
async function onRun(ctx: Ctx, { runId, path: raw }: { runId: string; path: string }): Promise<Target<Spot>> {
  const path = cleanPath(raw)
  const [run] = await findRunRoots(ctx.db, [runId])
  if (run?.workspaceId !== ctx.workspace.id) throw notFound(`Run with id=${runId} not found`)
  return target(ctx, run, { path, run, place: ctx.artifacts.locate(run.artifactUri, path) })!
}

// Whatever else is wrong with it, `cleanPath` says.
const path = z.string().min(1)
const anyPath = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const upload = { path, body: z.instanceof(Readable), size: z.int().min(0).optional() }

/** Writes all of a body, or nothing. */
async function put(ctx: Ctx, { body, size }: { body: Readable; size?: number | undefined }, { place, path, run }: Spot): Promise<void> {
  if (run && run.deletedAt !== null) throw invalid(`The run ${run.uuid} must be in the 'active' state. Current state is deleted.`)
  const isRoot = run ? place.key === ctx.artifacts.locate(run.artifactUri).key : !modelPath.exec(path)?.[2]
  if (isRoot) throw invalid(`Invalid path: '${path}' is a folder. Add the file's name.`, 'path')
  await ctx.artifacts.put(place, body, { size, signal: ctx.signal })
  // A purge that began since may have looked for files before this one was there.
  const model = modelPath.exec(path)?.[1]
  const gone = run ? !(await findRunRoots(ctx.db, [run.uuid])).length : model !== undefined && (await isPurged(ctx.db, model))
  if (!gone) return
  await ctx.artifacts.delete(place)
  throw notFound(`${run ? `Run with id=${run.uuid}` : `Model with id=${model}`} was purged meanwhile: nothing is kept.`)
}

export const putArtifact = operation({
  name: 'artifact.put',
  input: z.object(upload),
  action: 'edit',
  on: onWritablePath,
  run: put,
})

export const putRunArtifact = operation({
  name: 'artifact.put-of-run',
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

export interface RunArtifact {
  /** Relative to the run's artifact root. */
  path: string
  isDirectory: boolean
  /** Bytes; null for a folder. */
  size: number | null
  /** Where this server gives it out; null for a folder. */
  url: string | null
}

/** One level of a run's files, sorted by path. */
export const runArtifacts = operation({
  name: 'artifact.list-of-run',
  input: z.object({ runId: required, path: anyPath }),
  action: 'read',
  on: onRun,
  async run(ctx, { runId }, { place, path: folder, run }): Promise<{ rootUri: string; files: RunArtifact[] }> {
    const files = (await ctx.artifacts.list(place)).map(({ name, size }): RunArtifact => {
      const path = posix.join(folder, name)
      const url = size === null ? null : `/get-artifact?${new URLSearchParams({ run_id: runId, path })}`
      return { path, isDirectory: size === null, size, url }
    })
    return { rootUri: run!.artifactUri, files }
  },
})

/** Deletes a file, or a folder with all that is in it; nothing is fine too. */
export const deleteArtifact = operation({
  name: 'artifact.delete',
  input: z.object({ path }),
  action: 'edit',
  on: onWritablePath,
  run: (ctx, _, { place }) => ctx.artifacts.delete(place),
})
