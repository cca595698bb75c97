/** Stages and gates as their form has them. */
import { expect, it } from 'vitest'
import { aliasRowsOf, formOf, gateOf, moved, newStage, policyOf, rowsOf } from './gate-form.ts'

const gate = {
  ...{
    stage: 'Production',
    from: ['Staging'],
    approvals: 2,
    selfApproval: true,
    checks: ['drift', 'latency', 'tidegate/card'],
    ttl: 604_800_000,
  },
  ...{ commentRequired: true, requesters: { role: 'ENGINEER' as const, accounts: ['eve'], teams: [] } },
  params: { metrics: [], headings: ['Use'], imports: [], licences: [], evidence: [] },
  passers: { role: null, accounts: ['ada'], teams: [] },
  approvers: { role: null, accounts: ['amy'], teams: ['risk'] },
}

it('what a gate is comes back from its form', () => {
  const form = formOf(gate)
  expect([form.isOn, form.days, form.checks, form.own, form.approvers.role]).toEqual([true, 7, ['drift', 'latency'], ['tidegate/card'], ''])
  expect(gateOf('Production', form, ['None', 'Staging', 'Production', 'Archived'])).toEqual(gate)
  // What is asked of a check that is asked for no more goes with it.
  expect(gateOf('Production', { ...form, own: [] }, ['None', 'Archived']).params).toEqual({
    metrics: [],
    headings: [],
    imports: [],
    licences: [],
    evidence: [],
  })
  // A stage that is gone is come from no more.
  expect(gateOf('Production', form, ['None', 'Production', 'Archived']).from).toBeNull()
})

it('stages and gates come back from their rows; what has no name is left out', () => {
  const policy = { stages: ['None', 'Staging', 'Production', 'Archived'], gates: [gate, { ...gate, stage: '@champ*' }] }
  const rows = rowsOf(policy)
  expect(policyOf([...rows, newStage(' ')], [...aliasRowsOf(policy), newStage('@')])).toEqual(policy)
  rows[1]!.name = 'Live'
  expect(policyOf(rows).gates[0]!.stage).toBe('Live')
})

it('a stage is moved among the others, and not past them', () => {
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
})
