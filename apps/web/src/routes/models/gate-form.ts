/** A gate as its form has it: lists as text, days for ms. What the form does not show stays as it was. */
import type { Gate } from './documents.ts'

export type Role = NonNullable<Gate['approvers']['role']>
export const roles = ['VIEWER', 'CONTRIBUTOR', 'ENGINEER', 'APPROVER', 'ADMIN'] as const satisfies Role[]

export interface GateForm {
  isOn: boolean
  approvals: number
  role: Role | ''
  accounts: string
  teams: string
  checks: string
  days: number | null
  selfApproval: boolean
  commentRequired: boolean
  from: string[] | null
  requesters: Gate['requesters']
}

const day = 86_400_000
const list = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  ),
]

export const formOf = (gate: Gate | undefined): GateForm => ({
  isOn: gate !== undefined,
  approvals: gate?.approvals ?? 1,
  role: gate ? (gate.approvers.role ?? '') : 'APPROVER',
  accounts: gate?.approvers.accounts.join(', ') ?? '',
  teams: gate?.approvers.teams.join(', ') ?? '',
  checks: gate?.checks.join(', ') ?? '',
  days: gate?.ttl ? gate.ttl / day : null,
  selfApproval: gate?.selfApproval ?? false,
  commentRequired: gate?.commentRequired ?? false,
  from: gate?.from ?? null,
  requesters: gate?.requesters ?? null,
})

/** What the server is told. */
export const gateOf = (stage: string, form: GateForm, stages: readonly string[]) => {
  const from = form.from?.filter((other) => stages.includes(other)) ?? []
  return {
    stage,
    approvals: form.approvals,
    approvers: { role: form.role || null, accounts: list(form.accounts), teams: list(form.teams) },
    checks: list(form.checks),
    ttl: form.days ? Math.round(form.days * day) : null,
    selfApproval: form.selfApproval,
    commentRequired: form.commentRequired,
    from: from.length ? from : null,
    requesters: form.requesters && { ...form.requesters, accounts: [...form.requesters.accounts], teams: [...form.requesters.teams] },
  }
}

/** The stages between the first and the archive, as they are written in one line. */
export const middleOf = (stages: readonly string[]): string => stages.slice(1, -1).join(', ')
export const stagesOf = (text: string): string[] => ['None', ...list(text), 'Archived']
