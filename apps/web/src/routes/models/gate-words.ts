/** What a gate means, in a sentence: the same on the board, where one asks, where one reviews and where it is set. */
import { isOfAliases } from '#lib/stages.ts'
import type { Gate } from './documents.ts'
import { isOwn, tellOwn } from './own-checks.ts'

type People = Gate['approvers']
export type Role = NonNullable<People['role']>

const title = (role: Role): string => role[0] + role.slice(1).toLowerCase()
const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many)
const day = 86_400_000

/** One after another: "ada, ben or team risk". */
export function listed(names: readonly string[], last: 'or' | 'and'): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`
}

export function tellPeople({ role, accounts, teams }: People, last: 'or' | 'and' = 'or'): string {
  return listed([...(role ? [`${title(role)}s`] : []), ...accounts, ...teams.map((team) => `team ${team}`)], last)
}

function tellApprovals({ approvals, approvers, selfApproval }: Gate): string {
  const { role, accounts, teams } = approvers
  const others = accounts.length + teams.length
  const who =
    role && others === 0
      ? `${approvals} ${plural(approvals, title(role))}`
      : !role && accounts.length === 1 && teams.length === 0 && approvals === 1
        ? accounts[0]!
        : `${approvals} of ${tellPeople(approvers)}`
  return `${who}${selfApproval ? '' : ', not who asked'}`
}

export function tellTime(ms: number): string {
  const [size, unit] = ms >= day ? [day, 'day'] : ms >= 3_600_000 ? [3_600_000, 'hour'] : [60_000, 'minute']
  const count = Math.round((ms / Number(size)) * 10) / 10
  return `${count} ${plural(count, String(unit))}`
}

/** "2 Approvers, not who asked; drift passed; within 7 days". */
export function tellGate(gate: Gate): string {
  const { from, requesters, passers, approvals, ttl, commentRequired } = gate
  const checks = gate.checks.filter((check) => !isOwn(check))
  return [
    ...(approvals > 0 ? [tellApprovals(gate)] : []),
    ...(checks.length ? [`${listed(checks, 'and')} passed`] : []),
    ...tellOwn(gate),
    ...(from ? [`from ${listed(from, 'or')}`] : []),
    ...(requesters ? [`asked by ${tellPeople(requesters)}`] : []),
    ...(passers ? [`${tellPeople(passers, 'and')} go through without asking`] : []),
    ...(commentRequired ? ['who asks says why'] : []),
    ...(ttl ? [`within ${tellTime(ttl)}`] : []),
  ].join('; ')
}

const nameOf = (check: string): string => check.replace(/^tidegate\//, '')

/** In two short lines, for the head of a column: "2 approvals", "drift". */
export function tellShort({ approvals, checks }: Gate): string[] {
  return [
    ...(approvals > 0 ? [`${approvals} ${plural(approvals, 'approval')}`] : []),
    ...(checks.length
      ? [checks.length === 1 && nameOf(checks[0]!).length <= 10 ? nameOf(checks[0]!) : `${checks.length} ${plural(checks.length, 'check')}`]
      : []),
  ]
}

export interface OpenRequest {
  to: string
  version: { name: string; version: number }
}

const most = 4

const matches = (pattern: string, alias: string): boolean => new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'iu').test(alias)

/** The one that names it; of an alias else the first whose pattern it is of. */
export const gateBefore = <Any extends Pick<Gate, 'stage'>>(gates: readonly Any[], place: string): Any | undefined =>
  gates.find(({ stage }) => stage === place) ??
  (isOfAliases(place) ? gates.find(({ stage }) => isOfAliases(stage) && matches(stage, place)) : undefined)

/** What becomes of requests that are open when these stages and gates are set in place of those. */
export function tellOpen(
  open: readonly OpenRequest[],
  before: { gates: readonly Gate[] },
  after: { stages: readonly string[]; gates: readonly Gate[] },
): string[] {
  const told: string[] = []
  for (const [stage, requests] of Map.groupBy(open, ({ to }) => to)) {
    const [was, is] = [before, after].map(({ gates }) => gateBefore(gates, stage))
    const count = requests.length
    const names = requests.slice(0, most).map(({ version }) => `${version.name} v${version.version}`)
    const who = `${count} open ${plural(count, 'request')} for ${stage} (${names.join(', ')}${count > most ? ', …' : ''})`
    const [wait, they] = count === 1 ? ['waits', 'it'] : ['wait', 'they']
    if (!isOfAliases(stage) && !after.stages.includes(stage))
      told.push(
        `${who} can be approved no more: the stage goes. Take ${count === 1 ? 'it' : 'them'} back, or reject ${count === 1 ? 'it' : 'them'}.`,
      )
    else if (!is && was)
      told.push(
        `${who} ${wait} for no gate any more: the next approval of somebody who may move the version opens ${count === 1 ? 'it' : 'each'}.`,
      )
    else if (is && (!was || tellGate(was) !== tellGate(is)))
      told.push(
        `${who} ${wait} for the new gate: ${tellGate(is)}. Approvals that ${they} ${count === 1 ? 'has' : 'have'} count where it counts them.`,
      )
  }
  return told
}

/** How a request ends, in words. */
export const endings: Record<string, { text: string; tone: string }> = {
  OPEN: { text: 'open', tone: 'warn' },
  APPROVED: { text: 'approved', tone: 'ok' },
  REJECTED: { text: 'rejected', tone: 'bad' },
  CANCELLED: { text: 'taken back', tone: 't2' },
  EXPIRED: { text: 'not decided in time', tone: 't2' },
  SUPERSEDED: { text: 'moved meanwhile', tone: 't2' },
}
