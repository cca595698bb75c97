/** The files of a version: one of them, a level of them, and what MLflow wrote of the model in MLmodel. They are its run's or its logged model's. */
import { z } from 'zod'
import {
  getArtifact,
  getModelArtifact,
  getRunArtifact,
  listArtifacts,
  modelArtifacts,
  type OwnedArtifact,
  type ReadableArtifact,
  runArtifacts,
} from '../artifacts/artifacts.ts'
import { findRunRoots } from '../artifacts/owner.sql.ts'
import { proxiedPath } from '../artifacts/store.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../errors.ts'
import { text } from '../fields.ts'
import { findModels } from '../models/logged-models.sql.ts'
import { call, operation } from '../operation.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import type { ModelVersion } from './model-versions.sql.ts'
import { modelName, versionNumber } from './names.ts'
import { isWithin, partsOf } from './source.ts'
import { onVersion } from './targets.ts'

/** Where a version's files are, as one of the doors to files takes it. Undefined where they are in a store that we don't know. */
async function filesOf(
  ctx: Ctx,
  { location, run, loggedModel }: ModelVersion,
): Promise<{ modelId: string; path: string } | { runId: string; path: string } | { path: string } | undefined> {
  const [model] = loggedModel ? await findModels(ctx.db, [loggedModel]) : []
  if (model && model.workspaceId === ctx.workspace.id && isWithin(location, model.artifactUri))
    return { modelId: model.uuid, path: rest(location, model.artifactUri) }
  const [root] = run ? await findRunRoots(ctx.db, [run]) : []
  if (root?.workspaceId === ctx.workspace.id && isWithin(location, root.artifactUri))
    return { runId: run, path: rest(location, root.artifactUri) }
  const { scheme, path } = partsOf(location)
  if (scheme === 'runs') return { runId: run, path: path.split('/').slice(2).join('/') }
  const below = proxiedPath(location)
  return below === undefined ? undefined : { path: below }
}

const rest = (uri: string, root: string) => uri.slice(root.replace(/\/+$/, '').length).replace(/^\/+|\/+$/g, '')

/** A file of a version. Who may see the version and not the run or the model that its files are of, gets none. */
export const getVersionArtifact = operation({
  name: 'model-version.get-artifact',
  input: z.object({ name: modelName, version: versionNumber, path: text }),
  action: 'read',
  on: onVersion,
  async run(ctx, { path = '' }, version): Promise<ReadableArtifact> {
    const files = await filesOf(ctx, version)
    if (!files)
      throw notFound(
        `The files of version ${version.version} of '${version.name}' are at ${version.location}, which is no store of this server.`,
      )
    const whole = { ...files, path: files.path ? `${files.path}/${path}` : path }
    return 'modelId' in files
      ? call(ctx, getModelArtifact, whole)
      : 'runId' in files
        ? call(ctx, getRunArtifact, whole)
        : call(ctx, getArtifact, whole)
  },
})

/** One level of a version's files, by paths below the version. None where its store is not ours. */
export const versionArtifacts = operation({
  name: 'model-version.list-artifacts',
  input: z.object({ name: modelName, version: versionNumber, path: text }),
  action: 'read',
  on: onVersion,
  async run(ctx, { path = '' }, version): Promise<OwnedArtifact[]> {
    const files = await filesOf(ctx, version)
    if (!files) return []
    const folder = [files.path, path].filter(Boolean).join('/')
    const names = await namesIn(ctx, { ...files, path: folder })
    return names.map(({ name, size }) => {
      const below = path ? `${path}/${name}` : name
      const query = new URLSearchParams({ name: version.name, version: String(version.version), path: below })
      return { path: below, isDirectory: size === null, size, url: size === null ? null : `/model-versions/get-artifact?${query}` }
    })
  },
})

type Files = NonNullable<Awaited<ReturnType<typeof filesOf>>>

async function namesIn(ctx: Ctx, files: Files): Promise<Array<{ name: string; size: number | null }>> {
  if (!('modelId' in files) && !('runId' in files)) return call(ctx, listArtifacts, files)
  const { files: found } = 'modelId' in files ? await call(ctx, modelArtifacts, files) : await call(ctx, runArtifacts, files)
  return found.map(({ path, size }) => ({ name: path.slice(path.lastIndexOf('/') + 1), size }))
}

/** Bytes of an MLmodel that are read: a signature may have thousands of columns. */
const largest = 1_000_000

/** What its MLmodel says; null where it has none. */
export const getManifest = operation({
  name: 'model-version.get-manifest',
  input: z.object({ name: modelName, version: versionNumber }),
  action: 'read',
  on: onVersion,
  async run(ctx, { name }, { version }): Promise<Manifest | null> {
    let file: ReadableArtifact
    try {
      file = await call(ctx, getVersionArtifact, { name, version: String(version), path: 'MLmodel' })
    } catch (error) {
      if (error instanceof AppError && ['RESOURCE_DOES_NOT_EXIST', 'INVALID_PARAMETER_VALUE'].includes(error.code)) return null
      throw error
    }
    if (file.size > largest) return parseManifest('', `It has ${file.size} bytes, and ${largest} are the most that are read.`)
    const { body } = await file.open()
    let text = ''
    for await (const chunk of body.setEncoding('utf8')) text += chunk
    return parseManifest(text)
  },
})
