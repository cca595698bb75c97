/** Experiments as MLflow's wire has them. */
import type { Ctx } from '../context.ts'
import { lifecycleOf, limits } from '../fields.ts'
import { camelKeys, compact, get, post, type Wire } from '../rest.ts'
import {
  createExperiment,
  deleteExperiment,
  deleteExperimentTag,
  type ExperimentWithTags,
  getExperiment,
  getExperimentByName,
  renameExperiment,
  restoreExperiment,
  searchExperiments,
  setExperimentTag,
} from './experiments.ts'

const toWire = (row: ExperimentWithTags, { workspace }: Ctx) => ({
  experiment_id: String(row.id),
  name: row.name,
  artifact_location: row.artifactLocation,
  lifecycle_stage: row.deletedAt === null ? 'active' : 'deleted',
  last_update_time: Number(row.updatedAt),
  creation_time: Number(row.createdAt),
  workspace: workspace.name,
  ...(row.tags.length && { tags: row.tags.map(({ key, value }) => ({ key, value })) }),
})

const one = { out: (row: ExperimentWithTags, ctx: Ctx) => ({ experiment: toWire(row, ctx) }) }

const search = {
  in: (input: Wire) => {
    const { viewType, orderBy, ...rest } = camelKeys(input)
    return { ...rest, lifecycle: lifecycleOf(viewType), orderBy: typeof orderBy === 'string' ? [orderBy] : orderBy }
  },
  out: (page: { experiments: ExperimentWithTags[]; nextPageToken: string | undefined }, ctx: Ctx) =>
    compact({ experiments: page.experiments.map((row) => toWire(row, ctx)), next_page_token: page.nextPageToken }),
}

/** What clients of before 2.0 ask, which MLflow has dropped: all, in the order of their making. */
const listed = { ...search, in: (input: Wire) => search.in({ max_results: limits.searchResults, ...input, order_by: ['experiment_id'] }) }

export default [
  post('experiments/create', createExperiment, { out: (row) => ({ experiment_id: String(row.id) }) }),
  get('experiments/get', getExperiment, one),
  get('experiments/get-by-name', getExperimentByName, one),
  get('experiments/search', searchExperiments, search),
  post('experiments/search', searchExperiments, search),
  get('experiments/list', searchExperiments, listed),
  post('experiments/update', renameExperiment),
  post('experiments/delete', deleteExperiment),
  post('experiments/restore', restoreExperiment),
  post('experiments/set-experiment-tag', setExperimentTag),
  post('experiments/delete-experiment-tag', deleteExperimentTag),
]
