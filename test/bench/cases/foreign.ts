/**
 * Whether the time of an answer tells a thing of another workspace from one that never was: each door is asked for both in turn by who may see
 * neither, and the medians are printed beside each other. That the answers and the statements behind them are the same is a test's
 * (test/access); of times no test can be sure.
 */
import { doorsOf } from '../../access/doors.ts'
import { type Ids, unknown, type World } from '../../access/ids.ts'
import { median } from '../figures.ts'

/** Sends as somebody: the status and the text of the answer. */
export type Send = (method: string, path: string, body?: string) => Promise<{ status: number; text: string }>

/** A workspace that who is measured is not in, with things of most kinds: their ids. By who manages the installation, in that workspace. */
export async function makeForeign(send: Send): Promise<Ids> {
  const ask = async (query: string) => {
    const { data, errors } = JSON.parse((await send('POST', '/graphql', JSON.stringify({ query }))).text)
    if (errors) throw new Error(errors[0].message)
    return Object.values(data)[0] as any
  }
  const call = async (path: string, input: object) =>
    JSON.parse((await send('POST', `/api/2.0/mlflow/${path}`, JSON.stringify(input))).text)
  const experimentName = 'of others'
  const { experiment_id: experiment } = await call('experiments/create', { name: experimentName })
  const { experiment_id: deletedExperiment } = await call('experiments/create', { name: 'deleted' })
  await call('experiments/delete', { experiment_id: deletedExperiment })
  const makeRun = async () => (await call('runs/create', { experiment_id: experiment, start_time: 1 })).run.info.run_id as string
  const [run, deletedRun] = [await makeRun(), await makeRun()]
  await call('runs/delete', { run_id: deletedRun })
  const model = (await call('logged-models', { experiment_id: experiment, name: 'net', source_run_id: run })).model.info.model_id as string
  const registered = 'of-others'
  await call('registered-models/create', { name: registered })
  await call('model-versions/create', { name: registered, source: `mlflow-artifacts:/${experiment}/${run}/artifacts`, run_id: run })
  const { view } = await ask(`mutation { createSavedView(experiment: "${experiment}", name: "v", query: "q=1") { view { id } } }`)
  const { rule } = await ask(
    `mutation { createAlertRule(input: { experimentId: "${experiment}", name: "r", condition: { kind: NOT_FINITE } }) { rule { id } } }`,
  )
  const { comment } = await ask(`mutation { addVersionComment(name: "${registered}", version: 1, text: "said") { comment { id } } }`)
  const { request } = await ask(
    `mutation { requestTransition(input: { name: "${registered}", version: 1, stage: "Production" }) { request { id } } }`,
  )
  const team = 'their team'
  await ask(`mutation { createTeam(name: "${team}") { team { id } } }`)
  const { role } = await ask('mutation { createRole(name: "their role") { role { id } } }')
  const { rule: line } = await ask(`mutation { addRule(role: "${role.id}", kind: EXPERIMENT, permission: READ) { rule { id } } }`)
  return {
    ...unknown,
    ...{ workspace: 'foreign', experiment, experimentName, deletedExperiment, run, deletedRun, model, registered, team },
    path: `${experiment}/${run}/artifacts/notes.txt`,
    ...{ view: view.id, rule: rule.id, comment: comment.id, request: request.id, customRole: role.id, roleRule: line.id },
  }
}

export interface Told {
  name: string
  none: number
  foreign: number
}

/** Of each door that refuses both, the medians, ms. */
export async function timesOf(send: Send, foreign: Ids, rounds: number): Promise<Told[]> {
  const own = { ...unknown, marker: 'bench' } as World
  const told: Told[] = []
  for (const door of await doorsOf(own)) {
    if (door.face === 'subscription' || / import|\/auth\/|\/sso\//.test(door.name)) continue
    const [a, b] = [unknown, foreign].map((at) => door.request(at))
    if (JSON.stringify(a) === JSON.stringify(b)) continue
    const times: [number[], number[]] = [[], []]
    let isRefused = true
    for (let i = -2; i < rounds && isRefused; i++) {
      // Who is first is not always the same.
      for (const which of i % 2 ? [0, 1] : [1, 0]) {
        const { method, path, body } = which ? b! : a!
        const start = performance.now()
        const { status, text } = await send(method, path, body)
        if (i >= 0) times[which]!.push(performance.now() - start)
        isRefused &&= status >= 400 || text.includes('"errors":')
      }
    }
    if (isRefused) told.push({ name: door.name, none: median(times[0]), foreign: median(times[1]) })
  }
  return told
}

/** Each door with both, the furthest apart first. */
export const tell = (told: Told[]): string =>
  told
    .toSorted((a, b) => Math.abs(b.foreign - b.none) - Math.abs(a.foreign - a.none))
    .map(({ name, none, foreign }) => `${name}: ${none.toFixed(2)} and ${foreign.toFixed(2)}`)
    .join('\n')
