/**
 * What is said of fields and arguments that every module has: once, here. A description that a module gives its own wins.
 * Together they leave nothing undescribed, which test/schema.test.ts holds.
 */
import type { GraphQLSchema } from 'graphql'

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
  first: 'Entries of a page.',
  filter: 'In the filter language; see docs/filter.md. @default all',
  lifecycle: 'Whether deleted ones are meant too.',
  input: 'What to do it with.',
  id: 'The id of what it is about.',
  runId: 'The id of a run.',
  key: 'The name of a tag.',
  value: 'Text.',
  experiments: 'Ids of experiments; those that you may not see are left out. @default all that you may see',
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
      if (ends('Payload')) fill(field, 'As it is now.')
      if ('args' in field) for (const arg of field.args) fill(arg, args[arg.name])
    }
  }
  return schema
}
