/** Whether a version has what a gate wants its reviewers to look at. */
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { getLoggedModel } from '../models/logged-models.ts'
import { call } from '../operation.ts'
import { getManifest, getVersionArtifact } from '../registry/version-files.ts'
import type { EvidenceKind } from './built-in.ts'
import { type Finding, finding, type Judged, orNothing, runOf, wire } from './judged.ts'

/** As a finding counts them: 1 where it is there. */
export const evidenceNames: Record<EvidenceKind, string> = {
  CARD: 'model card',
  SIGNATURE: 'signature',
  INPUT_EXAMPLE: 'input example',
  RUN: 'source run',
  DATASET: 'data set',
}

async function isFile(ctx: Ctx, { version }: Judged, path: string): Promise<boolean> {
  try {
    return (await orNothing(call(ctx, getVersionArtifact, { ...wire(version), path }))) !== undefined
  } catch (error) {
    // It is a folder: some examples are.
    if (error instanceof AppError && error.code === 'INVALID_PARAMETER_VALUE') return error.message.includes('directory')
    throw error
  }
}

export async function evidence(ctx: Ctx, judged: Judged): Promise<Finding> {
  const { version, params } = judged
  const [manifest, run, model] = await Promise.all([
    call(ctx, getManifest, wire(version)),
    runOf(ctx, version),
    version.loggedModel ? orNothing(call(ctx, getLoggedModel, { modelId: version.loggedModel })) : undefined,
  ])
  const signature = manifest?.signature
  const looks: Record<EvidenceKind, () => boolean | Promise<boolean>> = {
    CARD: () => version.description.trim() !== '',
    SIGNATURE: () => signature != null && signature.inputs.length + signature.outputs.length + signature.params.length > 0,
    INPUT_EXAMPLE: () => (manifest?.inputExample ? isFile(ctx, judged, manifest.inputExample) : false),
    RUN: () => run !== undefined && run.run.deletedAt === null,
    DATASET: () => (run?.inputs.length ?? 0) > 0 || (model?.metrics.some(({ datasetName }) => datasetName !== '') ?? false),
  }
  const numbers: Record<string, number> = {}
  for (const kind of params.evidence) numbers[evidenceNames[kind]] = (await looks[kind]()) ? 1 : 0
  const missing = Object.keys(numbers).filter((name) => numbers[name] === 0)
  const fault = missing.includes(evidenceNames.SIGNATURE) && manifest?.fault ? ` Its MLmodel: ${manifest.fault}` : ''
  return missing.length
    ? finding('FAILED', `Missing: ${missing.join(', ')}.${fault}`, numbers)
    : finding('PASSED', `All there: ${Object.keys(numbers).join(', ')}.`, numbers)
}
