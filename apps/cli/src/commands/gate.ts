/**
 * `tidegate gate`: asks for transitions of versions, says how they stand, answers them, and reports checks, as pipelines do. Always true: its
 * exit code says how the request ended, so a pipeline's next step need not read what was printed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client, graphql, type ResultOf } from '@tidegate/client'
import { InvalidArgumentError } from 'commander'
import { examples } from '../examples.ts'
import { exit, notFound, Stop, usage } from '../exit.ts'
import { time } from '../output.ts'
import type { Commands, Session } from '../session.ts'
import { addPolicy } from './gate-policy.ts'

const Facts = graphql(`
  fragment GateRequest on TransitionRequest {
    id
    from
    to
    state
    comment
    requestedBy
    requestedAt
    expiresAt
    closedAt
    closedBy
    closedComment
    approvalsNeeded
    approvals { by comment time }
    checks { name isMet check { state summary url numbers { name value } } override { by reason } }
    version { name version stage }
  }
`)
const Ask = graphql(
  `mutation GateRequest($input: RequestTransitionInput!) { requestTransition(input: $input) { request { ...GateRequest } } }`,
  [Facts],
)
const Mine = graphql(`
  query GateMine($model: String!, $stage: String!) {
    transitionRequests(states: [OPEN], mine: true, model: $model, stage: $stage, first: 1000) { nodes { id version { version } } }
  }
`)
const One = graphql(`query GateStatus($id: ID!) { transitionRequest(id: $id) { ...GateRequest } }`, [Facts])
const OfVersion = graphql(
  `query GateOfVersion($name: String!, $version: Int!) { modelVersion(name: $name, version: $version) { requests { ...GateRequest } } }`,
  [Facts],
)
const Approve = graphql(
  `mutation GateApprove($id: ID!, $comment: String, $archiveExisting: Boolean) {
    approveTransition(request: $id, comment: $comment, archiveExisting: $archiveExisting) { request { ...GateRequest } }
  }`,
  [Facts],
)
const Reject = graphql(
  `mutation GateReject($id: ID!, $comment: String) { rejectTransition(request: $id, comment: $comment) { request { ...GateRequest } } }`,
  [Facts],
)
const Report = graphql(`
  mutation GateCheck($input: ReportCheckInput!) {
    reportCheck(input: $input) { check { name state summary url numbers { name value } by time } }
  }
`)
type Request = ResultOf<typeof Facts>

const states = ['queued', 'running', 'passed', 'failed', 'skipped'] as const
/** How often it is looked, ms: soon at first, and then seldom. */
const looks = [500, 1_000, 2_000, 5_000]

/** `load-forecaster/3`, as MLflow has it with `models:/` before it. */
function versionOf(text: string): { name: string; version: number } {
  const [, name, version] = /^(?:models:\/+)?([^/]+)\/(\d{1,9})$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('Name a version as MODEL/NUMBER, such as load-forecaster/3.')
  return { name, version: Number(version) }
}
type Version = ReturnType<typeof versionOf>

/** The same of an argument that may be something else too: that is not commander's to refuse. */
function given(text: string): Version {
  try {
    return versionOf(text)
  } catch (error) {
    throw usage((error as Error).message)
  }
}

/** `90s`, `30m`, `2h`, in ms. */
function durationOf(text: string): number {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? []
  if (unit === undefined) throw new InvalidArgumentError('Give a time, such as 90s, 30m or 2h.')
  return Number(count) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 's']
}

function numberOf(text: string, before: Array<{ name: string; value: number }> = []): Array<{ name: string; value: number }> {
  const [, name, said] = /^([^=]+)=(.+)$/.exec(text) ?? []
  const value = Number(said)
  if (name === undefined || !Number.isFinite(value)) throw new InvalidArgumentError('Give NAME=NUMBER, such as accuracy=0.93.')
  return [...before, { name, value }]
}

const pageOf = ({ access }: Session, { name, version }: Version) => `${access.url}/models/${encodeURIComponent(name)}/${version}`

/** What it waits for, a line each. */
function waitsFor({ approvals, approvalsNeeded, checks }: Request): string[] {
  const missing = approvalsNeeded - approvals.length
  return [
    ...(missing > 0 ? [`${missing} more ${missing === 1 ? 'approval' : 'approvals'}`] : []),
    ...checks
      .filter(({ isMet }) => !isMet)
      .map(
        ({ name, check }) =>
          `check ${name}: ${check ? [check.state.toLowerCase(), check.summary].filter(Boolean).join(', ') : 'not heard of yet'}`,
      ),
  ]
}

/** Says how it stands, and ends with the code for it. */
function tell(session: Session, request: Request, { asked = false } = {}): void {
  const { out } = session
  const { version, ...rest } = request
  const url = pageOf(session, version)
  const isOpen = request.state === 'OPEN'
  const waiting = isOpen ? waitsFor(request) : []
  const checks = rest.checks.map(({ check, ...each }) => ({ ...each, check: check && { ...check, numbers: named(check.numbers) } }))
  out.document({ ...rest, checks, model: version.name, version: version.version, stage: version.stage, waitsFor: waiting, url }, () =>
    out.facts(`Request ${request.id}: ${version.name}/${version.version} into ${request.to}`, [
      ['state', request.state.toLowerCase()],
      ['asked by', `${request.requestedBy}, ${time(request.requestedAt)}`],
      ['why', request.comment],
      ['approvals', `${request.approvals.length} of ${request.approvalsNeeded}${names(request.approvals)}`],
      ...waiting.map((each): [string, string] => ['waits for', each]),
      ['closed by', request.closedBy ? `${request.closedBy}, ${time(request.closedAt)}` : ''],
      ['said', request.closedComment ?? ''],
      ['page', url],
    ]),
  )
  if (request.state === 'APPROVED' || (isOpen && asked)) return
  if (isOpen) throw new Stop(exit.waiting, `Request ${request.id} waits: ${waiting.join('; ') || 'for its approval'}.`, { code: 'WAITING' })
  throw new Stop(exit.failed, `Request ${request.id} is ${request.state.toLowerCase()}.`, { code: request.state })
}
const names = (approvals: Request['approvals']) => (approvals.length ? `: ${approvals.map(({ by }) => by).join(', ')}` : '')
const named = (numbers: ReadonlyArray<{ name: string; value: number }>) =>
  Object.fromEntries(numbers.map(({ name, value }) => [name, value]))

async function read(client: Client, id: string, signal: AbortSignal): Promise<Request> {
  const { transitionRequest } = await client.query(One, { id }, { signal })
  if (!transitionRequest) throw notFound(`There is no request ${id}.`)
  return transitionRequest
}

interface Waiting {
  wait?: boolean
  timeout?: number
}

/** Until it is closed, or its time is over. A server that goes away meanwhile is asked again. */
async function awaitEnd({ client, out, signal }: Session, request: Request, { wait, timeout }: Waiting): Promise<Request> {
  if (timeout !== undefined && !wait) throw usage('--timeout is of --wait: say both.')
  if (!wait) return request
  const until = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeout
  let said = ''
  let now = request
  for (let turn = 0; now.state === 'OPEN'; turn++) {
    const words = waitsFor(now).join('; ')
    if (words !== said) out.note(`Request ${now.id} waits: ${words || 'for its approval'}.`)
    said = words
    const rest = Math.min(looks[Math.min(turn, looks.length - 1)]!, until - Date.now())
    if (rest <= 0) break
    await sleep(rest, undefined, { signal }).catch(() => signal.throwIfAborted())
    try {
      now = await read(client, now.id, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'UNREACHABLE') throw error
      out.note('The server can’t be reached; trying again.')
    }
  }
  return now
}

/** A pipeline that runs again goes on with what it asked for: it is open, or the version came in by it. */
async function earlier({ client, signal }: Session, of: Version, stage: string, code: string): Promise<Request | undefined> {
  if (code === 'RESOURCE_ALREADY_EXISTS') {
    const { transitionRequests } = await client.query(Mine, { model: of.name, stage }, { signal })
    const open = transitionRequests.nodes.find(({ version }) => version.version === of.version)
    return open && read(client, open.id, signal)
  }
  if (code !== 'INVALID_PARAMETER_VALUE') return undefined
  const { modelVersion } = await client.query(OfVersion, of, { signal })
  const isThere = ({ state, to, version }: Request) => state === 'APPROVED' && to === stage && version.stage === stage
  return modelVersion?.requests.find(isThere)
}

const requestId = (text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give the number of a request, as `gate request` and its page show it.')
  return text
}

export default ((program, act) => {
  const group = program.command('gate').description('what lets versions into stages: request, status, approve, reject, check, policy')

  const request = group
    .command('request')
    .description('asks for a version to come into a stage; one that is open already goes on')
    .argument('<version>', 'MODEL/NUMBER', versionOf)
    .argument('<stage>', 'the stage')
    .option('-c, --comment <text>', 'why')
    .option('--archive-existing', 'those that stand there go into the archive')
    .option('-w, --wait', 'until it is approved, or closed')
    .option('--timeout <time>', 'waits at most so long: 90s, 30m, 2h', durationOf)
  examples(
    request,
    'gate request load-forecaster/3 Production --comment "beats v2"',
    'gate request load-forecaster/3 Production --wait --timeout 30m',
  ).action(
    act(async (session, of: Version, stage: string, flags: Waiting & { comment?: string; archiveExisting?: boolean }) => {
      const { client, out, signal } = session
      const { comment, archiveExisting = false, wait, timeout } = flags
      if (timeout !== undefined && !wait) throw usage('--timeout is of --wait: say both.')
      let made: Request
      try {
        made = (await client.query(Ask, { input: { ...of, stage, comment, archiveExisting } }, { signal })).requestTransition.request
      } catch (error) {
        const before = error instanceof ApiError && (await earlier(session, of, stage, error.code))
        if (!before) throw error
        out.note(`Request ${before.id} was there already.`)
        made = before
      }
      tell(session, await awaitEnd(session, made, { ...(wait && { wait }), ...(timeout !== undefined && { timeout }) }), { asked: !wait })
    }),
  )

  const status = group
    .command('status')
    .description('how a request stands')
    .argument('<request>', "its number, or MODEL/NUMBER: the version's newest")
    .option('-w, --wait', 'until it is approved, or closed')
    .option('--timeout <time>', 'waits at most so long: 90s, 30m, 2h', durationOf)
  examples(status, 'gate status 12', 'gate status load-forecaster/3 --wait --timeout 2h --json').action(
    act(async (session, which: string, flags: Waiting) => {
      const { client, signal } = session
      let found: Request
      if (/^\d{1,9}$/.test(which)) found = await read(client, which, signal)
      else {
        const of = given(which)
        const { modelVersion } = await client.query(OfVersion, of, { signal })
        if (!modelVersion) throw notFound(`There is no version ${which}.`)
        const [newest] = modelVersion.requests
        if (!newest) throw notFound(`Nobody has asked for a transition of ${which}.`)
        found = newest
      }
      tell(session, await awaitEnd(session, found, flags))
    }),
  )

  const approve = group
    .command('approve')
    .description('approves a request')
    .argument('<request>', 'its number', requestId)
    .option('-c, --comment <text>', 'what is to be said of it')
    .option('--archive-existing', 'those that stand there go into the archive')
  examples(approve, 'gate approve 12 --comment "looks good"').action(
    act(async (session, id: string, { comment, archiveExisting }: { comment?: string; archiveExisting?: boolean }) => {
      const { client, signal } = session
      const { approveTransition } = await client.query(Approve, { id, comment, archiveExisting }, { signal })
      tell(session, approveTransition.request, { asked: true })
    }),
  )

  const reject = group
    .command('reject')
    .description('rejects a request: it is closed')
    .argument('<request>', 'its number', requestId)
    .option('-c, --comment <text>', 'why')
  examples(reject, 'gate reject 12 --comment "drifts on weekends"').action(
    act(async (session, id: string, { comment }: { comment?: string }) => {
      const { client, out, signal } = session
      const { version, ...rest } = (await client.query(Reject, { id, comment }, { signal })).rejectTransition.request
      const url = pageOf(session, version)
      out.document(
        { ...rest, model: version.name, version: version.version, stage: version.stage, url },
        () => `Rejected request ${id}: ${url}`,
      )
    }),
  )

  const check = group
    .command('check')
    .description('reports how a check of a version goes')
    .argument('<version>', 'MODEL/NUMBER', versionOf)
    .argument('<check>', 'its name, as gates name it')
    .argument('<state>', states.join(', '))
    .option('-s, --summary <text>', 'what it found')
    .option('--url <url>', 'where there is more of it')
    .option('--number <name=value>', 'what it measured; as often as there are numbers', numberOf)
  examples(
    check,
    'gate check load-forecaster/3 latency running --url https://ci.example.com/42',
    'gate check load-forecaster/3 latency passed --summary "p99 is 41 ms" --number p99=41.2',
  ).action(
    act(
      async (
        session,
        of: Version,
        name: string,
        said: string,
        { summary, url, number }: { summary?: string; url?: string; number?: Array<{ name: string; value: number }> },
      ) => {
        const { client, out, signal } = session
        if (!states.includes(said as 'passed')) throw usage(`The state is '${said}': it is one of ${states.join(', ')}.`)
        const input = { ...of, check: name, state: said.toUpperCase() as 'PASSED', summary, url, numbers: number ?? null }
        const { numbers, ...rest } = (await client.query(Report, { input }, { signal })).reportCheck.check
        const page = pageOf(session, of)
        const shown = { model: of.name, version: of.version, ...rest, numbers: named(numbers), page }
        out.document(shown, () => `Check ${name} of ${of.name}/${of.version}: ${said}. ${page}`)
      },
    ),
  )

  addPolicy(group, act)
}) satisfies Commands
