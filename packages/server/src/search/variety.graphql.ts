/** Which columns tell runs apart, in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { compareColumns, mostColumns, type Variety as VarietyName } from './variety.ts'

const Variety = builder.enumType('ColumnVariety', {
  description: 'Whether a column tells runs apart.',
  values: {
    NONE: { description: 'No run has a value there.' },
    SAME: { description: 'Every run has one, and the same.' },
    VARIES: { description: 'They differ, or some have none.' },
  } as const,
})

const ComparedColumn = builder.objectRef<{ ref: string; variety: VarietyName }>('ComparedColumn').implement({
  description: 'A column, over all runs that pass.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'As it was asked for.' }),
    variety: t.field({ type: Variety, description: 'Whether it tells them apart.', resolve: ({ variety }) => variety }),
  }),
})

builder.queryFields((t) => ({
  compareColumns: t.field({
    type: [ComparedColumn],
    description: 'Which metrics, params and tags differ between the active runs that pass a filter: in the order of `columns`.',
    complexity: ({ columns }) => ({ field: 1000, multiplier: Math.max(1, columns.length) }),
    args: {
      experiments: t.arg.idList({ required: true, description: 'Ids of experiments; those that you may not see are left out.' }),
      filter: t.arg.string({ description: 'In the filter language.' }),
      columns: t.arg.stringList({ required: true, description: `As the filter language writes them; at most ${mostColumns}.` }),
    },
    resolve: (_root, { experiments, filter, columns }, ctx) =>
      call(ctx, compareColumns, { experimentIds: experiments.map(String), filter, columns }),
  }),
}))
