/** Groups of runs in GraphQL. */
import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import { builder, Count, Lifecycle, PageInfo } from '../builder.ts'
import { invalid } from '../errors.ts'
import { call } from '../operation.ts'
import type { Figures } from './groups.sql.ts'
import { groupRuns, mostGroups, mostKeys, mostMetrics, type RunGroup } from './groups.ts'

const Figure = builder.enumType('Figure', {
  description: 'A figure of many values.',
  values: {
    COUNT: { description: 'How many runs have a finite value.' },
    MIN: { description: 'The least.' },
    MAX: { description: 'The greatest.' },
    MEAN: { description: 'The arithmetic mean.' },
    MEDIAN: { description: 'The middle one, or the mean of the two in the middle.' },
    SD: { description: 'The standard deviation of a sample (by n − 1).' },
  } as const,
})

const MetricFigures = builder.objectRef<Figures & { ref: string }>('MetricFigures').implement({
  description:
    'What the newest values of a metric are in a group of runs. NaN and the infinities are left out, and of `mean` and `sd` what is beyond 1e150.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'The metric as it was asked for.' }),
    count: t.exposeInt('count', { description: 'How many runs have a finite value.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'The least; null where no run has one, as the others are.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'The greatest.' }),
    mean: t.exposeFloat('mean', { nullable: true, description: 'The arithmetic mean.' }),
    median: t.exposeFloat('median', {
      nullable: true,
      description: 'The middle one, or the mean of the two in the middle. It doubles the cost of asking.',
    }),
    sd: t.exposeFloat('sd', { nullable: true, description: 'The standard deviation of a sample (by n − 1); null for fewer than two.' }),
  }),
})

interface Group extends RunGroup {
  refs: readonly string[]
}

const RunGroupRef = builder.objectRef<Group>('RunGroup').implement({
  description: 'Runs that have the same values.',
  fields: (t) => ({
    values: t.stringList({
      nullable: { list: false, items: true },
      description: 'One for each column grouped by, in its order; null for runs that have none.',
      resolve: ({ values }) => values,
    }),
    filter: t.exposeString('filter', {
      description: 'What they have in common, in the filter language: join it to your filter with AND, and search for the runs.',
    }),
    count: t.int({ description: 'How many runs are in it.', resolve: ({ runs }) => runs }),
    metrics: t.field({
      type: [MetricFigures],
      description: 'The figures of each metric asked for, in its order.',
      resolve: ({ figures, refs }) => figures.map((each, i) => ({ ...each, ref: refs[i]! })),
    }),
  }),
})

const RunGroups = builder.objectRef<{ groups: Group[]; total: number; end: number }>('RunGroups').implement({
  description: 'A page of groups.',
  fields: (t) => ({
    groups: t.field({
      type: [RunGroupRef],
      description: 'In the order asked for.',
      complexity: { multiplier: 1 },
      resolve: (it) => it.groups,
    }),
    total: t.field({ type: Count, resolve: ({ total }) => ({ value: total, exact: true }) }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ total, end }) => ({ endCursor: end < total ? String(end) : null }) }),
  }),
})

const RunGroupOrder = builder.inputType('RunGroupOrder', {
  description: 'The order of groups. Groups without the figure come last either way; ties: the larger group first.',
  fields: (t) => ({
    by: t.string({ description: 'A column grouped by, or one of `metrics`. @default the number of runs' }),
    figure: t.field({ type: Figure, defaultValue: 'MEAN', description: 'Of a metric, what is compared.' }),
    descending: t.boolean({ defaultValue: false, description: 'The greatest first.' }),
  }),
})

/** Whether a field of that name is selected anywhere below. */
function asks({ fieldNodes, fragments }: GraphQLResolveInfo, name: string): boolean {
  const has = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((each) =>
      each.kind === 'Field'
        ? each.name.value === name || has(each.selectionSet)
        : has(each.kind === 'InlineFragment' ? each.selectionSet : fragments[each.name.value]?.selectionSet),
    ) ?? false
  return fieldNodes.some((node) => has(node.selectionSet))
}

builder.queryFields((t) => ({
  runGroups: t.field({
    type: RunGroups,
    description: 'The runs of a search in groups, by what they have in common, with the figures of their metrics.',
    complexity: ({ first, metrics, by }) => ({ field: 20 + (metrics?.length ?? 0) + by.length, multiplier: (first ?? 100) / 10 }),
    args: {
      experiments: t.arg.idList({ description: '@default all that you may see' }),
      filter: t.arg.string({ description: 'Only runs that pass, in the filter language.' }),
      lifecycle: t.arg({ type: Lifecycle, defaultValue: 'ACTIVE' }),
      by: t.arg.stringList({
        required: true,
        description: `Up to ${mostKeys} columns: params, tags, dataset.name, dataset.digest, status, user, run_name or experiment. A run with several data sets counts with each.`,
      }),
      metrics: t.arg.stringList({ defaultValue: [], description: `Up to ${mostMetrics}, whose figures are wanted: metrics.loss.` }),
      orderBy: t.arg({ type: RunGroupOrder, description: '@default the largest group first' }),
      first: t.arg.int({ defaultValue: 100, description: `At most ${mostGroups} groups.` }),
      after: t.arg.string({ description: 'The `endCursor` of the page before, of the same groups.' }),
    },
    async resolve(_root, { experiments, metrics, orderBy, first, after, ...args }, ctx, info) {
      const offset = Number(after ?? 0)
      if (!Number.isSafeInteger(offset) || offset < 0) throw invalid(`'${after}' is no cursor of groups: give an endCursor.`, 'after')
      const refs = metrics ?? []
      const { groups, total } = await call(ctx, groupRuns, {
        ...args,
        lifecycle: args.lifecycle ?? 'ACTIVE',
        experimentIds: experiments?.map(String),
        metrics: refs,
        median: asks(info, 'median'),
        orderBy: orderBy?.by,
        figure: (orderBy?.figure ?? 'MEAN').toLowerCase() as 'mean',
        descending: orderBy ? (orderBy.descending ?? false) : true,
        limit: first ?? 100,
        offset,
      })
      return { groups: groups.map((group) => ({ ...group, refs })), total, end: offset + groups.length }
    },
  }),
}))
