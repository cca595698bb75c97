/** Making a run, and finding what it has. */
import { ApiError } from './api-error.ts'
import type { KeyValue } from './entries.ts'
import { callWire } from './exchange.ts'
import { experimentId } from './experiment.ts'

/** A run as it is wanted. */
export interface NewRun {
  /** 32 hexadecimal digits, made up here, so that sending it again makes no second one. A run of a `key` has one of the server's. */
  id: string
  /** Of `autoresume`: the experiment has one run of it. */
  key?: string | undefined
  /** The experiment's name. */
  experiment?: string | undefined
  experimentId?: string | undefined
  /** True where the run is there already. */
  resumed?: boolean
  name?: string | undefined
  user?: string | undefined
  /** ms since 1970 */
  startedAt: number
  tags: KeyValue[]
}

/** A run as it is on the server. */
export interface Made {
  id: string
  name: string
  experimentId: string
  status: string
  /** The newest step of each metric. */
  steps: Map<string, number>
  params: Map<string, string>
  tags: Map<string, string>
}

interface WireRun {
  info: { run_id: string; run_name: string; experiment_id: string; status: string; lifecycle_stage: string }
  data: { metrics?: Array<{ key: string; step: number }>; params?: KeyValue[]; tags?: KeyValue[] }
}

function madeOf({ info, data }: WireRun): Made {
  if (info.lifecycle_stage === 'deleted') {
    throw new ApiError('INVALID_STATE', `The run '${info.run_name}' (${info.run_id}) is deleted. Restore it, or start another.`)
  }
  return {
    id: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    status: info.status,
    steps: new Map(data.metrics?.map(({ key, step }) => [key, Number(step)])),
    params: new Map(data.params?.map(({ key, value }) => [key, value])),
    tags: new Map(data.tags?.map(({ key, value }) => [key, value])),
  }
}

/** The run of an id. Throws ApiError where there is none, or it is deleted. */
export async function findRun(origin: string, id: string): Promise<Made> {
  return madeOf(((await callWire(origin, 'GET', 'runs/get', { run_id: id })) as { run: WireRun }).run)
}

/** How one request is made: once, or again and again. */
export type Send = <T>(attempt: () => Promise<T>) => Promise<T>

/** Makes the run, or finds it where it was made before. */
export async function makeRun(origin: string, wanted: NewRun, send: Send): Promise<Made> {
  const { id, key, experiment, experimentId: given, name, user, startedAt, tags } = wanted
  const request = {
    experiment_id: given ?? (experiment === undefined ? '0' : await send(() => experimentId(origin, experiment))),
    run_name: name,
    user_id: user,
    start_time: startedAt,
    tags,
    ...(key === undefined ? { run_id: id } : { idempotency_key: `autoresume/${key}` }),
  }
  const { run } = (await send(() => callWire(origin, 'POST', 'runs/create', request))) as { run: WireRun }
  return madeOf(run)
}

/** A run that ended goes on. */
export async function goOn(origin: string, { id, status }: Made): Promise<void> {
  if (status !== 'RUNNING') await callWire(origin, 'POST', 'runs/update', { run_id: id, status: 'RUNNING' })
}
