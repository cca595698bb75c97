import { redirect } from '@sveltejs/kit'
import { graphql, query } from '#lib/api.ts'

const AnyRun = graphql(`
  query AnyRun {
    searchRuns(first: 1) { nodes { id } }
  }
`)

/** The links that MLflow's clients print, whose pages are behind a hash: /#/experiments/1/runs/6a42b3. */
const printed = /^#\/experiments\/(\d+)(?:\/runs\/([\w-]+))?/

/** Who has no run yet is shown how to make one. */
export async function load(): Promise<never> {
  const [, experiment, run] = printed.exec(location.hash) ?? []
  if (experiment) redirect(307, run ? `/runs/${run}` : `/experiments/${experiment}`)
  const isNew = await query(AnyRun, {}).then(
    ({ searchRuns }) => searchRuns.nodes.length === 0,
    // The list of experiments says what is wrong.
    () => false,
  )
  redirect(307, isNew ? '/welcome' : '/experiments')
}
