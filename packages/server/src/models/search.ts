/** The search for logged models: by experiments, by MLflow's filter, by the data sets their metrics are of, a page at a time. */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid, show } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { checkPage, int64, text } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { parseFilter } from '../search/filter.ts'
import { patiently } from '../search/patterns.sql.ts'
import { type LoggedModel, readModels } from './logged-models.sql.ts'
import { orderTerms } from './order.ts'
import { searchModels } from './search.sql.ts'

export interface ModelPage {
  models: LoggedModel[]
  nextPageToken: string | undefined
}

/** What a page token holds: where the next page begins, and of which search. */
interface Page {
  offset: number
  experiment_ids: unknown
  filter_string: unknown
  order_by: unknown
}

/** MLflow's sentences. */
const mismatches = [
  ['experiment_ids', 'Experiment IDs in the page token do not match the requested experiment IDs'],
  ['filter_string', 'Filter string in the page token does not match the requested filter string'],
  ['order_by', 'Order by in the page token does not match the requested order by'],
] as const

const pageToken = (page: Page) => Buffer.from(JSON.stringify(page)).toString('base64')

/** The offset a token stands for, 0 without one. A token goes on with its own search only. */
function offsetOf(token: string | undefined, search: Omit<Page, 'offset'>): number {
  if (!token) return 0
  const field = 'page_token'
  const text = Buffer.from(token, 'base64').toString()
  let page: Page
  try {
    page = JSON.parse(text) as Page
  } catch {
    throw invalid(`Invalid page token: ${show(text)}. It is not JSON in base64.`, field)
  }
  const offset = page?.offset
  if (!Number.isSafeInteger(offset) || offset < 1) throw invalid(`Invalid page token: ${show(text)}`, field)
  for (const [key, sentence] of mismatches) {
    const [found, wanted] = [JSON.stringify(page[key]), JSON.stringify(search[key])]
    if (found !== wanted) throw invalid(`${sentence}. Expected: ${wanted}. Found: ${found}`, field)
  }
  return offset
}

export const searchLoggedModels = operation({
  name: 'logged-model.search',
  input: z.object({
    /** All that the caller may read, where none are named. */
    experimentIds: z.array(z.string()).optional(),
    filter: text,
    datasets: z
      .array(z.object({ datasetName: text, datasetDigest: text }))
      .max(1000)
      .nullish(),
    orderBy: orderTerms,
    maxResults: int64.nullish().transform((value) => value || 50),
    pageToken: text,
  }),
  action: 'read',
  on: (ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null }),
  async run(ctx: Ctx, { experimentIds, filter, datasets, orderBy, maxResults, pageToken: token }): Promise<ModelPage> {
    checkPage(maxResults)
    const chosen = (datasets ?? []).map(({ datasetName, datasetDigest }) => {
      if (!datasetName) throw invalid('`dataset_name` in the `datasets` clause must be specified.', 'datasets')
      return { datasetName, datasetDigest }
    })
    const search = { experiment_ids: experimentIds ?? null, filter_string: filter || null, order_by: orderBy }
    const offset = offsetOf(token, search)
    const asked = parseFilter(filter, 'models')
    const experiments = await visibleExperiments(ctx, experimentIds)
    const { ids, hasMore } = await patiently(ctx.db, asked, (sql) =>
      searchModels(sql, { experiments, filter: asked, datasets: chosen, orderBy, limit: maxResults, offset }),
    )
    const next = hasMore ? pageToken({ ...search, offset: offset + maxResults }) : undefined
    return { models: await readModels(ctx.db, ids), nextPageToken: next }
  },
})
