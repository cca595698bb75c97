/** Changing many runs at once in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { deleteRuns, mostRuns, restoreRuns, type TagChange as TagChangeRow, type Tagged, tagRuns } from './bulk.ts'
import type { Run as RunRow } from './run.ts'
import { Run } from './runs.graphql.ts'

const most = mostRuns.toLocaleString('en').replace(',', ' ')

const RunsPayload = builder.objectRef<RunRow[]>('RunsPayload').implement({
  description: 'What was changed.',
  fields: (t) => ({
    count: t.int({ description: 'How many runs changed.', resolve: (runs) => runs.length }),
    runs: t.field({
      type: [Run],
      complexity: { multiplier: 1 },
      description: 'Those runs, as they are now. What was so already is left out.',
      resolve: (runs) => runs,
    }),
  }),
})

const TagChangeInput = builder.inputType('TagChangeInput', {
  description: 'What a tag becomes, and of which runs.',
  fields: (t) => ({
    runs: t.idList({ required: true, description: 'Ids of runs. They may be of several experiments.' }),
    value: t.string({ description: 'Text, cut at 8 000 characters. Null: the tag is taken away.' }),
  }),
})
const TagRunsInput = builder.inputType('TagRunsInput', {
  description: 'One tag of many runs.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Letters, digits and _ - . : / and spaces; 250 at most.' }),
    changes: t.field({ type: [TagChangeInput], required: true, description: `Each run once, ${most} in all.` }),
  }),
})
const TagChange = builder.objectRef<TagChangeRow>('TagChange').implement({
  description: 'A value of a tag, and runs that have it.',
  fields: (t) => ({
    runs: t.exposeIDList('runs', { description: 'Their ids.' }),
    value: t.exposeString('value', { nullable: true, description: 'Null: they have no such tag.' }),
  }),
})
const TagRunsPayload = builder.objectRef<Tagged>('TagRunsPayload').implement({
  description: 'What was tagged.',
  fields: (t) => ({
    count: t.int({ description: 'How many runs changed.', resolve: ({ runs }) => runs.length }),
    runs: t.field({
      type: [Run],
      complexity: { multiplier: 1 },
      description: 'Those runs, as they are now. What was so already is left out.',
      resolve: ({ runs }) => runs,
    }),
    before: t.field({
      type: [TagChange],
      complexity: { multiplier: 1 },
      description: 'What the tag was on them: given back as `changes`, it undoes this.',
      resolve: ({ before }) => before,
    }),
  }),
})

builder.mutationFields((t) => {
  const ids = t.arg.idList({ required: true, description: `Of runs, which may be of several experiments; ${most} at most.` })
  const perRun = ({ ids }: { ids: readonly unknown[] }) => ({ field: 1, multiplier: Math.max(1, ids.length) })
  return {
    deleteRuns: t.field({
      type: RunsPayload,
      description: 'Deletes many runs, all of them or none. They keep all they have until they are restored.',
      args: { ids },
      complexity: perRun,
      resolve: (_root, { ids }, ctx) => call(ctx, deleteRuns, { runIds: ids.map(String) }),
    }),
    restoreRuns: t.field({
      type: RunsPayload,
      description: 'Brings many runs back from the trash, all of them or none.',
      args: { ids },
      complexity: perRun,
      resolve: (_root, { ids }, ctx) => call(ctx, restoreRuns, { runIds: ids.map(String) }),
    }),
    tagRuns: t.field({
      type: TagRunsPayload,
      description: 'Sets a tag of many runs, or takes it away: of all of them or of none.',
      args: { input: t.arg({ type: TagRunsInput, required: true }) },
      complexity: ({ input }) => ({
        field: 1,
        multiplier: Math.max(
          1,
          input.changes.reduce((sum, { runs }) => sum + runs.length, 0),
        ),
      }),
      resolve: (_root, { input: { key, changes } }, ctx) =>
        call(ctx, tagRuns, { key, changes: changes.map(({ runs, value }) => ({ runs: runs.map(String), value })) }),
    }),
  }
})
