/**
 * Tidegate as what is imported into. Always true: every request may be sent again, so each is, while the server is away for a
 * moment; and what is acknowledged is there.
 */
import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client, graphql } from '@tidegate/client'
import { kept } from './columns.ts'
import { type DatasetInput, type Experiment, type FileEntry, type Model, type Run, type Series, TransferError } from './record.ts'

export type State = 'FREE' | 'STARTED' | 'DONE' | 'HELD'

/** What a run comes to. */
export interface Checks {
  params: number
  tags: number
  inputs: number
  points: number
  digest: string
}

export interface ModelLink {
  run: string
  model: string
  output: boolean
  step: number
}

export interface Destination {
  readonly url: string
  /** The experiment of that name, without making it. */
  find(name: string): Promise<{ id: string; deleted: boolean } | undefined>
  /** Makes it where it is not there. */
  experiment(experiment: Experiment): Promise<{ id: string; deleted: boolean; made: boolean }>
  states(ids: string[]): Promise<State[]>
  /** Sends runs. A run that is refused is told of, and the others come. */
  runs(experiment: string, runs: readonly Run[], onRefusal: (run: Run, message: string) => void): Promise<Map<string, State>>
  points(experiment: string, series: readonly Series[]): Promise<void>
  /** Files of a run that are there: path to bytes. */
  files(run: string): Promise<Map<string, number>>
  /** Sends a file of a run of that experiment, which `experiment` has made or found. */
  file(experiment: string, run: string, file: FileEntry): Promise<void>
  finish(
    experiment: string,
    runs: Array<Checks & { id: string; deletedAt: number | undefined }>,
  ): Promise<Array<{ id: string; done: boolean; found: Checks }>>
  /** Sends models, and what runs used and made. Answers the ids that other models here have. */
  models(experiment: string, models: readonly Model[], links: readonly ModelLink[]): Promise<{ held: string[]; lost: number }>
  modelFiles(model: string): Promise<Map<string, number>>
  modelFile(experiment: string, model: string, file: FileEntry): Promise<void>
  finishExperiment(experiment: string, deletedAt: number): Promise<void>
  /** Brings a deleted experiment back, and deletes it again. */
  restore(experiment: string): Promise<void>
  remove(experiment: string): Promise<void>
}

const Find = graphql(`query FindExperiment($name: String!) { experiment(name: $name) { id deletedAt } }`)
const States = graphql(`query ImportStates($ids: [ID!]!) { importStates(ids: $ids) { state } }`)
const Make = graphql(
  `mutation ImportExperiment($input: ImportExperimentInput!) { importExperiment(input: $input) { made experiment { id deletedAt artifactLocation } } }`,
)
const Runs = graphql(`mutation ImportRuns($input: ImportRunsInput!) { importRuns(input: $input) { runs { id state } } }`)
const Points = graphql(`mutation ImportPoints($input: ImportPointsInput!) { importPoints(input: $input) { count } }`)
const Models = graphql(`mutation ImportModels($input: ImportModelsInput!) { importModels(input: $input) { held lost } }`)
const Finish = graphql(`mutation FinishImport($input: FinishImportInput!) {
  finishImport(input: $input) { runs { id done found { params tags inputs points digest } } }
}`)
const FinishExperiment = graphql(`mutation FinishExperiment($id: ID!, $deletedAt: Timestamp!) {
  finishExperiment(id: $id, deletedAt: $deletedAt) { id }
}`)

const Restore = graphql(`mutation RestoreForImport($id: ID!) { restoreExperiment(id: $id) { experiment { id } } }`)
const Remove = graphql(`mutation DeleteAfterImport($id: ID!) { deleteExperiment(id: $id) { experiment { id } } }`)

/** How long a server that is away is waited for, ms, and between tries. */
const patience = 60_000
const pause = 500

/** Whether the same request may do better later. */
const mayPass = (error: unknown) =>
  error instanceof ApiError && (error.code === 'UNREACHABLE' || error.status === 429 || error.status === 502 || error.status === 503)

export async function again<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + patience
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayPass(error) || Date.now() > end) throw error
      await sleep(pause)
    }
  }
}

/** Bytes of runs in one request, about: the server takes 4 MiB. A run of more is sent in parts. */
const mostBytes = 1_500_000
/** Values of models in one request. */
const mostModelPoints = 10_000
/** Bytes of data sets in one of MLflow's requests, which takes 64 MiB; a profile alone may have 16. */
const mostInputBytes = 16_000_000

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** Lists in pieces that fit into a request. */
function* pieces<T>(list: readonly T[], most: number, weight: (item: T) => number): Generator<T[]> {
  let piece: T[] = []
  let sum = 0
  for (const item of list) {
    const heavy = weight(item)
    if (piece.length && sum + heavy > most) {
      yield piece
      piece = []
      sum = 0
    }
    piece.push(item)
    sum += heavy
  }
  if (piece.length) yield piece
}

const inputToWire = ({ dataset: { sourceType: source_type, schema, profile, ...dataset }, tags }: DatasetInput) => ({
  dataset: { ...dataset, source_type, ...(schema !== null && { schema }), ...(profile !== null && { profile }) },
  tags,
})

export function tidegate(client: Client): Destination {
  const { url } = client
  const locations = new Map<string, string>()

  const sendRuns = async (
    experimentId: string,
    runs: readonly Run[],
    onRefusal: (run: Run, message: string) => void,
  ): Promise<Map<string, State>> => {
    const input = { experimentId, runs: runs.map(({ deletedAt: _, models: __, ...run }) => ({ ...run, endedAt: run.endedAt ?? null })) }
    try {
      const { importRuns } = await again(() => client.query(Runs, { input }))
      return new Map(importRuns.runs.map(({ id, state }) => [id, state]))
    } catch (error) {
      const refused = error instanceof ApiError && (error.code === 'INVALID_PARAMETER_VALUE' || error.code === 'REQUEST_TOO_LARGE')
      if (!refused || error.field === 'experiment_id') throw error
      if (runs.length === 1) {
        onRefusal(runs[0]!, error.message)
        return new Map()
      }
      // One of them is at fault: the others shall come.
      const half = runs.length >> 1
      return new Map([
        ...(await sendRuns(experimentId, runs.slice(0, half), onRefusal)),
        ...(await sendRuns(experimentId, runs.slice(half), onRefusal)),
      ])
    }
  }

  /**
   * One run in parts: params and tags add up, and so do its data sets, which go by MLflow's call. Each part says the parent, since the
   * last that is sent says where the run belongs.
   */
  const sendInParts = async (experiment: string, run: Run, onRefusal: (run: Run, message: string) => void): Promise<Map<string, State>> => {
    const parent = run.tags.filter(({ key }) => key === 'mlflow.parentRunId')
    const empty: Run = { ...run, params: [], tags: parent, inputs: [] }
    let states = new Map<string, State>()
    const parts = [
      empty,
      ...[...pieces(run.params, mostBytes, bytesOf)].map((params) => ({ ...empty, params })),
      ...[...pieces(run.tags, mostBytes, bytesOf)].map((tags) => ({ ...empty, tags: [...parent, ...tags] })),
    ]
    for (const part of parts) {
      states = await sendRuns(experiment, [part], (_, message) => onRefusal(run, message))
      if (states.get(run.id) !== 'STARTED') return states
    }
    for (const inputs of pieces(run.inputs, mostInputBytes, bytesOf)) {
      const body = Buffer.from(JSON.stringify({ run_id: run.id, datasets: inputs.map(inputToWire) }))
      try {
        await again(() =>
          send(`${url}/api/2.0/mlflow/runs/log-inputs`, 'POST', { 'content-type': 'application/json' }, Readable.from([body])),
        )
      } catch (error) {
        if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500) throw error
        onRefusal(run, error.message)
        return new Map()
      }
    }
    return states
  }

  /** All files that a list of one folder after the other names: path to bytes. */
  const listed = async (of: (path: string) => string): Promise<Map<string, number>> => {
    const found = new Map<string, number>()
    const folder = async (path: string): Promise<void> => {
      const answer = await again(() => fetchJson(`${url}/api/2.0/mlflow/${of(path)}`))
      for (const file of (answer.files ?? []) as Array<{ path: string; is_dir: boolean; file_size?: number }>) {
        if (file.is_dir) await folder(file.path)
        else found.set(file.path, file.file_size ?? 0)
      }
    }
    await folder('')
    return found
  }

  /** Sends a file, and holds what came against what was sent. */
  const put = async (method: string, to: string, file: FileEntry, of: string): Promise<void> => {
    await again(async () => {
      const sum = createHash('sha256')
      const counted = new Transform({
        transform(chunk, _encoding, done) {
          sum.update(chunk)
          done(null, chunk)
        },
      })
      const from = await file.open()
      from.on('error', (error) => counted.destroy(error))
      let readError: Error | undefined
      counted.on('error', (error) => (readError = error))
      const answer = await send(to, method, { 'want-repr-digest': 'sha-256=1' }, from.pipe(counted)).catch((error) => {
        throw readError ?? error
      })
      const theirs = answer.headers.get('repr-digest')
      if (theirs !== `sha-256=:${sum.digest('base64')}:`) {
        throw new TransferError(`${file.path} of ${of} came to ${url} with other bytes than it has. Import again: it is sent anew.`)
      }
    })
  }

  return {
    url,
    async find(name) {
      const { experiment } = await again(() => client.query(Find, { name }))
      return experiment ? { id: experiment.id, deleted: experiment.deletedAt !== null } : undefined
    },
    async experiment({ id, name, createdAt, updatedAt, tags }) {
      const { importExperiment } = await again(() => client.query(Make, { input: { id, name, createdAt, updatedAt, tags } }))
      const { made, experiment } = importExperiment
      locations.set(experiment.id, experiment.artifactLocation)
      return { made, id: experiment.id, deleted: experiment.deletedAt !== null }
    },
    async states(ids) {
      const found: State[] = []
      for (const piece of pieces(ids, 1000, () => 1)) {
        found.push(...(await again(() => client.query(States, { ids: piece }))).importStates.map(({ state }) => state))
      }
      return found
    },
    async runs(experiment, runs, onRefusal) {
      const states = new Map<string, State>()
      for (const piece of pieces(runs, mostBytes, bytesOf)) {
        const isHeavy = piece.length === 1 && bytesOf(piece[0]) > mostBytes
        const sent = isHeavy ? await sendInParts(experiment, piece[0]!, onRefusal) : await sendRuns(experiment, piece, onRefusal)
        for (const [id, state] of sent) states.set(id, state)
      }
      return states
    },
    async points(experimentId, series) {
      const input = {
        experimentId,
        series: series.map(({ run, key, steps, times, values }) => ({
          run,
          key,
          steps: Array.from(steps),
          times: Array.from(times),
          // JSON has no NaN.
          values: Array.from(values, (value) => (Number.isNaN(value) ? ('NaN' as const) : kept(value))),
        })),
      }
      await again(() => client.query(Points, { input }))
    },
    files: (run) => listed((path) => `artifacts/list?${new URLSearchParams({ run_id: run, path })}`),
    modelFiles: (model) =>
      listed((path) => `logged-models/${model}/artifacts/directories?${new URLSearchParams({ artifact_directory_path: path })}`),
    async file(experiment, run, file) {
      const root = /^mlflow-artifacts:\/*(.*?)\/*$/.exec(locations.get(experiment) ?? '')?.[1]
      const path = `${root}/${run}/artifacts/${file.path}`.split('/').map(encodeURIComponent).join('/')
      // What lies elsewhere goes to where the run's files are, which takes no empty ones.
      const elsewhere = `/ajax-api/2.0/mlflow/upload-artifact?${new URLSearchParams({ run_id: run, path: file.path })}`
      const [method, to] = root === undefined ? ['POST', url + elsewhere] : ['PUT', `${url}/api/2.0/mlflow-artifacts/artifacts/${path}`]
      await put(method, to, file, `run ${run}`)
    },
    async finish(experimentId, runs) {
      const input = { experimentId, runs: runs.map((run) => ({ ...run, deletedAt: run.deletedAt ?? null })) }
      return (await again(() => client.query(Finish, { input }))).finishImport.runs
    },
    async models(experimentId, models, links) {
      const wired = models.map(({ metrics, ...model }) => ({
        ...model,
        metrics: metrics.map((point) => ({ ...point, value: Number.isNaN(point.value) ? ('NaN' as const) : kept(point.value) })),
      }))
      const held: string[] = []
      let lost = 0
      const bring = async (input: { models: typeof wired; links: ModelLink[] }) => {
        const { importModels } = await again(() => client.query(Models, { input: { experimentId, ...input } }))
        held.push(...importModels.held)
        lost += importModels.lost
      }
      for (const model of wired) {
        // A model with very many values comes in parts: what is sent again is what it lacks.
        const [first = [], ...rest] = [...pieces(model.metrics, mostModelPoints, () => 1)]
        await bring({ models: [{ ...model, metrics: first }], links: [] })
        for (const metrics of rest) await bring({ models: [{ ...model, params: [], tags: [], metrics }], links: [] })
      }
      for (const piece of pieces(links, mostModelPoints, () => 1)) await bring({ models: [], links: piece })
      return { held, lost }
    },
    async modelFile(experiment, model, file) {
      const root = /^mlflow-artifacts:\/*(.*?)\/*$/.exec(locations.get(experiment) ?? '')?.[1]
      if (root === undefined)
        throw new TransferError(`The files of the model ${model} belong to ${locations.get(experiment)}, which takes none through ${url}.`)
      const path = `${root}/models/${model}/artifacts/${file.path}`.split('/').map(encodeURIComponent).join('/')
      await put('PUT', `${url}/api/2.0/mlflow-artifacts/artifacts/${path}`, file, `model ${model}`)
    },
    async finishExperiment(id, deletedAt) {
      await again(() => client.query(FinishExperiment, { id, deletedAt }))
    },
    async remove(id) {
      await again(() => client.query(Remove, { id }))
    },
    async restore(id) {
      await again(() => client.query(Restore, { id }))
    },
  }
}

async function send(url: string, method: string, headers: Record<string, string>, body?: Readable): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { method, headers, ...(body && { body: Readable.toWeb(body) as never, duplex: 'half' as never }) })
  } catch (error) {
    throw new ApiError('UNREACHABLE', `No answer from ${new URL(url).origin}: ${(error as Error).message}`, { cause: error })
  }
  if (response.ok) return response
  const text = await response.text()
  let said: { error_code?: string; message?: string } = {}
  try {
    said = JSON.parse(text)
  } catch {
    // What stands between may answer in its own way.
  }
  throw new ApiError(said.error_code ?? 'HTTP_ERROR', said.message ?? `${url} answered ${response.status}: ${text.slice(0, 200)}`, {
    status: response.status,
  })
}

const fetchJson = async (url: string) => (await (await send(url, 'GET', {})).json()) as Record<string, unknown>
