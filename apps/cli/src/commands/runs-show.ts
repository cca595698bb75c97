/** `tidegate runs show`: all that a run says of itself; with --watch also what it goes on to log. */
import { graphql, type ResultOf } from '@tidegate/client'
import { examples } from '../examples.ts'
import { notFound } from '../exit.ts'
import { runId } from '../found.ts'
import { number, time } from '../output.ts'
import { statusText, took } from '../run-columns.ts'
import type { Commands, Session } from '../session.ts'
import { plain } from '../table.ts'

const Show = graphql(`query ShowRun($id: ID!) {
  run(id: $id) {
    id name status user parentId startedAt endedAt deletedAt artifactUri cursor
    experiment { id name cursor }
    params { key value }
    metrics { key value step time }
    tags { key value }
    datasets { dataset { name digest sourceType source } tags { key value } }
  }
}`)

type Shown = NonNullable<ResultOf<typeof Show>['run']>

const record = (pairs: ReadonlyArray<{ key: string; value: string }>) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]))

const shape = ({ cursor: _, experiment: { id, name }, params, metrics, tags, datasets, ...rest }: Shown, url: string) => ({
  ...rest,
  url,
  experiment: { id, name },
  params: record(params),
  metrics: Object.fromEntries(metrics.map(({ key, ...latest }) => [key, latest])),
  tags: record(tags),
  inputs: datasets.map(({ dataset, tags }) => ({ ...dataset, tags: record(tags) })),
})

const live = new Set<Shown['status']>(['RUNNING', 'SCHEDULED'])
/** Points that were on their way when a run ended are waited for so long, ms. */
const aftermath = 1_000

async function ask({ client, signal }: Session, id: string): Promise<Shown> {
  const { run } = await client.query(Show, { id }, { signal })
  if (!run) throw notFound(`There is no run ${id}. \`tidegate runs search\` finds runs.`)
  return run
}

function textOf({ out }: Session, run: Shown, url: string): string {
  const section = (title: string, facts: ReadonlyArray<readonly [string, string]>) => (facts.length ? [out.facts(title, facts)] : [])
  // The client's own tags are long and about other things.
  const tags = run.tags.filter(({ key }) => !key.startsWith('mlflow.'))
  return [
    out.facts(run.name, [
      ['id', run.id],
      ['status', run.status],
      ['experiment', `${run.experiment.name} (${run.experiment.id})`],
      ['user', run.user],
      ['started', time(run.startedAt)],
      ['ended', time(run.endedAt)],
      ['took', took(run)],
      ['parent', run.parentId ?? ''],
      ['deleted', time(run.deletedAt)],
      ['artifacts', run.artifactUri],
      ['page', url],
    ]),
    ...section(
      'Params',
      run.params.map(({ key, value }) => [key, value]),
    ),
    ...section(
      'Metrics',
      run.metrics.map(({ key, value, step }) => [key, `${number(Number(value))}  at step ${step}`]),
    ),
    ...section(
      'Tags',
      tags.map(({ key, value }) => [key, value]),
    ),
    ...section(
      'Inputs',
      run.datasets.map(({ dataset: { name, digest, sourceType } }) => [name, `${digest}  ${sourceType}`]),
    ),
  ].join('\n\n')
}

/** Tells of points and of the status as they come, until the run has ended. */
async function watch(session: Session, run: Shown): Promise<void> {
  const { out, client, signal } = session
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  let ending: ReturnType<typeof setTimeout> | undefined
  const soon = () => {
    clearTimeout(ending)
    ending = setTimeout(() => over.abort(), aftermath)
  }
  const follow = async () => {
    for await (const { points } of client.points({ runs: [run.id], from: { [run.id]: run.cursor }, signal: until })) {
      if (ending) soon()
      for (const { key, steps, times, values } of points) {
        steps.forEach((step, i) => {
          const point = { event: 'point', key, step, time: times[i]!, value: values[i]! }
          out.event(point, () => `${time(point.time)}  ${plain(key)} ${number(point.value)} at step ${step}`)
        })
      }
    }
  }
  const listen = async () => {
    let { status } = run
    for await (const { runs } of client.changes({ experiments: [run.experiment.id], from: run.experiment.cursor, signal: until })) {
      const now = runs.find(({ id }) => id === run.id)
      if (!now || now.status === status) continue
      status = now.status
      out.event({ event: 'status', status, endedAt: now.endedAt }, () => statusText(out, status))
      if (!live.has(status)) soon()
    }
  }
  try {
    await Promise.all([follow(), listen()])
  } finally {
    clearTimeout(ending)
    over.abort()
  }
  signal.throwIfAborted()
}

export default ((group, act) => {
  const show = group
    .command('show')
    .argument('<run>', 'its id')
    .description('one run: params, metrics, tags, inputs')
    .option('-w, --watch', 'go on with its points, until it has ended; with --json a line for each')
  examples(show, 'runs show 0123456789abcdef0123456789abcdef', 'runs show 0123456789abcdef0123456789abcdef --watch').action(
    act(async (session, which: string, flags: { watch?: boolean }) => {
      const run = await ask(session, runId(which))
      const url = `${session.access.url}/runs/${run.id}`
      if (!flags.watch) return session.out.document(shape(run, url), () => textOf(session, run, url))
      session.out.event({ event: 'run', ...shape(run, url) }, () => textOf(session, run, url))
      if (live.has(run.status)) await watch(session, run)
    }),
  )
}) satisfies Commands
