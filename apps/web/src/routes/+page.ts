import { redirect } from '@sveltejs/kit'
import { graphql, query } from '#lib/api.ts'

const AnyRun = graphql(`
  query AnyRun {
    searchRuns(first: 1) { nodes { id } }
  }
`)

/** Who has no run yet is shown how to make one. */
export async function load(): Promise<never> {
  const isNew = await query(AnyRun, {}).then(
    ({ searchRuns }) => searchRuns.nodes.length === 0,
    // The list of experiments says what is wrong.
    () => false,
  )
  redirect(307, isNew ? '/welcome' : '/experiments')
}
