/** What a wrong filter is told: by GraphQL in words of our filter language, on MLflow's wire in MLflow's, with one code, and one place. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform?.stop())

const explained = async (filter: string) =>
  (await platform.graphql('query ($filter: String!) { explainFilter(filter: $filter) { ok message start end } }', { filter })).explainFilter
const wire = (filter: string) => platform.wire('POST', 'runs/search', { experiment_ids: ['0'], filter }).catch((error) => error)
const search = (filter: string) =>
  platform.graphql('query ($filter: String!) { searchRuns(filter: $filter) { nodes { id } } }', { filter }).catch((error) => error)

it.each([
  ['params.a IS NAN', 'params.a is not compared by', "Invalid comparator 'IS NAN' not one of"],
  ["datasets.name > 'x'", "datasets.name is not compared by '>': it takes =, !=,", "Invalid comparator '>' not one of"],
  ['metrics.acc > high', 'metrics.acc is a number, and high is none.', 'Expected numeric value type for metric. Found high'],
  ['tags.team = 5', "tags.team is a text: put 5 in quotes, '5'.", 'Expected a quoted string value for tag'],
  [
    'planet.x = 1',
    "There is no 'planet' here: what has a dot begins with metrics, params, tags, attributes or datasets.",
    'Invalid entity type',
  ],
  ['attributes.colour = 1', "There is no 'colour': there are run_id, run_name,", 'Invalid attribute key'],
  ["params.a = ('x')", "'=' takes one value: of a list it is IN or NOT IN.", "Invalid comparator '=' for a list"],
  ['metrics.acc > 1 OR', "The filter can't be read: 'OR'.", "Invalid clause(s) in filter string: 'OR'"],
  ['(metrics.acc > 1', "The filter can't be read: '(' has no ')'.", "Invalid clause(s) in filter string: '(' has no ')'"],
])('%s', async (filter, ours, theirs) => {
  const [told, ofWire, ofSearch] = [await explained(filter), await wire(filter), await search(filter)]
  expect(told).toMatchObject({ ok: false, message: expect.stringContaining(ours), start: expect.any(Number), end: expect.any(Number) })
  expect([ofWire.code, ofWire.message]).toEqual(['INVALID_PARAMETER_VALUE', expect.stringContaining(theirs)])
  expect([ofSearch.code, ofSearch.message]).toEqual(['INVALID_PARAMETER_VALUE', told.message])
})
