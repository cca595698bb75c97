/** A random request on MLflow's wire: one of its routes, with all that any of them takes. What a route knows nothing of it does not look at. */
import { routes, transfers } from '../../packages/server/src/modules.ts'
import type { Draw } from './draw.ts'
import type { Asked } from './requests.ts'

type Json = any

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Signing in has limits of its own, and so have passwords. */
const left = /^\/auth\/|^\/sso\/|update-password$|users\/create$/
export const wireRoutes = routes.filter(({ path }) => !left.test(path))
export const wireTransfers = transfers.filter(({ prefix }) => !left.test(prefix))

const fields = [
  'experimentId experimentIds experimentName runId runUuid runIds sourceRunId modelId modelIds roleId rolePermissionId username workspace',
  'key metricKey filter filterString orderBy newName runName description version alias stage stages timestamp startTime endTime step status',
  'maxResults viewType runViewType resourceType resourceId resourcePattern permission',
].flatMap((line) => line.split(' '))

/** What a thing is called is on one path the thing that is meant and on another what is written. */
function nameFor(path: string, draw: Draw): string {
  if (/comments|transition-requests|databricks/.test(path)) return draw.id('registered')
  if (/registered-models\/create$/.test(path)) return `made-${draw.own.marker}-${draw.random(1000)}`
  if (/registered-models|model-versions/.test(path)) return draw.id('registered')
  return draw.text()
}

export function everything(path: string, draw: Draw): Record<string, Json> {
  const { marker } = draw.own
  const out: Record<string, Json> = {}
  for (const field of fields) out[snake(field)] = draw.named(field)
  const tag = { key: draw.own.marker, value: draw.text() }
  const run = draw.run()
  return {
    ...out,
    name: nameFor(path, draw),
    value: /log-metric$/.test(path) ? 1.5 : draw.text(),
    tags: draw.random.chance(50) ? [tag] : [{ key: 'mlflow.parentRunId', value: draw.run() }],
    params: [{ key: `p.${marker}.${draw.random(1_000_000)}`, value: marker }],
    metrics: [{ key: `m.${marker}`, value: 1, timestamp: 1, step: 1 }],
    datasets: [{ dataset: { name: `set ${marker}`, digest: 'd', source_type: 'local', source: '{}' }, tags: [] }],
    // The one takes ids, the others what is of a run.
    models: /outputs$/.test(path) ? [{ model_id: draw.model(), step: 1 }] : [{ model_id: draw.model() }],
    source: draw.random.pick([`runs:/${run}/model`, `mlflow-artifacts:/${draw.id('path')}`, `models:/${draw.id('registered')}/1`]),
    path: draw.random.pick(['', 'plain.txt']),
    id: /comments/.test(path) ? draw.id('comment') : draw.id('webhook'),
    comment: draw.text(),
    url: 'https://example.com/hook',
    events: /^webhooks/.test(path) ? [{ entity: 'MODEL_VERSION', action: 'CREATED' }] : ['MODEL_VERSION_CREATED'],
    archive_existing_versions: draw.random.chance(50),
    model_json: JSON.stringify({ run_id: run, artifact_path: 'model', flavors: {}, utc_time_created: 'now', model_uuid: draw.model() }),
  }
}

const query = (input: Record<string, Json>): string =>
  new URLSearchParams(
    Object.entries(input).flatMap(([key, value]) =>
      [value].flat().map((each): [string, string] => [key, typeof each === 'object' ? JSON.stringify(each) : String(each)]),
    ),
  ).toString()

/** Some of it: so that what is not asked for is left out now and then. */
const some = (input: Record<string, Json>, draw: Draw) => Object.fromEntries(Object.entries(input).filter(() => !draw.random.chance(4)))

const prefixes = ['/api/2.0/mlflow/', '/ajax-api/2.0/mlflow/', '/api/2.0/preview/mlflow/']

export function callOn(it: (typeof wireRoutes)[number], draw: Draw): Asked {
  const { method, path } = it
  const input = some(everything(path, draw), draw)
  const inPath: Record<string, string> = {}
  const filled = path.replace(/\{(\w+)(\.\.\.)?\}/g, (_, name: string) => {
    const value = String(
      name === 'tag_key' ? draw.key() : (draw.named(name.replace(/_([a-z])/g, (_, x: string) => x.toUpperCase())) ?? draw.any()),
    )
    inPath[name] = value
    return encodeURIComponent(value)
  })
  const whole = filled.startsWith('/') ? filled : draw.random.pick(prefixes) + filled
  return {
    door: 'wire',
    what: `${method} ${path}`,
    method,
    path: method === 'GET' ? `${whole}?${query(input)}` : whole,
    ...(method !== 'GET' && { body: JSON.stringify(input), type: 'application/json' }),
    said: [...textsIn(input), ...Object.values(inPath)],
  }
}

/** Files: by their whole path, in the folder of what they are of, and by ways round that. */
export function transferOn(it: (typeof wireTransfers)[number], draw: Draw): Asked {
  const file = draw.id('path')
  // What is in a query may become the name of a file.
  const inQuery = draw.isReading ? draw.id('path') : draw.own.path
  const folder = file.split('/').slice(0, 3).join('/')
  const other = draw.id('path')
  const rest = draw.random.pick([
    () => '',
    () => file,
    () => `${folder}/plain.txt`,
    () => `${folder}/made-${draw.random(100)}.txt`,
    () => `${folder}/..%2f..%2f..%2f${other}`,
    () => `${folder}/%2e%2e%2f%2e%2e%2f%2e%2e%2f${other}`,
    () => `${draw.id('path').split('/')[0]}/${other.split('/').slice(1).join('/')}`,
    () => `.%2f${other}`,
    () => `${draw.run()}/plain.txt`,
    () => draw.model(),
  ])()
  const input = some({ ...everything('', draw), path: draw.random.pick(['plain.txt', '', inQuery, `../../${inQuery}`]) }, draw)
  return {
    door: 'wire',
    what: `${it.method} ${it.prefix}`,
    method: it.method,
    path: `${it.prefix}${it.prefix.endsWith('/') ? rest : ''}?${query(input)}`,
    ...(['PUT', 'POST', 'PATCH'].includes(it.method) && { body: draw.text() }),
    said: [...textsIn(input), rest, decodeURIComponent(rest), file, other, folder],
  }
}

/** All text in it, as it was given, and as JSON within JSON has it. */
export function textsIn(value: Json): string[] {
  if (typeof value === 'string') {
    if (!value.startsWith('{"')) return [value]
    return [value, JSON.stringify(value).slice(1, -1), ...textsIn(JSON.parse(value))]
  }
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return typeof value === 'object' && value ? Object.values(value).flatMap(textsIn) : []
}
