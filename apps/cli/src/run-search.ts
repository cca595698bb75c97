/** Flags of the commands that look for runs, and the search they make. */
import { type Client, graphql, type RunSearch } from '@tidegate/client'
import type { Command } from 'commander'
import { findExperiment } from './found.ts'
import type { RunColumn } from './run-columns.ts'
import type { Session } from './session.ts'

const Total = graphql(`query Total($experiments: [ID!], $filter: String, $lifecycle: Lifecycle) {
  searchRuns(experiments: $experiments, filter: $filter, lifecycle: $lifecycle, first: 1) { total { value exact } }
}`)

export interface SearchFlags {
  filter?: string
  order?: string
  experiment?: string[]
  deleted?: boolean
  all?: boolean
  limit: number
  columns?: RunColumn[]
}

export const searching = (command: Command): Command =>
  command
    .option('-f, --filter <filter>', 'in the filter language, such as "metrics.loss < 0.1 and params.model = \'cnn\'"')
    .option('-e, --experiment <name...>', 'only of these experiments, by name or id')
    .option('--order <column>', 'such as "metrics.loss" or "attributes.start_time desc"')
    .option('--deleted', 'the deleted ones')
    .option('--all', 'the deleted ones too')

export async function searchOf(
  { client, signal }: Session,
  { filter, order, experiment, deleted, all }: Omit<SearchFlags, 'limit'>,
): Promise<RunSearch> {
  const experiments = experiment && (await Promise.all(experiment.map((which) => findExperiment(client, which))))
  const [, by, way] = /^(.*?)(?:\s+(asc|desc))?$/i.exec(order?.trim() ?? '') ?? []
  return {
    ...(filter !== undefined && { filter }),
    ...(experiments && { experiments: experiments.map(({ id }) => id) }),
    ...(by && { orderBy: [{ by, descending: way?.toLowerCase() === 'desc' }] }),
    lifecycle: all ? 'ALL' : deleted ? 'DELETED' : 'ACTIVE',
    signal,
  }
}

/** How many runs a search finds; a lower bound where there are very many. */
export async function countRuns(client: Client, { experiments, filter, lifecycle, signal }: RunSearch): Promise<number> {
  const answer = await client.query(Total, { experiments: experiments && [...experiments], filter, lifecycle }, signal && { signal })
  return answer.searchRuns.total.value
}
