/**
 * What stages of a version are called. MLflow's four are the usual ones; a workspace or a model may have its own between the first and the
 * last (../gates), so whoever names a stage says among which.
 */
import { invalid } from '../errors.ts'

/** In their order, from the first to the last. */
export const stages: readonly string[] = ['None', 'Staging', 'Production', 'Archived']

/** Where versions begin. */
export const first = 'None'
/** Where they end. */
export const archived = 'Archived'
export const production = 'Production'

/** Their place in the order; others come last. */
export const stageOrder = (stage: string, among: readonly string[] = stages): number => {
  const at = among.indexOf(stage)
  return at < 0 ? among.length : at
}

/** The stage as it is stored, in whatever case it is said. Throws INVALID_PARAMETER_VALUE, in MLflow's words. */
export function stageNamed(said: string, among: readonly string[]): string {
  const found = among.find((stage) => stage.toLowerCase() === said.toLowerCase())
  if (!found) throw invalid(`Invalid Model Version stage: ${said}. Value must be one of ${among.join(', ')}.`, 'stage')
  return found
}

/** Throws where versions can't be sent out of a stage by one that comes in: those that versions are used from are between first and last. */
export function checkArchives(stage: string, among: readonly string[]): void {
  const active = among.filter((each) => each !== first && each !== archived)
  if (!active.includes(stage))
    throw invalid(
      `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['${active.join("', '")}']`,
      'archive_existing_versions',
    )
}
