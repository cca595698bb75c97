/** Moving in and out, in GraphQL: what the CLI's import and export are made of. */
import { builder, TagInput } from '../builder.ts'
import { Experiment } from '../experiments/experiments.graphql.ts'
import { call } from '../operation.ts'
import { LivePoints, RunCursor, RunCursorAt } from '../runs/live.graphql.ts'
import { DatasetInputInput, ParamInput } from '../runs/mutations.graphql.ts'
import { RunStatus } from '../runs/runs.graphql.ts'
import type { RunState } from './transfer.sql.ts'
import {
  type Finished,
  finishExperiment,
  finishImport,
  importExperiment,
  importPoints,
  importRuns,
  importStates,
  pointsAfter,
  type RunChecks,
} from './transfer.ts'

const ImportState = builder.enumType('ImportState', {
  description: 'Where a run that is brought in stands.',
  values: {
    FREE: { description: 'Nothing here has its id.' },
    STARTED: { description: 'An import has begun it: it can be sent again, and gone on with.' },
    DONE: { description: 'An import has brought all of it.' },
    HELD: { description: 'Another run has its id: it stays as it is.' },
  } as const,
})

const ImportedRun = builder.objectRef<RunState>('ImportedRun').implement({
  description: 'Where a run stands.',
  fields: (t) => ({
    id: t.exposeID('uuid', { description: 'Its id.' }),
    state: t.expose('state', { type: ImportState, description: 'What an import may do with it.' }),
  }),
})

const ImportExperimentInput = builder.inputType('ImportExperimentInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'One of this name is gone on with.' }),
    id: t.field({ type: 'Long', description: 'The number it had. It is kept where it is free and not above 10⁹.' }),
    createdAt: t.field({ type: 'Timestamp', description: '@default now' }),
    updatedAt: t.field({ type: 'Timestamp', description: '@default createdAt' }),
    tags: t.field({ type: [TagInput], description: 'One that is there already keeps its value.' }),
  }),
})
const ImportExperimentPayload = builder.objectRef<{ experiment: { id: number }; made: boolean }>('ImportExperimentPayload').implement({
  fields: (t) => ({
    experiment: t.field({ type: Experiment, resolve: ({ experiment }) => experiment as never }),
    made: t.exposeBoolean('made', { description: 'False where one of that name was there.' }),
  }),
})

const ImportRunInput = builder.inputType('ImportRunInput', {
  description: 'A run as it was.',
  fields: (t) => ({
    id: t.id({ required: true, description: '32 hexadecimal digits.' }),
    name: t.string({ required: true, description: 'Cut at 250 characters.' }),
    user: t.string({ description: 'Who ran it.' }),
    status: t.field({ type: RunStatus, required: true, description: 'As it was.' }),
    startedAt: t.field({ type: 'Timestamp', description: '@default 0: unknown' }),
    endedAt: t.field({ type: 'Timestamp', description: 'Null where it had not ended.' }),
    params: t.field({ type: [ParamInput], description: 'All of them.' }),
    tags: t.field({ type: [TagInput], description: 'Of any name. `mlflow.parentRunId` nests it.' }),
    inputs: t.field({ type: [DatasetInputInput], description: 'The data sets it used.' }),
  }),
})
const ImportRunsInput = builder.inputType('ImportRunsInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true }),
    runs: t.field({ type: [ImportRunInput], required: true, description: 'At most 1 000.' }),
  }),
})
const ImportRunsPayload = builder
  .objectRef<RunState[]>('ImportRunsPayload')
  .implement({ fields: (t) => ({ runs: t.field({ type: [ImportedRun], resolve: (runs) => runs }) }) })

const ImportSeriesInput = builder.inputType('ImportSeriesInput', {
  description: 'Points of one metric of one run, as columns of equal length, in any order.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'Of which run.' }),
    key: t.string({ required: true, description: 'Of which metric.' }),
    steps: t.field({ type: ['Long'], required: true, description: 'The steps.' }),
    times: t.field({ type: ['Timestamp'], required: true, description: 'When.' }),
    values: t.field({ type: ['Real'], required: true, description: 'The values.' }),
  }),
})
const ImportPointsInput = builder.inputType('ImportPointsInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true }),
    series: t.field({ type: [ImportSeriesInput], required: true, description: 'At most 100 000 points in all.' }),
  }),
})
const ImportPointsPayload = builder
  .objectRef<{ count: number }>('ImportPointsPayload')
  .implement({ fields: (t) => ({ count: t.exposeInt('count', { description: 'The points of the request.' }) }) })

const FinishRunInput = builder.inputType('FinishRunInput', {
  description: 'What a run must come to.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which run.' }),
    params: t.int({ required: true, description: 'How many.' }),
    tags: t.int({ required: true, description: 'At least so many.' }),
    inputs: t.int({ required: true, description: 'How many data sets.' }),
    points: t.int({ required: true, description: 'Each once.' }),
    digest: t.string({ required: true, description: 'Of the points: as docs/moving.md says.' }),
    deletedAt: t.field({ type: 'Timestamp', description: 'Where it was deleted: it is deleted here as well when it is done.' }),
  }),
})
const FinishImportInput = builder.inputType('FinishImportInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true }),
    runs: t.field({ type: [FinishRunInput], required: true, description: 'At most 1 000.' }),
  }),
})
const Checks = builder.objectRef<RunChecks>('ImportChecks').implement({
  description: 'What a run holds here.',
  fields: (t) => ({
    params: t.exposeInt('params', { description: 'How many.' }),
    tags: t.exposeInt('tags', { description: 'How many.' }),
    inputs: t.exposeInt('inputs', { description: 'How many data sets.' }),
    points: t.exposeInt('points', { description: 'Each once.' }),
    digest: t.exposeString('digest', { description: 'Of the points.' }),
  }),
})
const FinishedRun = builder.objectRef<Finished>('FinishedRun').implement({
  description: 'Whether a run is whole.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Which.' }),
    done: t.exposeBoolean('done', { description: 'It holds what it must. Else it stays begun, to be sent again.' }),
    found: t.field({ type: Checks, description: 'What it holds.', resolve: ({ found }) => found }),
  }),
})
const FinishImportPayload = builder
  .objectRef<Finished[]>('FinishImportPayload')
  .implement({ fields: (t) => ({ runs: t.field({ type: [FinishedRun], resolve: (runs) => runs }) }) })

const ExportedPoints = builder.objectRef<Awaited<ReturnType<typeof pointsAfter.run>>>('ExportedPoints').implement({
  description: 'A part of the points of runs.',
  fields: (t) => ({
    points: t.field({
      type: [LivePoints],
      description: 'By run and metric.',
      complexity: { multiplier: 1 },
      resolve: ({ points }) => points,
    }),
    cursors: t.field({
      type: [RunCursorAt],
      complexity: { multiplier: 1 },
      description: 'Of the runs that had points: ask with these for the rest.',
      resolve: ({ cursors }) => cursors,
    }),
    more: t.exposeBoolean('more', { description: 'There is more after these cursors.' }),
  }),
})

builder.queryFields((t) => ({
  importStates: t.field({
    type: [ImportedRun],
    description: 'Where runs of these ids stand, in that order: what an import has yet to bring.',
    complexity: { multiplier: 1 },
    args: { ids: t.arg.idList({ required: true, description: 'At most 1 000.' }) },
    resolve: (_root, { ids }, ctx) => call(ctx, importStates, { ids: ids.map(String) }),
  }),
  pointsAfter: t.field({
    type: ExportedPoints,
    description: 'All points of runs from cursors on, each exactly once and a bounded amount: for export.',
    args: { runs: t.arg({ type: [RunCursor], required: true, description: 'At most 1 000. A null cursor: from the start.' }) },
    resolve: (_root, { runs }, ctx) => call(ctx, pointsAfter, { runs: runs.map(({ run, after }) => ({ run: String(run), after })) }),
  }),
}))

builder.mutationFields((t) => ({
  importExperiment: t.field({
    type: ImportExperimentPayload,
    description: 'Makes an experiment as it was elsewhere, or finds the one of that name.',
    args: { input: t.arg({ type: ImportExperimentInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, importExperiment, input),
  }),
  importRuns: t.field({
    type: ImportRunsPayload,
    description:
      'Makes runs as they were elsewhere, under their ids, with all but their points. What is sent again is brought up to date until the run is done. Answers where each stands: a run that is DONE or HELD was left as it is.',
    args: { input: t.arg({ type: ImportRunsInput, required: true }) },
    resolve: (_root, { input: { experimentId, runs } }, ctx) =>
      call(ctx, importRuns, {
        experimentId,
        runs: runs.map(({ startedAt, endedAt, ...run }) => ({ ...run, startTime: startedAt ?? undefined, endTime: endedAt })),
      }),
  }),
  importPoints: t.field({
    type: ImportPointsPayload,
    description: 'Points of runs that an import has begun. The same point sent again is the same point.',
    args: { input: t.arg({ type: ImportPointsInput, required: true }) },
    resolve: async (_root, { input }, ctx) => ({ count: await call(ctx, importPoints, input) }),
  }),
  finishImport: t.field({
    type: FinishImportPayload,
    description: 'Checks runs against what they must come to, and marks those that do as done: no import touches them after that.',
    args: { input: t.arg({ type: FinishImportInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, finishImport, input),
  }),
  finishExperiment: t.field({
    type: Experiment,
    description:
      'Deletes an experiment, with its runs, that was deleted where it comes from: once, at the end of its import. One that no import has made stays.',
    args: {
      id: t.arg.id({ required: true }),
      deletedAt: t.arg({ type: 'Timestamp', required: true, description: 'When it was deleted there.' }),
    },
    resolve: async (_root, { id, deletedAt }, ctx) => (await call(ctx, finishExperiment, { experimentId: id, deletedAt })) as never,
  }),
}))
