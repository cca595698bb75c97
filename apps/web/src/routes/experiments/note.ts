/** The note on an experiment: a tag, as MLflow keeps it. */
import { graphql, mutate, query, toApiError } from '#lib/api.ts'
import { type Experiment, ExperimentFacts, experiments } from '#lib/experiments.svelte.ts'
import { SetExperimentNote } from './documents.ts'

const ExperimentNow = graphql(
  `
  query ExperimentNow($id: ID!) {
    experiment(id: $id) { ...ExperimentFacts }
  }
`,
  [ExperimentFacts],
)

export const noteOf = ({ tags }: Experiment): string => tags.find(({ key }) => key === 'mlflow.note.content')?.value ?? ''

/** Writes over `was` only. Where there is another text by now that is shown, and the refusal thrown. */
export async function setNote(id: string, text: string, was: string): Promise<void> {
  try {
    const { setExperimentTag } = await mutate(SetExperimentNote, { id, text, was })
    experiments.apply([setExperimentTag.experiment])
  } catch (error) {
    if (toApiError(error).code === 'RESOURCE_CONFLICT') {
      const { experiment } = await query(ExperimentNow, { id })
      if (experiment) experiments.apply([experiment])
    }
    throw error
  }
}
