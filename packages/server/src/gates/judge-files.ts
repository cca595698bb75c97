/** What checks find in the files of a version, and in the data sets of its run. */
import { Readable } from 'node:stream'
import type { ReadableArtifact } from '../artifacts/artifacts.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import { getVersionArtifact, versionArtifacts } from '../registry/version-files.ts'
import { type Finding, finding, type Judged, runOf, wire } from './judged.ts'
import { Unfollowed } from './pickles/machine.ts'
import { type ScannedFile, scan } from './pickles/scan.ts'

/** Files of a version, and bytes of them, that are looked at. */
const most = { files: 2_000, bytes: 2 * 1024 ** 3 }
/** Faults that are named. */
const told = 10

const asScanned = (path: string, file: ReadableArtifact): ScannedFile => ({
  path,
  size: file.size,
  async read(start, end) {
    if (end <= start) return Readable.from([])
    const { body, version } = await file.open({ start, end: end - 1 })
    if (version === file.version) return body
    body.destroy()
    throw new Unfollowed('it was changed while it was read')
  },
})

/** All files below the version, folder by folder. */
async function* filesOf(ctx: Ctx, { version }: Judged, count: { files: number }): AsyncGenerator<ScannedFile> {
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const { path, isDirectory } of await call(ctx, versionArtifacts, { ...wire(version), path: folder })) {
      if (isDirectory) folders.push(path)
      else {
        if (++count.files > most.files) throw new AppError('INVALID_PARAMETER_VALUE', `It has more than ${most.files} files.`)
        yield asScanned(path, await call(ctx, getVersionArtifact, { ...wire(version), path }))
      }
    }
  }
}

export async function pickle(ctx: Ctx, judged: Judged, signal: AbortSignal): Promise<Finding> {
  const count = { files: 0 }
  const { pickles, faults } = await scan(filesOf(ctx, judged, count), judged.params.imports, { bytes: most.bytes, signal })
  if (count.files === 0) return finding('FAILED', `No files of it are here: they are at ${judged.version.location}.`)
  const numbers = { files: count.files, pickles, unsafe: faults.length }
  if (faults.length === 0) return finding('PASSED', pickles ? 'Its pickles only make data.' : 'None of its files is a pickle.', numbers)
  const byFile = Map.groupBy(faults.slice(0, told), ({ path }) => path)
  const list = [...byFile].map(([path, these]) => `${path}: ${these.map(({ what }) => what).join(', ')}`).join('; ')
  return finding('FAILED', `${list}${faults.length > told ? `; and ${faults.length - told} more` : ''}.`, numbers)
}

const licenceTag = 'license'

export async function licences(ctx: Ctx, { version, params }: Judged): Promise<Finding> {
  const run = await runOf(ctx, version)
  if (!run) return finding('FAILED', 'Its run is not known here, and so neither are its data sets.')
  if (run.inputs.length === 0) return finding('FAILED', 'Its run names no data set.')
  const allowed = new Set(params.licences.map((each) => each.toLowerCase()))
  const faults = run.inputs.flatMap(({ dataset, tags }) => {
    const licence = tags.find(({ key }) => key === licenceTag)?.value.trim()
    if (!licence) return [`'${dataset.name}' has no tag ${licenceTag}`]
    return allowed.has(licence.toLowerCase()) ? [] : [`'${dataset.name}' is under ${licence}`]
  })
  const numbers = { 'data sets': run.inputs.length, allowed: run.inputs.length - faults.length }
  if (faults.length)
    return finding(
      'FAILED',
      `${faults.slice(0, told).join('; ')}${faults.length > told ? `; and ${faults.length - told} more` : ''}.`,
      numbers,
    )
  return finding('PASSED', 'All its data sets are under licences that are allowed.', numbers)
}
