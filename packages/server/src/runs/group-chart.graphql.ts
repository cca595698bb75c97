/** Curves of groups of runs in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { type GroupChart, groupChart, mostKeys, mostPlaces, mostRuns } from './group-chart.ts'
import { RunCursorAt } from './live.graphql.ts'

const GroupAxis = builder.enumType('GroupAxis', {
  description: 'What x is.',
  values: {
    STEP: { description: 'The step.' },
    TIME: { description: 'When, as the client says: ms since 1970.' },
    RELATIVE: { description: 'Since each run began, ms.' },
  } as const,
})

const GroupLine = builder.objectRef<GroupChart['lines'][number]>('GroupLine').implement({
  description:
    'A metric over many runs: columns of equal length, by x. A run counts from its first x to its last, between two points by the straight line that joins them, and not where it is no finite number.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The name of the metric.' }),
    x: t.exposeFloatList('x', {
      description:
        'Those that the runs have. Where they are more than `buckets` so many: even steps, else as close to each other as the points are.',
    }),
    steps: t.field({
      type: ['Long'],
      description: 'As `x`, in whole numbers.',
      deprecationReason: '`x` is on any axis.',
      resolve: ({ x }) => x.map(Math.round),
    }),
    mean: t.expose('mean', { type: ['Real'], description: 'The arithmetic mean of the runs.' }),
    sd: t.expose('sd', { type: ['Real'], description: 'The standard deviation of a sample (by n − 1); NaN for fewer than two runs.' }),
    min: t.expose('min', { type: ['Real'], description: 'The least of the runs.' }),
    max: t.expose('max', { type: ['Real'], description: 'The greatest of the runs.' }),
    count: t.exposeIntList('count', { description: 'How many runs have a value there.' }),
    breaks: t.exposeIntList('breaks', { description: 'Places, by their number from 0, that no run joins to the one before.' }),
  }),
})

const GroupSeries = builder.objectRef<GroupChart>('GroupSeries').implement({
  description: 'The curves of a group of runs.',
  fields: (t) => ({
    runs: t.exposeInt('runs', { description: `How many runs they are of: all that pass, or the newest ${mostRuns}.` }),
    lines: t.field({
      type: [GroupLine],
      description: 'One for each key; none for a key without a finite value.',
      resolve: ({ lines }) => lines,
    }),
    live: t.field({
      type: [RunCursorAt],
      description: 'Those of the runs that go on, and where their points end in this answer.',
      resolve: ({ live }) => live,
    }),
  }),
})

builder.queryField('groupSeries', (t) =>
  t.field({
    type: GroupSeries,
    description: `The mean of metrics over the active runs that pass a filter, with how far they are apart. The newest ${mostRuns} runs count, each by at most \`buckets\` of its points.`,
    complexity: ({ keys }) => ({ field: 100, multiplier: keys.length }),
    args: {
      experiment: t.arg.id({ required: true, description: 'Whose runs.' }),
      filter: t.arg.string({ description: 'Only runs that pass, in the filter language: `filter` of a group, for one.' }),
      keys: t.arg.stringList({ required: true, description: `At most ${mostKeys} metrics.` }),
      axis: t.arg({ type: GroupAxis, defaultValue: 'STEP', description: 'What x is.' }),
      along: t.arg.string({
        description: 'A metric whose values are x, instead of `axis`: each point is at what that metric was at its step, or had been last.',
      }),
      from: t.arg.float({ description: 'The first x. @default the first there is' }),
      to: t.arg.float({ description: 'The last x, inclusive. @default the last there is' }),
      buckets: t.arg.int({ defaultValue: 200, description: `From 2 to ${mostPlaces}.` }),
    },
    resolve: (_root, { experiment, buckets, ...args }, ctx) =>
      call(ctx, groupChart, { ...args, experimentId: String(experiment), buckets: buckets ?? 200 }),
  }),
)
