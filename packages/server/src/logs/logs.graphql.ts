/** What runs print, in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import type { Run as RunRow } from '../runs/run.ts'
import { Run } from '../runs/runs.graphql.ts'
import { live } from '../subscription.ts'
import { appendLog, type Level, type LogLine as LogLineRow, type LogPage as LogPageRow, linesSince, readLog, type Source } from './logs.ts'

const LogSource = builder.enumType('LogSource', {
  description: 'Where a line came out.',
  values: {
    NONE: { description: 'Not said.' },
    STDOUT: { description: 'Standard output.' },
    STDERR: { description: 'Standard error.' },
  } satisfies Record<Source, { description: string }>,
})
const LogLevel = builder.enumType('LogLevel', {
  description:
    'How grave a line is, by the words that logging libraries write: ERROR, Traceback, WARNING, DEBUG. INFO where there is none.',
  values: {
    DEBUG: { description: 'Of use to who looks for a fault.' },
    INFO: { description: 'All that says nothing else.' },
    WARNING: { description: 'It goes on, but something is not as it should be.' },
    ERROR: { description: 'Something failed.' },
  } satisfies Record<Level, { description: string }>,
})

const LogLine = builder.objectRef<LogLineRow>('LogLine').implement({
  description: 'A line that a run printed. It never changes.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 0, in the order they came.' }),
    time: t.expose('time', { type: 'Timestamp', description: 'When, as the sender says.' }),
    source: t.field({ type: LogSource, description: 'Where it came out.', resolve: ({ source }) => source }),
    level: t.field({ type: LogLevel, description: 'How grave it is.', resolve: ({ level }) => level }),
    text: t.exposeString('text', {
      description: 'Without its line break; colours are ANSI escapes. Of a progress bar what stood there last. Cut at 16 384 characters.',
    }),
  }),
})
const LogPage = builder.objectRef<LogPageRow>('LogPage').implement({
  description: 'Lines of a log, in order.',
  fields: (t) => ({
    lines: t.field({
      type: [LogLine],
      description: 'Those that were asked for.',
      complexity: { multiplier: 1 },
      resolve: ({ lines }) => lines,
    }),
    total: t.exposeInt('total', { description: 'How many lines the log has.' }),
    bytes: t.expose('bytes', { type: 'Long', description: 'Of all its lines; 200 000 000 at most.' }),
    next: t.exposeInt('next', { nullable: true, description: 'The line to read on from. Null at the end.' }),
  }),
})

builder.objectField(Run, 'log', (t) =>
  t.field({
    type: LogPage,
    description: 'What it printed, as far as that was sent: `appendLog`, the command `tidegate exec`, the client’s `console`.',
    args: {
      from: t.arg.int({ required: true, defaultValue: -500, description: 'The first line; below 0 counted from the end.' }),
      first: t.arg.int({ required: true, defaultValue: 500, description: 'How many lines; 5 000 at most.' }),
      search: t.arg.string({ description: 'Only lines that hold this text, in any case.' }),
      level: t.arg({ type: LogLevel, description: 'Only lines at least as grave.' }),
    },
    resolve: (run: RunRow, args, ctx) => call(ctx, readLog, { ...args, runId: run.uuid }),
  }),
)

const LogEntry = builder.inputType('LogEntry', {
  description: 'Lines that were printed together.',
  fields: (t) => ({
    text: t.string({ required: true, description: 'One line or several; a line break at the end is not needed.' }),
    time: t.field({ type: 'Timestamp', description: '@default now' }),
    source: t.field({ type: LogSource, description: '@default NONE' }),
  }),
})
const AppendLogInput = builder.inputType('AppendLogInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    entries: t.field({ type: [LogEntry], required: true, description: 'In order; 10 000 lines and 4 000 000 characters at most.' }),
    batch: t.string({ description: 'An id of your own for this request: sent again, nothing is written twice. 100 characters at most.' }),
  }),
})
const AppendLogPayload = builder
  .objectRef<{ total: number }>('AppendLogPayload')
  .implement({ fields: (t) => ({ total: t.exposeInt('total', { description: 'How many lines the log has now.' }) }) })

builder.mutationField('appendLog', (t) =>
  t.field({
    type: AppendLogPayload,
    description: 'Writes lines behind what a run has printed. They are safe when the answer is there.',
    args: { input: t.arg({ type: AppendLogInput, required: true }) },
    resolve: async (_root, { input }, ctx) => ({ total: await call(ctx, appendLog, input) }),
  }),
)

builder.subscriptionField('logLines', (t) =>
  t.field({
    type: LogPage,
    description:
      'Lines as they come, each once, ten times a second at most. After a lost connection ask from the line after the last you have.',
    args: {
      run: t.arg.id({ required: true, description: 'Of which run.' }),
      after: t.arg.int({ description: 'How many lines you have. @default all that are there now' }),
    },
    subscribe: (_root, { run, after }, ctx) => live((signal) => linesSince(ctx, { runId: String(run), after }, signal)),
    resolve: (event) => event,
  }),
)
