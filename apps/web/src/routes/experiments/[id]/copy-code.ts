/** The list on screen as code that asks for the same runs: MLflow's Python client, our TypeScript client, the wire. */
import { splitClauses } from './clauses.ts'
import type { Order } from './view.ts'

export interface Snippet {
  language: 'Python' | 'TypeScript' | 'curl'
  text: string
}

const python = (text: string): string => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`
const json = (value: unknown): string => JSON.stringify(value)
/** A text in the quotes of a shell. */
const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

export function searchCode({
  trackingUri,
  experiment,
  id,
  filter,
  order,
}: {
  trackingUri: string
  /** Its name, and its id. */
  experiment: string
  id: string
  filter: string
  order: readonly Order[]
}): Snippet[] {
  const isFiltered = splitClauses(filter).length > 0
  const terms = order.map(({ by, descending }) => `${by} ${descending ? 'DESC' : 'ASC'}`)
  const inPython = [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${python(trackingUri)})`,
    'runs = mlflow.search_runs(',
    `    experiment_names=[${python(experiment)}],`,
    ...(isFiltered ? [`    filter_string=${python(filter)},`] : []),
    ...(terms.length > 0 ? [`    order_by=[${terms.map(python).join(', ')}],`] : []),
    ')',
    '',
  ]
  const inTypeScript = [
    "import { connect } from '@tidegate/client'",
    '',
    `const client = connect({ url: ${json(trackingUri)} })`,
    'const runs = client.searchRuns({',
    `  experiments: [${json(id)}],`,
    ...(isFiltered ? [`  filter: ${json(filter)},`] : []),
    ...(order.length > 0
      ? [`  orderBy: [${order.map(({ by, descending }) => `{ by: ${json(by)}, descending: ${descending} }`).join(', ')}],`]
      : []),
    '})',
    'for await (const run of runs) console.log(run.name, run.metrics, run.params)',
    '',
  ]
  const body = { experiment_ids: [id], ...(isFiltered && { filter }), ...(terms.length > 0 && { order_by: terms }), max_results: 100 }
  const inShell = `curl -s ${shell(`${trackingUri}/api/2.0/mlflow/runs/search`)} -H 'Content-Type: application/json' -d ${shell(json(body))}\n`
  return [
    { language: 'Python', text: inPython.join('\n') },
    { language: 'TypeScript', text: inTypeScript.join('\n') },
    { language: 'curl', text: inShell },
  ]
}

/** The four lines that make the first run of an experiment. */
export function firstRunCode(experiment: string, trackingUri: string): string {
  return [
    'import mlflow',
    `mlflow.set_tracking_uri(${python(trackingUri)})`,
    `mlflow.set_experiment(${python(experiment)})`,
    'with mlflow.start_run():',
    '    mlflow.log_metric("loss", 0.42, step=1)',
  ].join('\n')
}
