/** Following runs in GraphQL: their points, and what changes about them. */
import { builder } from '../builder.ts'
import { live } from '../subscription.ts'
import { changedRuns, type PointsBatch as PointsBatchRow, pointsSince } from './metrics.ts'
import { readRuns } from './read.sql.ts'
import { Run } from './runs.graphql.ts'

export const RunCursor = builder.inputType('RunCursor', {
  description: 'A run, and from where on.',
  fields: (t) => ({ run: t.id({ required: true, description: 'Its id.' }), after: t.string({ description: 'Null: from now on.' }) }),
})
export const RunCursorAt = builder.objectRef<{ run: string; cursor: number }>('RunCursorAt').implement({
  description: 'A run, and where it now ends.',
  fields: (t) => ({
    run: t.exposeID('run', { description: 'Its id.' }),
    cursor: t.string({ description: 'Give it back as `after`.', resolve: ({ cursor }) => String(cursor) }),
  }),
})

export const LivePoints = builder.objectRef<PointsBatchRow['points'][number]>('LivePoints').implement({
  description: 'New points of one metric of one run, as columns of equal length.',
  fields: (t) => ({
    run: t.exposeID('run', { description: 'Of which run.' }),
    key: t.exposeString('key', { description: 'Of which metric.' }),
    steps: t.expose('steps', { type: ['Long'], description: 'In ascending order.' }),
    times: t.expose('times', { type: ['Timestamp'], description: 'When, as the client says.' }),
    values: t.expose('values', { type: ['Real'], description: 'The values.' }),
  }),
})

const PointsBatch = builder.objectRef<PointsBatchRow>('PointsBatch').implement({
  description: 'Points that have come, each once.',
  fields: (t) => ({
    points: t.field({
      type: [LivePoints],
      description: 'By run and metric.',
      complexity: { multiplier: 1 },
      resolve: ({ points }) => points,
    }),
    cursors: t.field({
      type: [RunCursorAt],
      description: 'Where each run that had points now ends: ask with these after a lost connection.',
      resolve: ({ cursors }) => cursors,
    }),
  }),
})

const RunsChanged = builder.objectRef<{ ids: number[]; cursor: string }>('RunsChanged').implement({
  description: 'Runs that are new or have changed.',
  fields: (t) => ({
    runs: t.field({
      type: [Run],
      description: 'New and changed runs, as they are now. A deleted run has `deletedAt`.',
      resolve: ({ ids }, _, ctx) => readRuns(ctx.db, ids),
    }),
    cursor: t.exposeString('cursor', { description: 'Where this ends: give it back as `after` when the line was lost.' }),
  }),
})

builder.subscriptionFields((t) => ({
  runsChanged: t.field({
    type: RunsChanged,
    description:
      'New and changed runs of experiments, from a cursor; null: from now on. At least once: after a lost connection a run may come twice. The first point of a metric is a change of its run; those after it are not: `points` has them.',
    args: {
      experiments: t.arg.idList({ required: true, description: 'Ids of experiments; 1 000 at most.' }),
      after: t.arg.string({ description: 'The `cursor` of the last event. @default from now on' }),
    },
    subscribe: (_root, { experiments, after }, ctx) =>
      live((signal) => changedRuns(ctx, { experimentIds: experiments.map(String), after: after ?? undefined }, signal)),
    resolve: (event) => event,
  }),
  points: t.field({
    type: PointsBatch,
    description: "Points written after each run's cursor. Batched, ten times a second at most.",
    args: {
      runs: t.arg({ type: [RunCursor], required: true, description: 'At most 200.' }),
      keys: t.arg.stringList({ description: 'Only these metrics. All of them where it is not given.' }),
    },
    subscribe: (_root, { runs, keys }, ctx) =>
      live((signal) =>
        pointsSince(ctx, { runs: runs.map(({ run, after }) => ({ run: String(run), after })), keys: keys ?? undefined }, signal),
      ),
    resolve: (event) => event,
  }),
}))
