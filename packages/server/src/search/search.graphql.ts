/** Runs as tables, the keys there are, and what a filter means. */
import { builder, Count, Lifecycle, PageInfo } from '../builder.ts'
import { type Ctx, checkSignedIn } from '../context.ts'
import { invalid } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { call } from '../operation.ts'
import { listKeys } from '../runs/keys.sql.ts'
import { readValues } from '../runs/read.sql.ts'
import { type Kind, kinds, type Run as RunRow } from '../runs/run.ts'
import { Run, RunOrder, searchOf } from '../runs/runs.graphql.ts'
import { type SearchPage, searchRuns } from '../runs/runs.ts'
import { type Completion, completeFilter } from './catalogue.ts'
import { type Column, columnRef, parseColumnRef } from './column.ts'
import { type Explanation, explainFilter } from './filter.ts'
import { explainPatterns } from './patterns.sql.ts'

/** Columns a table may have: what a wide screen shows, many times over. */
const mostColumns = 500

const attributes: Record<string, (run: RunRow) => string | number | null> = {
  run_id: (run) => run.uuid,
  run_name: (run) => run.name,
  status: (run) => run.status,
  user_id: (run) => run.user,
  start_time: (run) => run.startTime,
  end_time: (run) => run.endTime,
  artifact_uri: (run) => run.artifactUri,
  duration: (run) => (run.startTime && run.endTime ? run.endTime - run.startTime : null),
  experiment_id: (run) => String(run.experimentId),
}

type Cell = string | number | null

interface TableRow extends SearchPage {
  columns: Array<{ ref: string; values: Cell[] }>
}

/** The values of columns for a page of runs that was already authorised. */
async function readColumns(ctx: Ctx, runs: RunRow[], refs: string[]): Promise<TableRow['columns']> {
  if (refs.length > mostColumns) throw invalid(`A table has at most ${mostColumns} columns, and ${refs.length} were asked for.`, 'columns')
  const columns = refs.map(parseColumnRef)
  const strange = columns.findIndex(({ kind, key }) => kind === 'dataset' || (kind === 'attribute' && !Object.hasOwn(attributes, key)))
  if (strange >= 0) throw invalid(`'${refs[strange]}' can be filtered by, and is no column of a table.`, 'columns')
  const keysOf = (kind: Column['kind']) => columns.filter((column) => column.kind === kind).map((column) => column.key)
  const values = await readValues(
    ctx.db,
    runs.map((run) => run.id),
    { params: keysOf('param'), metrics: keysOf('metric'), tags: keysOf('tag') },
  )
  const cells = runs.map((run) => {
    const { params, metrics, tags } = values.get(run.id)!
    const cell = new Map<string, Cell>()
    for (const { key, value } of params) cell.set(`param/${key}`, value)
    for (const { key, value } of metrics) cell.set(`metric/${key}`, value)
    for (const { key, value } of tags) cell.set(`tag/${key}`, value)
    return cell
  })
  return columns.map(({ kind, key }, i) => {
    const attribute = kind === 'attribute' ? attributes[key] : undefined
    return {
      ref: refs[i]!,
      values: runs.map((run, row) => (attribute ? attribute(run) : (cells[row]!.get(`${kind}/${key}`) ?? null))),
    }
  })
}

const TableColumn = builder.objectRef<TableRow['columns'][number]>('TableColumn').implement({
  description: 'A column of a table of runs.',
  fields: (t) => ({
    ref: t.exposeString('ref', { description: 'As it was asked for.' }),
    values: t.field({
      type: ['Cell'],
      nullable: { list: false, items: true },
      description: 'One for each of `runs`; null where the run has no such value.',
      complexity: { multiplier: 0 },
      resolve: ({ values }) => values,
    }),
  }),
})

const RunTable = builder.objectRef<TableRow>('RunTable').implement({
  description: 'A page of runs as columns: for tables and export.',
  fields: (t) => ({
    runs: t.field({
      type: [Run],
      description: 'The rows, in the order asked.',
      complexity: { multiplier: 1 },
      resolve: (page) => page.runs,
    }),
    columns: t.field({
      type: [TableColumn],
      description: 'In the order asked.',
      complexity: { multiplier: 1 },
      resolve: (page) => page.columns,
    }),
    total: t.field({ type: Count, resolve: ({ total = 0, exact }) => ({ value: total, exact }) }),
    pageInfo: t.field({ type: PageInfo, resolve: (page) => ({ endCursor: page.nextPageToken }) }),
  }),
})

const ColumnKind = builder.enumType('ColumnKind', {
  description: 'What a key is of.',
  values: { METRIC: { description: 'A metric.' }, PARAM: { description: 'A param.' }, TAG: { description: 'A tag.' } } as const,
})

const KeyColumn = builder.objectRef<{ kind: Kind; key: string }>('Column').implement({
  description: 'A metric, param or tag that runs have.',
  fields: (t) => ({
    ref: t.string({ description: 'As the filter language writes it, such as metrics.loss or params.`my key`.', resolve: columnRef }),
    kind: t.field({
      type: ColumnKind,
      description: 'Which of them.',
      resolve: ({ kind }) => kind.toUpperCase() as 'METRIC' | 'PARAM' | 'TAG',
    }),
    key: t.exposeString('key', { description: 'Its name.' }),
  }),
})

const ColumnConnection = builder
  .objectRef<{ nodes: Array<{ kind: Kind; key: string }>; endCursor: string | null }>('ColumnConnection')
  .implement({
    fields: (t) => ({
      nodes: t.field({ type: [KeyColumn], complexity: { multiplier: 1 }, resolve: ({ nodes }) => nodes }),
      names: t.stringList({
        description: 'The keys of one kind among them: of thousands read and sent in a fraction of the time that `nodes` take.',
        complexity: 1,
        args: { kind: t.arg({ type: ColumnKind, required: true, description: 'Which.' }) },
        resolve: ({ nodes }, { kind }) => nodes.filter((node) => node.kind === kind.toLowerCase()).map(({ key }) => key),
      }),
      pageInfo: t.field({ type: PageInfo, resolve: ({ endCursor }) => ({ endCursor }) }),
    }),
  })

const FilterExplanation = builder.objectRef<Explanation>('FilterExplanation').implement({
  description: 'Whether a filter is right, and where it is wrong.',
  fields: (t) => ({
    ok: t.exposeBoolean('ok', { description: 'Whether it is right.' }),
    message: t.string({
      nullable: true,
      description: 'What is wrong. Null when it is right.',
      resolve: (it) => (it.ok ? null : (it.plain ?? it.message)),
    }),
    start: t.int({
      nullable: true,
      description: 'Where the fault begins, in UTF-16 units from 0.',
      resolve: (it) => (it.ok ? null : it.start),
    }),
    end: t.int({ nullable: true, description: 'Where it ends, exclusive.', resolve: (it) => (it.ok ? null : it.end) }),
  }),
})

const CompletionKind = builder.enumType('CompletionKind', {
  description: 'What a completion is.',
  values: {
    METRIC: { description: 'A metric’s column.' },
    PARAM: { description: 'A param’s column.' },
    TAG: { description: 'A tag’s column.' },
    ATTRIBUTE: { description: 'A column that every run has, such as status.' },
    DATASET: { description: 'A column of the data sets of runs.' },
    VALUE: { description: 'A value of the column before it.' },
  } as const,
})

const CompletionRef = builder.objectRef<Completion>('Completion').implement({
  description: 'Something that may come next in a filter.',
  fields: (t) => ({
    text: t.exposeString('text', { description: "What stands in the filter: metrics.loss, or a value in its quotes, 'vision'." }),
    kind: t.field({ type: CompletionKind, description: 'What it is.', resolve: ({ kind }) => kind.toUpperCase() as 'METRIC' }),
    uses: t.exposeInt('uses', { nullable: true, description: 'How many runs have it; null for attributes, which all have.' }),
    low: t.exposeFloat('low', { nullable: true, description: 'The least number of it; null where it has none.' }),
    high: t.exposeFloat('high', { nullable: true, description: 'The greatest.' }),
  }),
})

const kindNames = Object.keys(kinds) as Kind[]

builder.queryFields((t) => ({
  runTable: t.field({
    type: RunTable,
    description: 'The search of `searchRuns`, as columns.',
    complexity: ({ first, columns }) => ({ field: columns.length, multiplier: first ?? 200 }),
    args: {
      experiments: t.arg.idList(),
      filter: t.arg.string({ description: 'In the filter language.' }),
      lifecycle: t.arg({ type: Lifecycle, defaultValue: 'ACTIVE' }),
      orderBy: t.arg({ type: [RunOrder], description: 'Ties: newest first.' }),
      columns: t.arg.stringList({ required: true, description: `As the filter language writes them; at most ${mostColumns}.` }),
      first: t.arg.int({ defaultValue: 200 }),
      after: t.arg.string(),
    },
    async resolve(_root, { columns, ...args }, ctx) {
      const page = await call(ctx, searchRuns, searchOf(args))
      return { ...page, columns: await readColumns(ctx, page.runs, columns) }
    },
  }),
  columns: t.field({
    type: ColumnConnection,
    description: 'Names of metrics, params and tags in use, by kind and name.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 500 }),
    args: {
      experiments: t.arg.idList({ required: true, description: 'Ids of experiments; those that you may not see are left out.' }),
      search: t.arg.string({ description: 'Only names that hold this, whatever their case.' }),
      kinds: t.arg({ type: [ColumnKind], description: '@default all' }),
      first: t.arg.int({ defaultValue: 500, description: 'At most 5 000.' }),
      after: t.arg.string(),
    },
    async resolve(_root, { experiments, search, kinds: wanted, first, after }, ctx) {
      const limit = Math.max(1, Math.min(first ?? 500, 5000))
      const visible = await visibleExperiments(ctx, experiments.map(String))
      if (after && !/^\d/.test(after)) throw invalid('`after` is not where a page ended: give back `endCursor`.', 'after')
      const asked = wanted?.map((kind) => kind.toLowerCase() as Kind) ?? kindNames
      const rows = await listKeys(ctx.db, visible, asked, search ?? '', after ?? '', limit + 1)
      const last = rows.length > limit ? rows[limit - 1] : undefined
      return {
        nodes: rows.slice(0, limit).map(({ kind, name }) => ({ kind: kindNames.find((each) => kinds[each] === kind)!, key: name })),
        endCursor: last ? `${last.kind}${last.name}` : null,
      }
    },
  }),
  completions: t.field({
    type: [CompletionRef],
    description: 'What a filter may go on with, the most used first: columns, or with `column` its values. It may be some minutes behind.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 20 }),
    args: {
      experiments: t.arg.idList({ description: '@default all' }),
      text: t.arg.string({ defaultValue: '', description: 'Only what holds this, in any case; what begins so comes first.' }),
      column: t.arg.string({ description: 'A column whose most frequent values are wanted, such as tags.team or status.' }),
      first: t.arg.int({ defaultValue: 20, description: 'At most 100.' }),
    },
    resolve: (_root, { experiments, text, column, first }, ctx) =>
      call(ctx, completeFilter, { experimentIds: experiments?.map(String), column, text: text ?? undefined, limit: first ?? undefined }),
  }),
  explainFilter: t.field({
    type: FilterExplanation,
    description: 'What is wrong with a filter, before it is used.',
    args: { filter: t.arg.string({ required: true }) },
    resolve(_root, { filter }, ctx) {
      // An expression costs the database some time.
      checkSignedIn(ctx)
      return explainPatterns(ctx.db, explainFilter(filter))
    },
  }),
}))
