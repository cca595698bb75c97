/** Runs in GraphQL: the type, and how one or many are asked for. Tables of runs are in table.graphql.ts. */
import { may } from '../access.ts'
import { runArtifacts } from '../artifacts/artifacts.ts'
import { Abilities, builder, Count, KeyValue, Lifecycle, PageInfo } from '../builder.ts'
import type { Ctx } from '../context.ts'
import { Experiment, orNull } from '../experiments/experiments.graphql.ts'
import { experimentById, loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { columnRef, parseColumnRef } from '../search/column.ts'
import { chartsOf, type Line } from './metrics.ts'
import type { Smoothed } from './points/points.ts'
import { countChildren, findRuns, lastHeard, readValues, type ValuesWanted, type Wanted } from './read.sql.ts'
import type { LatestMetric, Run as RunRow, RunValues } from './run.ts'
import { getRun, type SearchPage, searchRuns } from './runs.ts'
import { type DatasetInput as InputRow, readInputs } from './write.sql.ts'

export const RunStatus = builder.enumType('RunStatus', {
  description: 'How far a run is. The client says: a process that dies without a word leaves its run RUNNING.',
  values: {
    RUNNING: { description: 'It has begun and not ended.' },
    SCHEDULED: { description: 'It is to begin.' },
    FINISHED: { description: 'It ended by itself.' },
    FAILED: { description: 'It ended by a fault.' },
    KILLED: { description: 'It was stopped.' },
  } as const,
})
const SeriesAxis = builder.enumType('SeriesAxis', {
  description: 'What a range of points is of.',
  values: { STEP: { description: 'Steps.' }, TIME: { description: 'Times, ms since 1970.' } } as const,
})

export const Param = builder.objectRef<{ key: string; value: string }>('Param').implement({
  description: 'A setting of a run or a logged model: written once, never changed.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Its text, cut at 6 000 characters.' }),
  }),
})

const Metric = builder.objectRef<LatestMetric>('LatestMetric').implement({
  description: 'The newest point of a metric: the one of the highest step, then time, then value.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The name of the metric.' }),
    value: t.expose('value', { type: 'Real', description: 'Its value there.' }),
    step: t.expose('step', { type: 'Long', description: 'At which step.' }),
    time: t.expose('time', { type: 'Timestamp', description: 'When, as the client says.' }),
  }),
})

const Dataset = builder.objectRef<InputRow['dataset'] & { id: number }>('Dataset').implement({
  description: 'Data that runs used: known in its experiment by name and digest.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    name: t.exposeString('name', { description: 'As the client named it.' }),
    digest: t.exposeString('digest', { description: 'A fingerprint of its content.' }),
    sourceType: t.exposeString('sourceType', { description: 'Such as local, http, s3, delta_table.' }),
    source: t.exposeString('source', { description: 'JSON that says where it came from.' }),
    schema: t.exposeString('schema', { nullable: true, description: 'JSON.' }),
    profile: t.exposeString('profile', { nullable: true, description: 'JSON: counts and the like.' }),
  }),
})

const DatasetInput = builder.objectRef<InputRow & { id: number }>('DatasetInput').implement({
  description: 'That a run used a data set.',
  fields: (t) => ({
    dataset: t.field({ type: Dataset, description: 'Which.', resolve: ({ id, dataset }) => ({ id, ...dataset }) }),
    tags: t.field({ type: [KeyValue], description: 'Such as mlflow.data.context: what it was used for.', resolve: ({ tags }) => tags }),
  }),
})

const SmoothingInput = builder.inputType('Smoothing', {
  description: 'A debiased exponential mean over all points of a line, before they are put into buckets.',
  fields: (t) => ({
    weight: t.float({
      required: true,
      description: 'What a point still weighs one usual interval later: 0 is none of it, 0.999 the most. Gaps forget by their length.',
    }),
    along: t.field({ type: SeriesAxis, defaultValue: 'STEP', description: 'What distances are measured by.' }),
  }),
})

const SmoothedSeries = builder.objectRef<Smoothed>('SmoothedSeries').implement({
  description: 'A line as it is smoothed over all of its points, those before the range too, and what the mean goes on with.',
  fields: (t) => ({
    values: t.expose('values', { type: ['Real'], description: 'At the last point of each bucket; NaN where that is no finite number.' }),
    packed: t.expose('values', { type: 'Doubles', description: 'The same for machines.' }),
    interval: t.exposeFloat('interval', { description: 'The median distance of the points that is not zero; 0 where there is none.' }),
    mean: t.expose('mean', { type: 'Real', description: 'Of the whole line: the mean at its last finite point.' }),
    weights: t.exposeFloat('weights', { description: 'The sum of the weights there.' }),
    at: t.exposeFloat('at', { description: 'The step or time there.' }),
  }),
})

const PackedSeries = builder.objectRef<Line>('PackedSeries').implement({
  description: 'The columns of a series for machines: read in a fraction of the time, and sent in fewer bytes, than as lists.',
  fields: (t) => ({
    steps: t.expose('steps', { type: 'Doubles', description: 'As `steps` of the series.' }),
    times: t.expose('times', { type: 'Doubles', description: 'As `times` of the series.' }),
    min: t.expose('min', { type: 'Doubles', description: 'As `min` of the series.' }),
    max: t.expose('max', { type: 'Doubles', description: 'As `max` of the series.' }),
    last: t.expose('last', { type: 'Doubles', description: 'As `last` of the series.' }),
  }),
})

const Series = builder.objectRef<Line>('Series').implement({
  description:
    'Columns of equal length, ordered by step. Where nothing was left out (`sampled` is false) min, max and last are the points themselves.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The name of the metric.' }),
    steps: t.expose('steps', { type: ['Long'], description: 'Of the last point of each bucket.' }),
    times: t.expose('times', { type: ['Timestamp'], description: 'Of the last point of each bucket.' }),
    min: t.expose('min', { type: ['Real'], description: 'The least value of each bucket; NaN only where all are.' }),
    max: t.expose('max', { type: ['Real'], description: 'The greatest value of each bucket.' }),
    last: t.expose('last', { type: ['Real'], description: 'The value of the last point of each bucket.' }),
    packed: t.field({ type: PackedSeries, description: 'The five columns above, for machines.', resolve: (line) => line }),
    count: t.expose('count', { type: 'Long', description: 'How many points the range holds.' }),
    sampled: t.exposeBoolean('sampled', { description: 'True where buckets hold more than one point.' }),
    smoothed: t.field({
      type: SmoothedSeries,
      nullable: true,
      description: 'Where `smoothing` was asked for.',
      resolve: ({ smoothed }) => smoothed,
    }),
    cursor: t.string({
      description: 'Everything up to here is in this answer: go on with `points` from it.',
      resolve: ({ cursor }) => String(cursor),
    }),
  }),
})

interface FileRow {
  path: string
  isDirectory: boolean
  size: number | null
  url: string | null
}

export const Artifact = builder.objectRef<FileRow>('Artifact').implement({
  description: 'A file or a folder of a run or a logged model.',
  fields: (t) => ({
    path: t.exposeString('path', { description: "Relative to its owner's artifact root." }),
    isDirectory: t.exposeBoolean('isDirectory', { description: 'True for a folder.' }),
    size: t.expose('size', { type: 'Long', nullable: true, description: 'Bytes. Null for a folder.' }),
    url: t.exposeString('url', { nullable: true, description: 'Where to fetch the file, on this server. Null for a folder.' }),
  }),
})

interface Choice {
  keys?: readonly string[] | null | undefined
  prefix?: string | null | undefined
}

const wanted = ({ keys, prefix }: Choice): Wanted => (keys ? [...keys] : prefix ? { prefix } : true)

/** What several runs of a list have logged of one kind, with the same choice of keys, in one statement. */
const valuesLoader = (kind: keyof ValuesWanted) => {
  const byChoice = loader<{ run: RunRow; choice: string }, RunValues>(async (ctx, asked) => {
    const groups = new Map<string, number[]>()
    for (const { run, choice } of asked) groups.set(choice, [...(groups.get(choice) ?? []), run.id])
    const found = new Map<string, Map<number, RunValues>>()
    for (const [choice, ids] of groups) found.set(choice, await readValues(ctx.db, ids, { [kind]: JSON.parse(choice) as Wanted }))
    return asked.map(({ run, choice }) => found.get(choice)!.get(run.id)!)
  })
  return async (ctx: Ctx, run: RunRow, choice: Choice) => (await byChoice(ctx).load({ run, choice: JSON.stringify(wanted(choice)) }))[kind]
}

const params = valuesLoader('params') as (ctx: Ctx, run: RunRow, choice: Choice) => Promise<RunValues['params']>
const tags = valuesLoader('tags') as (ctx: Ctx, run: RunRow, choice: Choice) => Promise<RunValues['tags']>
const metrics = valuesLoader('metrics') as (ctx: Ctx, run: RunRow, choice: Choice) => Promise<RunValues['metrics']>

const inputsOf = loader<number, Array<InputRow & { id: number }>>(async (ctx, ids) => {
  const found = await readInputs(ctx.db, [...ids])
  return ids.map((id) => found.get(id) ?? [])
})

/** Lines of runs that ask for the same, which are read together. */
const linesOf = loader<{ run: string; args: string }, Line[]>(async (ctx, asked) => {
  const charts = new Map<(typeof asked)[number], Line[] | Error>()
  const read = async (some: typeof asked, args: string) => {
    const lines = await call(ctx, chartsOf, { ...JSON.parse(args), runIds: some.map(({ run }) => run) })
    for (const [i, each] of some.entries()) charts.set(each, lines[i]!)
  }
  await Promise.all(
    [...Map.groupBy(asked, ({ args }) => args)].map(([args, some]) =>
      // Where one of them has gone meanwhile, the others are answered still.
      read(some, args).catch(() => Promise.all(some.map((each) => read([each], args).catch((error) => charts.set(each, error))))),
    ),
  )
  return asked.map((each) => charts.get(each)!)
})

const headOf = loader<number, number>(async (ctx, ids) => {
  const heads = await ctx.points.heads([...ids])
  return ids.map((id) => heads.get(id) ?? 0)
})

const heardOf = loader<number, number | null>(async (ctx, ids) => {
  const heard = await lastHeard(ctx.db, ids)
  return ids.map((id) => heard.get(id) ?? null)
})

const childCountOf = loader<number, number>(async (ctx, ids) => {
  const counts = await countChildren(ctx.db, [...ids])
  return ids.map((id) => counts.get(id) ?? 0)
})

const mayRead = ({ ability, workspace }: Ctx, id: number) => may(ability, 'read', { kind: 'Experiment', id, workspaceId: workspace.id })

export const runByUuid = loader<string, RunRow | null>(async (ctx, uuids) =>
  (await findRuns(ctx.db, uuids)).map((run) => (run?.workspaceId === ctx.workspace.id && mayRead(ctx, run.experimentId) ? run : null)),
)

export const Run = builder.objectRef<RunRow>('Run')

const RunConnection = builder.objectRef<SearchPage>('RunConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Run], complexity: { multiplier: 1 }, resolve: (page) => page.runs }),
    total: t.field({ type: Count, resolve: ({ total = 0, exact }) => ({ value: total, exact }) }),
    pageInfo: t.field({ type: PageInfo, resolve: (page) => ({ endCursor: page.nextPageToken }) }),
  }),
})

const perEntry = ({ first }: { first?: number | null }) => ({ field: 1, multiplier: first ?? 50 })

Run.implement({
  description: 'One execution of training code: its params, metrics, tags, inputs and files.',
  fields: (t) => {
    const choice = {
      keys: t.arg.stringList({ description: 'Only these.' }),
      prefix: t.arg.string({ description: 'Only those that begin so.' }),
    }
    return {
      id: t.exposeID('uuid', { description: "32 hexadecimal digits: MLflow's run_id." }),
      name: t.exposeString('name', { description: 'Not unique; two words and a number where the client gave none.' }),
      status: t.expose('status', { type: RunStatus, description: 'How far it is.' }),
      user: t.exposeString('user', { description: 'Who ran it, as the client says.' }),
      startedAt: t.expose('startTime', { type: 'Timestamp', description: '0 where the client gave none.' }),
      endedAt: t.expose('endTime', { type: 'Timestamp', nullable: true, description: 'Null until it ends.' }),
      deletedAt: t.expose('deletedAt', { type: 'Timestamp', nullable: true, description: 'Null while it is active.' }),
      artifactUri: t.exposeString('artifactUri', { description: 'The URI below which its files are.' }),
      experiment: t.field({
        type: Experiment,
        description: 'The one it belongs to, for ever.',
        resolve: (run, _, ctx) => experimentById(ctx).load(run.experimentId) as never,
      }),
      parentId: t.exposeID('parentUuid', { nullable: true, description: 'The run that this one is nested in.' }),
      parent: t.field({
        type: Run,
        nullable: true,
        description: 'That run; null where there is none, or none that you may see.',
        resolve: (run, _, ctx) => (run.parentUuid ? runByUuid(ctx).load(run.parentUuid) : null),
      }),
      children: t.field({
        type: RunConnection,
        description: 'Active runs nested in this one, newest first.',
        complexity: perEntry,
        args: { first: t.arg.int({ defaultValue: 50 }), after: t.arg.string() },
        resolve: (run, { first, after }, ctx) =>
          call(ctx, searchRuns, {
            experimentIds: [String(run.experimentId)],
            filter: `tags.\`mlflow.parentRunId\` = '${run.uuid}'`,
            maxResults: first ?? 50,
            pageToken: after,
            count: true,
          }),
      }),
      childCount: t.int({
        description: 'How many active runs are nested in this one.',
        resolve: (run, _, ctx) => childCountOf(ctx).load(run.id),
      }),
      params: t.field({ type: [Param], description: 'By name.', args: choice, resolve: (run, args, ctx) => params(ctx, run, args) }),
      tags: t.field({ type: [KeyValue], description: 'By name.', args: choice, resolve: (run, args, ctx) => tags(ctx, run, args) }),
      metrics: t.field({
        type: [Metric],
        description: 'The newest value of each metric. Use `series` for the history.',
        args: choice,
        resolve: (run, args, ctx) => metrics(ctx, run, args),
      }),
      series: t.field({
        type: [Series],
        description:
          'At most `buckets` buckets of each key: min, max and last of each. Exact when the range holds no more points. A key without points is left out.',
        complexity: ({ keys }) => ({ field: 20, multiplier: keys.length }),
        args: {
          keys: t.arg.stringList({ required: true, description: 'At most 100.' }),
          axis: t.arg({ type: SeriesAxis, defaultValue: 'STEP', description: 'What `from` and `to` are of.' }),
          from: t.arg.float({ description: 'A step, or ms since 1970. From the first where it is not given.' }),
          to: t.arg.float({ description: 'A step, or ms since 1970, inclusive. To the last where it is not given.' }),
          buckets: t.arg.int({ defaultValue: 1000, description: 'From 1 to 5 000.' }),
          smoothing: t.arg({ type: SmoothingInput, description: 'Answers `smoothed` too, for which every point of the line is read.' }),
        },
        resolve: (run, args, ctx) => linesOf(ctx).load({ run: run.uuid, args: JSON.stringify(args) }),
      }),
      cursor: t.string({
        description: "Where the run's points end now: give it to the `points` subscription.",
        resolve: async (run, _, ctx) => String(await headOf(ctx).load(run.id)),
      }),
      heardAt: t.field({
        type: 'Timestamp',
        nullable: true,
        description:
          'When a run that goes on last said something: a point or a line of its log, by the time it carries, or a change. Null once it has ended.',
        resolve: (run, _, ctx) => heardOf(ctx).load(run.id),
      }),
      datasets: t.field({
        type: [DatasetInput],
        description: 'The data sets it used.',
        resolve: (run, _, ctx) => inputsOf(ctx).load(run.id),
      }),
      artifacts: t.field({
        type: [Artifact],
        description: "One level of the run's files, sorted by path.",
        args: { path: t.arg.string({ defaultValue: '', description: 'The folder to list.' }) },
        resolve: async (run, { path }, ctx) => (await call(ctx, runArtifacts, { runId: run.uuid, path })).files,
      }),
      can: t.field({
        type: Abilities,
        description: 'What you may do with it.',
        resolve: ({ experimentId: id, workspaceId }) => ({ kind: 'Experiment', id, workspaceId }) as const,
      }),
    }
  },
})

export const RunOrder = builder.inputType('RunOrder', {
  description: 'A term of an order of runs. Runs without a value come last either way, NaN just before them.',
  fields: (t) => ({
    by: t.string({
      required: true,
      description: 'A column as the filter language writes it: metrics.loss, params.lr, attributes.start_time.',
    }),
    descending: t.boolean({ defaultValue: false, description: 'The greatest first.' }),
  }),
})

type SearchArgs = {
  experiments?: readonly (string | number)[] | null | undefined
  filter?: string | null | undefined
  lifecycle?: 'ACTIVE' | 'DELETED' | 'ALL' | null | undefined
  orderBy?: readonly { by: string; descending?: boolean | null | undefined }[] | null | undefined
  first?: number | null | undefined
  after?: string | null | undefined
}

/** The arguments of a search as the operation takes them. */
export const searchOf = ({ experiments, filter, lifecycle, orderBy, first, after }: SearchArgs) => ({
  experimentIds: experiments?.map(String),
  filter,
  lifecycle: lifecycle ?? 'ACTIVE',
  orderBy: orderBy?.map(({ by, descending }) => `${columnRef(parseColumnRef(by))} ${descending ? 'DESC' : 'ASC'}`),
  maxResults: first,
  pageToken: after,
  count: true,
})

builder.queryFields((t) => ({
  run: t.field({
    type: Run,
    nullable: true,
    description: 'By id. Null where there is none that you may see.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, ctx) => (await orNull(call(ctx, getRun, { runId: id })))?.run ?? null,
  }),
  runs: t.field({
    type: [Run],
    nullable: { list: false, items: true },
    description: 'As many entries as ids, in their order; null where there is none that you may see.',
    complexity: ({ ids }) => ({ field: 1, multiplier: ids.length }),
    args: { ids: t.arg.idList({ required: true, description: 'Of runs.' }) },
    resolve: (_root, { ids }, ctx) => Promise.all(ids.map((id) => runByUuid(ctx).load(String(id)))),
  }),
  searchRuns: t.field({
    type: RunConnection,
    description: 'Runs across experiments, in the filter language. No experiments named: all that you may see.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 100 }),
    args: {
      experiments: t.arg.idList(),
      filter: t.arg.string({
        description: "Such as: metrics.loss < 0.3 AND (params.model = 'mlp' OR started > -7d). docs/filter.md has the language.",
      }),
      lifecycle: t.arg({ type: Lifecycle, defaultValue: 'ACTIVE' }),
      orderBy: t.arg({ type: [RunOrder], description: 'Ties: newest first.' }),
      first: t.arg.int({ defaultValue: 100 }),
      after: t.arg.string(),
    },
    resolve: (_root, args, ctx) => call(ctx, searchRuns, searchOf(args)),
  }),
}))
