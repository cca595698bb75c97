/** What a gate means, in a sentence. */
import { expect, it } from 'vitest'
import type { Gate } from './documents.ts'
import { gateBefore, tellGate, tellOpen, tellShort } from './gate-words.ts'

const gate = (more: Partial<Gate> = {}): Gate => ({
  ...{
    stage: 'Production',
    from: null,
    requesters: null,
    passers: null,
    approvals: 2,
    selfApproval: false,
    checks: ['drift'],
    params: { metrics: [], headings: [], imports: [], licences: [], evidence: [] },
    ttl: 604_800_000,
  },
  ...{ approvers: { role: 'APPROVER', accounts: [], teams: [] }, commentRequired: false },
  ...more,
})

it('a gate is told by who, what, and how long', () => {
  expect(tellGate(gate())).toBe('2 Approvers, not who asked; drift passed; within 7 days')
  expect(
    tellGate(
      gate({
        ...{ approvals: 1, selfApproval: true, ttl: null, commentRequired: true, from: ['Staging', 'Shadow'], checks: ['a', 'b', 'c'] },
        approvers: { role: null, accounts: ['ada'], teams: [] },
      }),
    ),
  ).toBe('ada; a, b and c passed; from Staging or Shadow; who asks says why')
  expect(tellGate(gate({ checks: [], ttl: 5_400_000, approvers: { role: 'ADMIN', accounts: ['ada'], teams: ['risk'] } }))).toBe(
    '2 of Admins, ada or team risk, not who asked; within 1.5 hours',
  )
  expect(tellGate(gate({ checks: [], ttl: null, passers: { role: 'ADMIN', accounts: ['ada'], teams: [] } }))).toBe(
    '2 Approvers, not who asked; Admins and ada go through without asking',
  )
  const metric = { key: 'rmse', dataset: null, min: null, max: 0.3, betterBy: 0.01, lowerIsBetter: true }
  expect(
    tellGate(
      gate({
        checks: ['drift', 'tidegate/card', 'tidegate/metric', 'tidegate/signature'],
        params: { metrics: [metric], headings: ['Use', 'Limits'], imports: [], licences: [], evidence: [] },
      }),
    ),
  ).toBe(
    '2 Approvers, not who asked; drift passed; a model card with Use, Limits; rmse at most 0.3 and 0.01 less than the champion’s; its signature fits what stands there; within 7 days',
  )
  expect(tellShort(gate())).toEqual(['2 approvals', 'drift'])
  expect(tellShort(gate({ approvals: 0, checks: ['drift', 'latency'] }))).toEqual(['2 checks'])
})

it('what becomes of open requests is told before a gate is changed, and nothing where it stays', () => {
  const open = [
    { to: 'Production', version: { name: 'load', version: 3 } },
    { to: 'Production', version: { name: 'ocr', version: 1 } },
  ]
  const stages = ['None', 'Production', 'Archived']
  const before = { gates: [gate()] }
  expect(tellOpen(open, before, { stages, gates: [gate()] })).toEqual([])
  expect(tellOpen(open, before, { stages, gates: [gate({ approvals: 1, checks: [] })] })).toEqual([
    '2 open requests for Production (load v3, ocr v1) wait for the new gate: 1 Approver, not who asked; within 7 days. Approvals that they have count where it counts them.',
  ])
  expect(tellOpen(open.slice(1), before, { stages, gates: [] })[0]).toContain('waits for no gate any more')
  expect(tellOpen(open.slice(1), before, { stages: ['None', 'Archived'], gates: [] })[0]).toContain('the stage goes')
})

it('an alias has the gate that names it, else the first whose pattern it is of', () => {
  const gates = [gate({ stage: '@champ*', approvals: 3 }), gate({ stage: '@champion' }), gate()]
  expect(gateBefore(gates, '@champion')?.approvals).toBe(2)
  expect(gateBefore(gates, '@Champ2')?.approvals).toBe(3)
  expect(gateBefore(gates, '@blue')).toBeUndefined()
  expect(gateBefore(gates, 'Production')?.stage).toBe('Production')
})
