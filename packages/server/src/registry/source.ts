/**
 * What a version is made of: a folder of a run, a logged model, a version of another model, or a URI of a store that we don't know. MLflow's
 * rules, because a source that says it is of one run and lies in another would lend a version what it has not got.
 *
 * Always true: what lies in our own store may be read by who registers it; and where a version's files are is found now, once, so that it
 * stays true when what it was copied from is renamed or deleted.
 */
import { posix } from 'node:path'
import { findRunRoots, type OwnerRoot } from '../artifacts/owner.sql.ts'
import { decodeLeniently } from '../artifacts/path.ts'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { modelTarget as loggedModelTarget } from '../models/logged-models.ts'
import { check } from '../operation.ts'
import { runTarget } from '../runs/runs.ts'
import { versionAt } from './targets.ts'

export interface Asked {
  source: string
  /** Undefined where it was not said. */
  runId: string | undefined
  modelId: string | undefined
  isPrompt: boolean
}

export interface Found {
  source: string
  /** Where the files are. */
  location: string
  /** '' for none. */
  run: string
  loggedModel: string
}

/** What MLflow's clients say where a prompt has no files. */
const promptSources = ['dummy-source', 'prompt-template']

const wrong = (source: string, why: string) => invalid(`Invalid model version source: '${source}'. ${why}`, 'source')
const notOf = (source: string, field: 'run_id' | 'model_id') =>
  wrong(source, `The ${field} request parameter must identify the resource that contains the source.`)

/** A URI as Python's urlparse takes it apart. */
export function partsOf(uri: string): { scheme: string; host: string; path: string } {
  const [, scheme = '', , host = '', path = ''] = /^(?:([a-z][a-z0-9+.-]*):)?(\/\/([^/?#]*))?([^?#]*)/i.exec(uri)!
  return { scheme: scheme.toLowerCase(), host, path }
}

/** What comes to another place than it says. MLflow's clients and ours follow such a path. */
function checkPath(source: string): void {
  let plain = source
  for (let round = 0; round < 10; round++) {
    const next = decodeLeniently(plain.replaceAll('+', ' '))
    if (next === plain) break
    plain = next
  }
  const path = partsOf(plain).path.replace(/\/+$/, '').replace(/\/+/g, '/')
  if (plain.includes('\0') || plain.split('/').includes('..') || posix.resolve('/', path) !== path || path === '')
    throw wrong(
      source,
      'If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.',
    )
}

const segments = (path: string) =>
  path
    .split('/')
    .filter(Boolean)
    .map((part) => decodeLeniently(part))

/** Whether a URI lies in the folder of another. */
export function isWithin(uri: string, root: string): boolean {
  const [inner, outer] = [partsOf(uri), partsOf(root)]
  const [path, base] = [segments(inner.path), segments(outer.path)]
  return inner.scheme === outer.scheme && inner.host === outer.host && base.length > 0 && base.every((part, i) => part === path[i])
}

/** Whether it is in our own store, as clients reach it. */
const isOurs = (source: string): boolean => {
  const { scheme, path } = partsOf(source)
  return (
    scheme === 'mlflow-artifacts' ||
    (/^https?$/.test(scheme) && `/${segments(path).join('/')}/`.includes('/api/2.0/mlflow-artifacts/artifacts/'))
  )
}

/** What `models:/` means: a logged model, or a version of a registered one. */
export type ModelUri = { id: string } | { name: string; by: 'version' | 'stage' | 'alias' | 'latest'; which: string }

/** Undefined where it means nothing. */
export function parseModelUri(uri: string): ModelUri | undefined {
  const { scheme, host, path } = partsOf(uri)
  if (scheme !== 'models' || host || !path.startsWith('/')) return undefined
  const [name = '', which, ...more] = path.slice(1).split('/')
  if (more.length || name.trim() === '' || which?.trim() === '') return undefined
  if (which !== undefined) {
    if (/^\d+$/.test(which)) return { name, by: 'version', which }
    return which.toLowerCase() === 'latest' ? { name, by: 'latest', which } : { name, by: 'stage', which }
  }
  const at = name.lastIndexOf('@')
  if (at < 0) return { id: name }
  return name.slice(at + 1).trim() ? { name: name.slice(0, at), by: 'alias', which: name.slice(at + 1) } : undefined
}

/** Judges a source, and finds what it stands for. Throws INVALID_PARAMETER_VALUE, or what is not found. */
export async function findSource(ctx: Ctx, asked: Asked): Promise<Found> {
  const { source, isPrompt } = asked
  if (isPrompt) {
    if (!promptSources.includes(source))
      throw invalid(`Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`, 'source')
    return { source, location: source, run: asked.runId ?? '', loggedModel: asked.modelId ?? '' }
  }
  const { scheme, host } = partsOf(source)
  const uri = parseModelUri(source)
  if (scheme === 'models' && !uri)
    throw host ? wrong(source, 'Registered model sources must use the active model registry.') : notOf(source, 'model_id')
  if (uri && !('id' in uri)) return ofVersion(ctx, asked, uri)
  return asked.modelId ? ofLoggedModel(ctx, { ...asked, modelId: asked.modelId }) : ofRun(ctx, asked)
}

/** A copy: of the same files, the same run, the same logged model. */
async function ofVersion(ctx: Ctx, { source, runId, modelId }: Asked, uri: Extract<ModelUri, { name: string }>): Promise<Found> {
  const { model, version } = await versionAt(ctx, uri)
  if (model.isPrompt) throw wrong(source, 'Prompt versions cannot be used as model version sources.')
  if ((runId !== undefined && runId !== version.run) || (modelId !== undefined && modelId !== version.loggedModel))
    throw wrong(source, 'The run_id and model_id request parameters must match the referenced model version.')
  const { location, run, loggedModel } = version
  return { source: `models:/${model.name}/${version.version}`, location, run, loggedModel }
}

async function ofLoggedModel(ctx: Ctx, { source, runId, modelId }: Asked & { modelId: string }): Promise<Found> {
  checkLocal(source, 'model_id')
  checkPath(source)
  const { scheme } = partsOf(source)
  const uri = parseModelUri(source)
  if (scheme === 'runs' || (uri && 'id' in uri && uri.id !== modelId)) throw notOf(source, 'model_id')
  const target = await loggedModelTarget(ctx, modelId)
  check(ctx, 'read', target)
  const { row } = target
  if (isOurs(source) && !isWithin(source, row.artifactUri)) throw notOf(source, 'model_id')
  return { source, location: uri ? row.artifactUri : source, run: runId || row.sourceRun, loggedModel: row.uuid }
}

async function ofRun(ctx: Ctx, { source, runId }: Asked): Promise<Found> {
  checkLocal(source, 'run_id')
  checkPath(source)
  const { scheme, host, path } = partsOf(source)
  const found = { source, location: source, run: runId ?? '', loggedModel: '' }
  if (scheme === 'models') throw notOf(source, 'model_id')
  // Whether there is such a run, and files in it, is found out when they are asked for.
  if (scheme === 'runs' && (host || !runId || path.split('/')[1] !== runId)) throw notOf(source, 'run_id')
  if (!isOurs(source)) return found
  const run = runId ? await readableRun(ctx, runId) : undefined
  if (!run || !isWithin(source, run.artifactUri)) throw notOf(source, 'run_id')
  return found
}

/** A path of the server's own disk is nobody's to name. */
function checkLocal(source: string, field: 'run_id' | 'model_id'): void {
  const { scheme } = partsOf(source)
  if (scheme !== '' && scheme !== 'file') return
  throw wrong(
    source,
    `To use a local path as a model version source, the ${field} request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the ${field}.`,
  )
}

/** The run, where there is one that may be read. */
async function readableRun(ctx: Ctx, uuid: string): Promise<OwnerRoot | undefined> {
  if (uuid.includes('\0')) return undefined
  const [run] = await findRunRoots(ctx.db, [uuid])
  if (run?.workspaceId !== ctx.workspace.id) return undefined
  try {
    check(ctx, 'read', await runTarget(ctx, uuid))
    return run
  } catch {
    return undefined
  }
}
