/** The registry as rows and columns. */
import { expect, it } from 'vitest'
import { atGates, boardAt, columnsOf, type GateRequest, tellRequest } from './board.ts'

const order = ['None', 'Staging', 'Production', 'Archived']
const request = (more: Partial<GateRequest> = {}): GateRequest => ({
  ...{ id: '1', to: 'Production', state: 'OPEN', closedAt: null, approvalsNeeded: 2, approvals: [1] },
  ...{ checks: [{ isMet: true }, { isMet: false }], version: { name: 'load', version: 3 } },
  ...more,
})

it('as it stood it has the aliases of then, and stages that are gone by now', () => {
  const at = boardAt(
    { id: '1', name: 'load', stages: [{ version: 2, stage: 'Shadow', since: 5, by: 'ada' }], aliases: [{ alias: 'best', version: 2 }] },
    order,
  )
  expect(at.stages).toEqual(['None', 'Staging', 'Production', 'Shadow', 'Archived'])
  expect(at.versions).toEqual([{ version: 2, stage: 'Shadow', since: 5, from: 'by ada', aliases: ['best'] }])
  expect(columnsOf([at, { ...at, stages: order }]).map(({ stage }) => stage)).toEqual(at.stages)
})

it('a gate shows what is open, else what was decided just now, and nothing that is long past', () => {
  const now = 10 * 86_400_000
  const closed = [
    request({ id: '2', state: 'REJECTED', closedAt: now - 1000 }),
    request({ id: '3', state: 'APPROVED', closedAt: now - 1000, to: 'Staging' }),
  ]
  expect([...atGates([request()], closed, now)].map(([key, found]) => [key, found[0]!.id])).toEqual([
    ['load/Production', '1'],
    ['load/Staging', '3'],
  ])
  expect(atGates([], closed, now + 4 * 86_400_000).size).toBe(0)
  expect(tellRequest(request(), true)).toBe('v3 asks for Production: 1 of 2 checks, 1 of 2 approvals, waits on you')
})
