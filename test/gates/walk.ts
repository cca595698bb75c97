/**
 * Random sequences of what people do to versions with gates, eight connections at once: requests, votes, checks, moves, deletions and other
 * gates. What was written down meanwhile is then read from the beginning, and each step of it must have been allowed at its place.
 */
import { hashOf, lineOf } from '../../packages/server/src/registry/activity.ts'
import { basic, peopleOf } from '../people.ts'
import { type Platform, startPlatform } from '../platform.ts'
import { generator, type Random } from '../random.ts'

const connections = 8
/** Acts of one sequence. */
const acts = 8
const people = { ada: 'ADMIN', eve: 'ENGINEER', ed: 'ENGINEER', vi: 'VIEWER', amy: 'APPROVER', abe: 'APPROVER', ana: 'APPROVER' } as const
type Name = keyof typeof people
const names = Object.keys(people) as Name[]
const stages = ['None', 'Staging', 'Production', 'Archived']

const policies = [
  [{ stage: 'Production', approvals: 2, checks: ['ci'] }, { stage: '@champion' }],
  [
    { stage: 'Production', approvals: 1 },
    { stage: '@champ*', approvals: 2, selfApproval: true },
  ],
  [{ stage: 'Production', approvals: 0, checks: ['ci'] }],
  [
    { stage: 'Production', approvals: 2, selfApproval: true, approvers: { accounts: ['eve', 'amy'] } },
    { stage: 'Staging', approvals: 1 },
  ],
  [
    { stage: 'Production', approvals: 1, passers: { accounts: ['ed'] } },
    { stage: '@champion', from: ['Production'] },
  ],
]

interface Gate {
  stage: string
  approvals: number
  selfApproval: boolean
  checks: string[]
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

/** Answers how often each kind of thing happened; throws, with the seed, at the first that ought not to have. */
export async function walk(sequences: number, seed: number, say: (line: string) => void = () => {}): Promise<Record<string, number>> {
  const platform = await startPlatform({ access: 'accounts', logLevel: 'error' as never })
  const { send, ask, first, make } = peopleOf(() => platform)
  const happened: Record<string, number> = {}
  try {
    await first()
    for (const name of names) if (name !== 'ada') await make(name, { default: people[name] })
    const begun = Date.now()
    for (let round = 0, done = 0; done < sequences; round++, done += connections) {
      const random = generator(seed * 1_000_003 + round)
      const name = `model ${round}`
      await act('eve', 'createRegisteredModel', '{ model { id } }', { input: { name } })
      for (let i = 0; i < 2; i++) await version(name)
      await act('ada', 'setRegistryPolicy', '{ policy { stages } }', { input: { model: name, gates: random.pick(policies) } })
      await Promise.all(Array.from({ length: connections }, (_, i) => sequence(name, generator(seed * 7919 + round * connections + i))))
      try {
        await judge(platform, name, happened)
      } catch (error) {
        throw new Error(`Round ${round} of seed ${seed}: ${(error as Error).message}`)
      }
      if (round % 100 === 99)
        say(`${done + connections} sequences, ${Math.round(((done + connections) / (Date.now() - begun)) * 1000)} a second`)
    }
    await judgeChain(platform)
    return happened
  } finally {
    await platform.stop()
  }

  async function act(who: Name, mutation: string, selection: string, variables: object, types = ''): Promise<any> {
    const args = Object.keys(variables)
    const of = (key: string) => (key === 'input' ? `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!` : types || 'ID!')
    const text = `mutation (${args.map((key) => `$${key}: ${of(key)}`)}) { ${mutation}(${args.map((key) => `${key}: $${key}`)}) ${selection} }`
    const { data, errors } = await ask(basic(who), text, variables)
    const known = [
      'PERMISSION_DENIED',
      'RESOURCE_CONFLICT',
      'RESOURCE_ALREADY_EXISTS',
      'INVALID_PARAMETER_VALUE',
      'RESOURCE_DOES_NOT_EXIST',
    ]
    const code = errors?.[0].extensions.code
    if (code && !known.includes(code)) throw new Error(`${mutation} by ${who}: ${code}, ${errors[0].message}`)
    return data?.[mutation]
  }

  function version(name: string) {
    return send('POST', '/api/2.0/mlflow/model-versions/create', { headers: basic('eve'), body: { name, source: 's3://bucket/model' } })
  }

  async function sequence(name: string, random: Random): Promise<void> {
    const wire = async (who: Name, method: string, path: string, body: object) => {
      const { status, json } = await send(method, `/api/2.0/mlflow/${path}`, { headers: basic(who), body: { name, ...body } })
      if (status >= 500) throw new Error(`${path} by ${who}: ${JSON.stringify(json)}`)
    }
    const open = async (who: Name): Promise<string> => {
      const { data } = await ask(
        basic(who),
        'query ($model: String!) { transitionRequests(model: $model, states: [OPEN], first: 20) { nodes { id } } }',
        { model: name },
      )
      return data.transitionRequests.nodes.length ? random.pick<{ id: string }>(data.transitionRequests.nodes).id : '999999999'
    }
    const on = () => 1 + random(3)
    const place = () => random.pick([...stages, 'Production', 'Production', '@champion', '@champion', '@shadow'])
    const decide = async (who: Name, verb: string) => act(who, `${verb}Transition`, '{ request { id } }', { request: await open(who) })
    const request = (who: Name) =>
      act(who, 'requestTransition', '{ request { id } }', {
        input: { name, version: on(), stage: place(), archiveExisting: random.chance(10) },
      })
    const all: Array<[number, (who: Name) => Promise<unknown>]> = [
      [22, request],
      [34, (who) => decide(who, 'approve')],
      [6, (who) => decide(who, random.pick(['reject', 'cancel']))],
      [
        12,
        (who) =>
          act(who, 'reportCheck', '{ check { name } }', {
            input: { name, version: on(), check: 'ci', state: random.pick(['PASSED', 'PASSED', 'FAILED', 'SKIPPED', 'RUNNING']) },
          }),
      ],
      [
        8,
        (who) =>
          wire(who, 'POST', 'model-versions/transition-stage', {
            version: String(on()),
            stage: random.pick(stages),
            archive_existing_versions: false,
          }),
      ],
      [6, (who) => wire(who, 'POST', 'registered-models/alias', { alias: random.pick(['champion', 'shadow']), version: String(on()) })],
      [2, (who) => wire(who, 'DELETE', 'registered-models/alias', { alias: random.pick(['champion', 'shadow']) })],
      [2, () => act('ada', 'setRegistryPolicy', '{ policy { stages } }', { input: { model: name, gates: random.pick(policies) } })],
      [2, async (who) => override(who, await open(who))],
      [1, (who) => wire(who, 'DELETE', 'model-versions/delete', { version: String(on()) })],
      [5, () => version(name)],
    ]
    for (let i = 0; i < acts; i++) {
      let at = random(100)
      const [, what] = all.find(([share]) => (at -= share) < 0)!
      await what(random.pick(names))
    }
  }

  async function override(who: Name, request: string): Promise<void> {
    await ask(basic(who), 'mutation ($id: ID!) { overrideCheck(request: $id, check: "ci", reason: "why not") { request { id } } }', {
      id: request,
    })
  }
}

const must = (isSo: boolean, what: string, row: Row): void => {
  if (!isSo) throw new Error(`${what}: ${JSON.stringify(row)}`)
}

/** Reads what was written down of a model, and what it has come to. */
async function judge({ db }: Platform, model: string, happened: Record<string, number>): Promise<void> {
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
  const checks = new Map<number, string>()
  const asked = new Map<number, Row>()
  const approvals = new Map<number, Set<string>>()
  const overridden = new Set<number>()
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
    const given = [...(approvals.get(row.requestId) ?? [])].filter(
      (actor) =>
        !gate ||
        gate.approvers.accounts.includes(actor) ||
        (gate.approvers.role === 'APPROVER' && ['APPROVER', 'ADMIN'].includes(people[actor as Name])),
    )
    const counted = given.filter((actor) => !gate || gate.selfApproval || actor !== request!.actor)
    must(counted.length >= (gate?.approvals ?? 1), `${counted.length} approvals open what wants ${gate?.approvals ?? 1}`, row)
    const isChecked = ['PASSED', 'SKIPPED'].includes(checks.get(version) ?? '') || overridden.has(row.requestId)
    must(!gate?.checks.includes('ci') || isChecked, 'The check had not passed', row)
  }

  for (const row of rows) {
    happened[row.kind] = (happened[row.kind] ?? 0) + 1
    const version = row.version!
    switch (row.kind) {
      case 'POLICY_CHANGED':
        gates = JSON.parse(row.data).gates
        break
      case 'VERSION_CREATED':
        stage.set(version, 'None')
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
      case 'CHECK_REPORTED':
        checks.set(version, row.to!)
        break
      case 'CHECK_OVERRIDDEN':
        overridden.add(row.requestId!)
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
  }
}

function same(is: unknown, said: unknown, what: string): void {
  if (JSON.stringify(is) !== JSON.stringify(said))
    throw new Error(`The ${what}: ${JSON.stringify(is)}, and written down is ${JSON.stringify(said)}`)
}

async function judgeChain({ db }: Platform): Promise<void> {
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
