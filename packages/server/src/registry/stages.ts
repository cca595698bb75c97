/**
 * The stages of a model version. They are MLflow's four, and kept as text: what a stage is called is asked here and nowhere else, so
 * that a workspace or a model can come to have its own.
 */
import { invalid } from '../errors.ts'

/** In their order, from the first to the last. */
export const stages = ['None', 'Staging', 'Production', 'Archived'] as const

/** Those that versions are used from: one that comes in may send the others out. */
const active: readonly string[] = ['Staging', 'Production']

export const archived = 'Archived'
export const production = 'Production'

/** Their place in the order; others come last. */
export const stageOrder = (stage: string): number => {
  const at = (stages as readonly string[]).indexOf(stage)
  return at < 0 ? stages.length : at
}

/** The stage as it is stored, in whatever case it is said. Throws INVALID_PARAMETER_VALUE, in MLflow's words. */
export function stageNamed(said: string): string {
  const found = stages.find((stage) => stage.toLowerCase() === said.toLowerCase())
  if (!found) throw invalid(`Invalid Model Version stage: ${said}. Value must be one of ${stages.join(', ')}.`, 'stage')
  return found
}

/** Throws where versions can't be sent out of a stage by one that comes in. */
export function checkArchives(stage: string): void {
  if (!active.includes(stage))
    throw invalid(
      `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['${active.join("', '")}']`,
      'archive_existing_versions',
    )
}
