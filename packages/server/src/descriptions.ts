/**
 * What is said of fields and arguments that every module has: once, here. A description that a module gives its own wins.
 * Together they leave nothing undescribed, which test/schema.test.ts holds.
 */
import type { GraphQLSchema } from 'graphql'
import { limits } from './fields.ts'

const fields: Record<string, string> = {
  nodes: 'The entries of this page, in the order asked for.',
  pageInfo: 'Whether there is more, and where it begins.',
  total: 'How many there are on all pages.',
}

/** Fields of inputs. */
const inputs: Record<string, string> = {
  experimentId: 'The id of an experiment.',
  runId: 'The id of a run.',
}

const args: Record<string, string> = {
  after: 'The `endCursor` of the page before. @default the first page',
  first: `How many entries a page has: 1 to ${limits.searchResults}.`,
  filter: 'In the filter language; see docs/filter.md. @default all',
  lifecycle: 'Whether deleted ones are meant too.',
  runId: 'The id of a run.',
  experiment: 'The id of an experiment.',
  key: 'The name of a tag.',
  value: 'Text.',
  was: 'Only where it has this value now, or with empty text none: else RESOURCE_CONFLICT, and nothing is written. @default whatever it is',
  experiments: 'Ids of experiments; those that you may not see are left out. @default all that you may see',
}

/** What an `id` is of, by the name of the field that takes it: deleteExperimentTag, run. */
const things: Array<[RegExp, string]> = [
  [/experiment/i, 'an experiment'],
  [/rule/i, 'an alert rule'],
  [/model/i, 'a logged model'],
  [/run/i, 'a run'],
  [/token/i, 'a token'],
  [/account|password|invitation/i, 'an account'],
]

/** Of an argument that many fields have. */
function argument(field: string, arg: string): string | undefined {
  if (arg === 'input') return `What \`${field}\` needs to know.`
  if (arg !== 'id') return args[arg]
  const thing = things.find(([name]) => name.test(field))?.[1]
  return thing && `The id of ${thing}.`
}

interface Described {
  description?: string | null | undefined
}

/** Fills in what is missing. Changes the schema. */
export function describe(schema: GraphQLSchema): GraphQLSchema {
  const fill = (it: Described, text: string | undefined) => {
    if (text) it.description ||= text
  }
  for (const type of Object.values(schema.getTypeMap())) {
    const ends = (word: string) => type.name.endsWith(word) && !type.name.startsWith('__')
    if (ends('Payload')) fill(type, 'What has changed.')
    if (ends('Input')) fill(type, `What \`${type.name[0]!.toLowerCase()}${type.name.slice(1, -'Input'.length)}\` is given.`)
    if (ends('Connection')) fill(type, 'A page of a list.')
    if (!('getFields' in type)) continue
    for (const field of Object.values(type.getFields())) {
      fill(field, fields[field.name])
      if (ends('Input')) fill(field, inputs[field.name])
      if (ends('Payload')) fill(field, 'As it is after the change.')
      if ('args' in field) for (const arg of field.args) fill(arg, argument(field.name, arg.name))
    }
  }
  return schema
}
