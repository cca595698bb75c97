/** Stages and their gates as the form has them: days for ms, and of a gate that is off what it would be. */
import { isOfAliases } from '#lib/stages.ts'
import type { Gate } from './documents.ts'
import { isOwn } from './own-checks.ts'

export type Role = NonNullable<Gate['approvers']['role']>
export const roles = ['VIEWER', 'CONTRIBUTOR', 'ENGINEER', 'APPROVER', 'ADMIN'] as const satisfies Role[]

type Params = Gate['params']

export interface PeopleForm {
  role: Role | ''
  accounts: string[]
  teams: string[]
}

export interface GateForm {
  isOn: boolean
  approvals: number
  approvers: PeopleForm
  selfApproval: boolean
  /** Those that others report. */
  checks: string[]
  /** Those that the server runs itself, and what is asked of each; also of one that is off, as long as the form is there. */
  own: string[]
  params: Params
  days: number | null
  commentRequired: boolean
  /** Empty: any. */
  from: string[]
  /** Null: whoever may read the model. */
  requesters: PeopleForm | null
  /** Null: nobody goes through without asking. */
  passers: PeopleForm | null
}

/** A stage between the first and the archive; or aliases that have a gate, behind @. Its key stays while it is renamed and moved. */
export interface StageForm {
  key: number
  name: string
  gate: GateForm
}

const day = 86_400_000

const peopleForm = ({ role, accounts, teams }: Gate['approvers']): PeopleForm => ({
  role: role ?? '',
  accounts: [...accounts],
  teams: [...teams],
})
const peopleOf = ({ role, accounts, teams }: PeopleForm): Gate['approvers'] => ({
  role: role || null,
  accounts: [...accounts],
  teams: [...teams],
})

/** Which params are whose. */
const owners: Record<keyof Params, string> = {
  metrics: 'tidegate/metric',
  headings: 'tidegate/card',
  imports: 'tidegate/pickle',
  licences: 'tidegate/licences',
  evidence: 'tidegate/evidence',
}

/** Of checks that are asked for; what was set by a server of before has none. */
const paramsOf = (params: Partial<Params> | undefined, checks?: readonly string[]): Params => {
  const of = <K extends keyof Params>(key: K): Params[K] =>
    (!checks || checks.includes(owners[key]) ? [...(params?.[key] ?? [])] : []) as Params[K]
  return {
    metrics: of('metrics').map((metric) => ({ ...metric })),
    headings: of('headings'),
    imports: of('imports'),
    licences: of('licences'),
    evidence: of('evidence'),
  }
}

export const formOf = (gate: Gate | undefined): GateForm => ({
  isOn: gate !== undefined,
  approvals: gate?.approvals ?? 1,
  approvers: gate ? peopleForm(gate.approvers) : { role: 'APPROVER', accounts: [], teams: [] },
  selfApproval: gate?.selfApproval ?? false,
  checks: (gate?.checks ?? []).filter((check) => !isOwn(check)),
  own: (gate?.checks ?? []).filter(isOwn).sort(),
  params: paramsOf(gate?.params),
  days: gate?.ttl ? gate.ttl / day : null,
  commentRequired: gate?.commentRequired ?? false,
  from: [...(gate?.from ?? [])],
  requesters: gate?.requesters ? peopleForm(gate.requesters) : null,
  passers: gate?.passers ? peopleForm(gate.passers) : null,
})

/** What the server is told. A stage that is gone is come from no more. */
export function gateOf(stage: string, form: GateForm, stages: readonly string[]): Gate {
  const from = form.from.filter((other) => stages.includes(other) && other !== stage)
  return {
    stage,
    approvals: form.approvals,
    approvers: peopleOf(form.approvers),
    checks: [...form.checks, ...form.own],
    params: paramsOf(form.params, form.own),
    ttl: form.days ? Math.round(form.days * day) : null,
    selfApproval: form.selfApproval,
    commentRequired: form.commentRequired,
    from: from.length ? from : null,
    requesters: form.requesters && peopleOf(form.requesters),
    passers: form.passers && peopleOf(form.passers),
  }
}

let keys = 0
export const newStage = (name: string, gate?: Gate): StageForm => ({ key: ++keys, name, gate: formOf(gate) })

/** The stages between the first and the archive, each with its gate. */
export const rowsOf = ({ stages, gates }: { stages: readonly string[]; gates: readonly Gate[] }): StageForm[] =>
  stages.slice(1, -1).map((stage) =>
    newStage(
      stage,
      gates.find((gate) => gate.stage === stage),
    ),
  )

/** The gates on aliases, each as a row. */
export const aliasRowsOf = ({ gates }: { gates: readonly Gate[] }): StageForm[] =>
  gates.filter(({ stage }) => isOfAliases(stage)).map((gate) => newStage(gate.stage, gate))
export const newAlias = (): StageForm => {
  const row = newStage('@')
  return { ...row, gate: { ...row.gate, isOn: true } }
}

export interface Policy {
  stages: string[]
  gates: Gate[]
}

/** All of it as the server is told. A name that was cleared is left out. */
export function policyOf(rows: readonly StageForm[], aliases: readonly StageForm[] = []): Policy {
  const named = rows.map((row) => ({ ...row, name: row.name.trim() })).filter(({ name }) => name !== '')
  const stages = ['None', ...named.map(({ name }) => name), 'Archived']
  const guarded = aliases.map((row) => ({ ...row, name: `@${row.name.trim().replace(/^@/, '')}` })).filter(({ name }) => name !== '@')
  return { stages, gates: [...named.filter(({ gate }) => gate.isOn), ...guarded].map(({ name, gate }) => gateOf(name, gate, stages)) }
}

/** With the one at `at` moved by some places; the same where it can't go there. */
export function moved<T>(list: readonly T[], at: number, to: number): T[] {
  if (to < 0 || to >= list.length || at === to) return [...list]
  const rest = list.filter((_, i) => i !== at)
  return [...rest.slice(0, to), list[at]!, ...rest.slice(to)]
}
