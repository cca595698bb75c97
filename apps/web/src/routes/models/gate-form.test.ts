/** A gate as its form has it. */
import { expect, it } from 'vitest'
import { formOf, gateOf, middleOf, stagesOf } from './gate-form.ts'

it('what a gate is comes back from its form, with what the form does not show', () => {
  const gate = {
    ...{ stage: 'Production', from: ['Staging'], approvals: 2, selfApproval: true, checks: ['drift', 'latency'], ttl: 604_800_000 },
    ...{ commentRequired: true, requesters: { role: 'ENGINEER' as const, accounts: ['eve'], teams: [] } },
    approvers: { role: null, accounts: ['amy'], teams: ['risk'] },
  }
  const form = formOf(gate)
  expect([form.isOn, form.days, form.checks, form.role]).toEqual([true, 7, 'drift, latency', ''])
  expect(gateOf('Production', form, ['None', 'Staging', 'Production', 'Archived'])).toEqual(gate)
  // A stage that is gone is come from no more.
  expect(gateOf('Production', form, ['None', 'Production', 'Archived']).from).toBeNull()
})

it('stages are written in one line', () => {
  expect(stagesOf(' Shadow,Production , Shadow,')).toEqual(['None', 'Shadow', 'Production', 'Archived'])
  expect(middleOf(['None', 'a', 'b', 'Archived'])).toBe('a, b')
})
