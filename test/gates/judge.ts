/**
 * Whether what was written down of a model may have happened. It is read from the beginning, and each step of it must have been allowed at its place: by the
 * gate that stood then, and by what the server's own checks must have found then.
 */
import { hashOf, lineOf } from '../../packages/server/src/registry/activity.ts'
import type { Platform } from '../platform.ts'
import { type Made, mustPass, type Name, type Params, people } from './material.ts'

interface Gate {
  stage: string
  approvals: number
  selfApproval: boolean
  checks: string[]
  params: Params
  approvers: { role: string | null; accounts: string[] }
  passers?: { accounts: string[] } | null
}
interface Row {
  id: string
  seq: number
  kind: string
  version: number | null
  actor: string
  from: string | null
  to: string | null
  requestId: number | null
  data: string
}

const must = (isSo: boolean, what: string, row: Row): void => {
  if (!isSo) throw new Error(`${what}: ${JSON.stringify(row)}`)
}

/** What is known beside what was written down. */
interface Material {
  /** What the versions of a run are made of. */
  runs: ReadonlyMap<string, Made>
  /** The gates of each policy, as the server wrote them down when it was set by itself. */
  gates: ReadonlySet<string>
}

/** Reads what was written down of a model, and what it has come to, when nothing is done to it any more. */
export async function judge(
  { db }: Platform,
  model: string,
  { runs, gates: known }: Material,
  happened: Record<string, number>,
): Promise<void> {
  const rows = (await db.query(
    `SELECT id, seq, kind, version, actor, from_value AS "from", to_value AS "to", request_id AS "requestId", data FROM activity WHERE model = $1 ORDER BY seq`,
    [model],
  )) as Row[]
  const requests = (await db.query(
    `SELECT r.id, r.state, r.actor, r.to_stage AS "to", v.version, v.stage FROM transition_request r JOIN model_version v ON v.id = r.version_id
     JOIN registered_model m ON m.id = r.model_id WHERE m.name = $1`,
    [model],
  )) as Array<{ id: number; state: string; actor: string; to: string; version: number; stage: string }>
  let gates: Gate[] = []
  const stage = new Map<number, string>()
  const alias = new Map<string, number>()
  /** By version and name. */
  const checks = new Map<string, string>()
  const made = new Map<number, Made>()
  const card = new Map<number, string>()
  const asked = new Map<number, Row>()
  const approvals = new Map<number, Set<string>>()
  const overridden = new Set<string>()
  const ended = new Map<number, string>()
  const gateOf = (place: string) =>
    gates.find((gate) => gate.stage === place) ??
    gates.find((gate) => gate.stage.startsWith('@') && gate.stage.endsWith('*') && place.startsWith(gate.stage.slice(0, -1)))

  const passes = (row: Row, place: string, version: number): void => {
    const gate = gateOf(place)
    if (row.requestId === null) {
      const isUnasked = JSON.parse(row.data || '{}').unasked === true
      must(!gate || (isUnasked && (gate.passers?.accounts.includes(row.actor) ?? false)), `It went round the gate of ${place}`, row)
      return
    }
    const request = asked.get(row.requestId)
    must(request?.to === place && request.version === version, 'Its request asks for something else', row)
    must(!ended.has(row.requestId), 'Its request was closed before', row)
    ended.set(row.requestId, 'APPROVED')
    const lacks = missing(row.requestId, gate)
    must(lacks === undefined, lacks ?? '', row)
  }

  /** What a request waits for, by this gate. */
  function missing(id: number, gate: Gate | undefined): string | undefined {
    const request = asked.get(id)!
    const counted = [...(approvals.get(id) ?? [])].filter(
      (actor) =>
        !gate ||
        ((gate.approvers.accounts.includes(actor) ||
          (gate.approvers.role === 'APPROVER' && ['APPROVER', 'ADMIN'].includes(people[actor as Name]))) &&
          (gate.selfApproval || actor !== request.actor)),
    )
    if (counted.length < (gate?.approvals ?? 1)) return `${counted.length} approvals open what wants ${gate?.approvals ?? 1}`
    const isMet = (check: string): boolean => {
      if (overridden.has(`${id} ${check}`)) return true
      if (!check.startsWith('tidegate/')) return ['PASSED', 'SKIPPED'].includes(checks.get(`${request.version} ${check}`) ?? '')
      return mustPass(check, request.version!, request.to!, gate!.params, { made, card, stage, alias })
    }
    const unmet = gate?.checks.find((check) => !isMet(check))
    return unmet && `The check ${unmet} can't have passed`
  }

  for (const row of rows) {
    happened[row.kind] = (happened[row.kind] ?? 0) + 1
    const version = row.version!
    switch (row.kind) {
      case 'POLICY_CHANGED':
        gates = JSON.parse(row.data).gates
        must(row.actor === 'ada', 'Who does not manage the workspace set its gates', row)
        must(known.has(JSON.stringify(gates)), 'Nobody asked for these gates', row)
        break
      case 'VERSION_CREATED': {
        const { run, description } = JSON.parse(row.data)
        stage.set(version, 'None')
        made.set(version, runs.get(run)!)
        card.set(version, description)
        break
      }
      case 'VERSION_DESCRIBED':
        card.set(version, row.to!)
        break
      case 'VERSION_DELETED':
        stage.delete(version)
        for (const [name, at] of alias) if (at === version) alias.delete(name)
        break
      case 'STAGE_CHANGED':
        must(row.from === stage.get(version), 'It was elsewhere', row)
        if (row.from !== row.to || row.requestId !== null) passes(row, row.to!, version)
        stage.set(version, row.to!)
        break
      case 'STAGE_CHANGED_ALONG':
        must(row.from === stage.get(version), 'It was elsewhere', row)
        stage.set(version, row.to!)
        break
      case 'ALIAS_SET':
      case 'ALIAS_DELETED': {
        const { alias: name } = JSON.parse(row.data)
        const before = alias.get(name)
        must(row.from === (before === undefined ? null : String(before)), 'It stood for another', row)
        const to = row.kind === 'ALIAS_SET' ? version : undefined
        if (to !== before) passes(row, `@${name}`, version)
        if (to === undefined) alias.delete(name)
        else alias.set(name, to)
        break
      }
      case 'CHECK_REPORTED': {
        const { check } = JSON.parse(row.data)
        must(check.startsWith('tidegate/') === (row.actor === 'Tidegate'), 'It is not for them to report', row)
        if (row.actor === 'Tidegate') happened[`${check} ${row.to}`] = (happened[`${check} ${row.to}`] ?? 0) + 1
        else checks.set(`${version} ${check}`, row.to!)
        break
      }
      case 'CHECK_OVERRIDDEN':
        must(row.actor === 'ada', 'Who does not manage the workspace let it pass', row)
        overridden.add(`${row.requestId} ${JSON.parse(row.data).check}`)
        break
      case 'TRANSITION_REQUESTED':
        asked.set(row.requestId!, row)
        break
      case 'TRANSITION_APPROVED':
        must(!ended.has(row.requestId!), 'It was closed before', row)
        if (!approvals.has(row.requestId!)) approvals.set(row.requestId!, new Set())
        approvals.get(row.requestId!)!.add(row.actor)
        break
      case 'TRANSITION_REJECTED':
      case 'TRANSITION_CANCELLED':
      case 'TRANSITION_SUPERSEDED':
        must(!ended.has(row.requestId!), 'It was closed before', row)
        ended.set(row.requestId!, row.kind.slice('TRANSITION_'.length))
        break
    }
  }
  // What is written down is what is.
  const versions = (await db.query(
    'SELECT v.version, v.stage FROM model_version v JOIN registered_model m ON m.id = v.registered_model_id WHERE m.name = $1 ORDER BY 1',
    [model],
  )) as Array<{ version: number; stage: string }>
  same(
    versions.map(({ version, stage }) => [version, stage]),
    [...stage].sort(([a], [b]) => a - b),
    'stages',
  )
  const aliases = (await db.query(
    `SELECT a.alias, v.version FROM model_alias a JOIN registered_model m ON m.id = a.registered_model_id JOIN model_version v ON v.id = a.version_id
     WHERE m.name = $1 ORDER BY 1`,
    [model],
  )) as Array<{ alias: string; version: number }>
  same(
    aliases.map(({ alias, version }) => [alias, version]),
    [...alias].sort(([a], [b]) => (a < b ? -1 : 1)),
    'aliases',
  )
  for (const { id, state, to, version, stage } of requests) {
    same(state, ended.get(id) ?? 'OPEN', `request ${id}`)
    if (state !== 'OPEN') continue
    if (to === stage || alias.get(to.slice(1)) === version) throw new Error(`Request ${id} is open, and version ${version} is in ${to}.`)
    const gate = gateOf(to)
    if (gate && missing(id, gate) === undefined) throw new Error(`Request ${id} is open, and waits for nothing: ${JSON.stringify(gate)}`)
  }
}

function same(is: unknown, said: unknown, what: string): void {
  if (JSON.stringify(is) !== JSON.stringify(said))
    throw new Error(`The ${what}: ${JSON.stringify(is)}, and written down is ${JSON.stringify(said)}`)
}

export async function judgeChain({ db }: Platform): Promise<void> {
  let before = ''
  const rows = await db.query(
    `SELECT seq::float8 AS seq, at::float8 AS at, kind, workspace_id AS "workspaceId", model_id AS "modelId", model, version, account_id AS "accountId", actor,
       from_value AS "from", to_value AS "to", comment, request_id AS "requestId", data, door, through, hash FROM activity ORDER BY workspace_id, seq`,
  )
  for (const row of rows as any[]) {
    before = hashOf(before, lineOf(row))
    if (row.hash !== before) throw new Error(`The chain is broken at ${row.seq}.`)
  }
}
