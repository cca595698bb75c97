/** The list on screen as Python that asks for the same runs. */
import { splitClauses } from './clauses.ts'
import type { Order } from './view.ts'

const python = (text: string): string => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`

export function searchCode({
  trackingUri,
  experiment,
  filter,
  order,
}: {
  trackingUri: string
  experiment: string
  filter: string
  order: readonly Order[]
}): string {
  const lines = [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${python(trackingUri)})`,
    'runs = mlflow.search_runs(',
    `    experiment_names=[${python(experiment)}],`,
  ]
  if (splitClauses(filter).length > 0) lines.push(`    filter_string=${python(filter)},`)
  if (order.length > 0)
    lines.push(`    order_by=[${order.map(({ by, descending }) => python(`${by} ${descending ? 'DESC' : 'ASC'}`)).join(', ')}],`)
  return [...lines, ')', ''].join('\n')
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
