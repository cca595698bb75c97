/** `tidegate gate`, as a pipeline has it: what it ends with is how the request stands. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Setting, startSetting } from './tidegate.ts'

let cli: Setting
beforeAll(async () => {
  cli = await startSetting()
  await cli.platform.wire('POST', 'registered-models/create', { name: 'load-forecaster' })
  for (let i = 0; i < 3; i++)
    await cli.platform.wire('POST', 'model-versions/create', { name: 'load-forecaster', source: 's3://bucket/model' })
  await cli.platform.graphql(`mutation {
    setRegistryPolicy(input: { gates: [{ stage: "Production", approvals: 1, selfApproval: true, checks: ["latency"] }] }) { policy { stages } }
  }`)
})
afterAll(() => cli.stop())

it('goes from the request to the stage: each step ends with how it stands', async () => {
  const asked = await cli.json('gate', 'request', 'load-forecaster/1', 'Production', '--comment', 'beats v2')
  expect(asked).toMatchObject({
    ...{ state: 'OPEN', model: 'load-forecaster', version: 1, to: 'Production', comment: 'beats v2' },
    ...{ waitsFor: ['1 more approval', 'check latency: not heard of yet'], url: `${cli.platform.origin}/models/load-forecaster/1` },
  })
  const waits = await cli.tidegate('gate', 'status', asked.id)
  expect([waits.code, waits.out, waits.err]).toEqual([6, expect.stringContaining('waits for'), expect.stringContaining('1 more approval')])

  const report = await cli.json(
    ...['gate', 'check', 'models:/load-forecaster/1', 'latency', 'failed', '--summary', 'too slow', '--url', 'https://ci.example.com/42'],
    ...['--number', 'p99=41.5', '--number', 'p50=7'],
  )
  expect(report).toMatchObject({ state: 'FAILED', summary: 'too slow', url: 'https://ci.example.com/42', numbers: { p99: 41.5, p50: 7 } })
  expect((await cli.tidegate('gate', 'status', 'load-forecaster/1')).err).toContain('check latency: failed, too slow')

  expect(await cli.json('gate', 'approve', asked.id, '--comment', 'looks good')).toMatchObject({
    ...{ state: 'OPEN', approvals: [{ comment: 'looks good' }] },
    checks: [{ name: 'latency', check: { numbers: { p99: 41.5, p50: 7 } } }],
  })
  expect((await cli.tidegate('gate', 'check', 'load-forecaster/1', 'latency', 'passed')).out).toContain('/models/load-forecaster/1')
  expect(await cli.json('gate', 'status', asked.id)).toMatchObject({ state: 'APPROVED', stage: 'Production', waitsFor: [] })
})

it('waits until the gate opens, goes on with a request that is open, and gives up when its time is over', async () => {
  const late = await cli.tidegate('gate', 'request', 'load-forecaster/2', 'Production', '--wait', '--timeout', '1s')
  expect([late.code, late.err]).toEqual([6, expect.stringContaining('1 more approval')])
  const { child, ended } = cli.start(['gate', 'request', 'load-forecaster/2', 'Production', '--wait'])
  // It says that it goes on, and what it waits for.
  await once(child.stderr!, 'data')
  const { transitionRequests } = await cli.platform.graphql('{ transitionRequests(states: [OPEN]) { nodes { id } } }')
  const [{ id }] = transitionRequests.nodes
  expect(transitionRequests.nodes).toHaveLength(1)
  await cli.json('gate', 'approve', id)
  await cli.json('gate', 'check', 'load-forecaster/2', 'latency', 'skipped')
  const { code, out, err } = await ended
  expect({ code, out, err }).toEqual({
    code: 0,
    out: expect.stringMatching(/state\s+approved/),
    err: expect.stringContaining(`Request ${id} was there already.`),
  })
  // Run again when it is there, a pipeline has what it wants.
  expect(await cli.json('gate', 'request', 'load-forecaster/2', 'Production', '--wait')).toMatchObject({ id, state: 'APPROVED' })
})

it('ends with 1 where it was rejected, for whoever waits too', async () => {
  const { id } = await cli.json('gate', 'request', 'load-forecaster/3', 'Production')
  const { ended } = cli.start(['gate', 'status', 'load-forecaster/3', '--wait', '--timeout', '5m'])
  expect((await cli.tidegate('gate', 'reject', id, '--comment', 'drifts')).out).toContain(`Rejected request ${id}`)
  expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining(`Request ${id} is rejected.`) })
  expect((await cli.tidegate('gate', 'status', id)).code).toBe(1)
})

it('is used wrongly with a sentence, and finds what is not there missing', async () => {
  for (const args of [
    ['request', 'load-forecaster', 'Production'],
    ['status', 'load-forecaster'],
    ['request', 'load-forecaster/1', 'Production', '--timeout', '30m'],
    ['request', 'load-forecaster/1', 'Production', '--wait', '--timeout', 'soon'],
    ['request', 'load-forecaster/1', 'Nowhere'],
    ['check', 'load-forecaster/1', 'latency', 'fine'],
    ['check', 'load-forecaster/1', 'latency', 'passed', '--number', 'p99'],
  ])
    expect(await cli.tidegate('gate', ...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/\S/) })
  for (const args of [
    ['status', '999'],
    ['status', 'load-forecaster/99'],
    ['check', 'load-forecaster/99', 'latency', 'passed'],
    ['approve', '999'],
  ])
    expect((await cli.tidegate('gate', ...args)).code).toBe(3)
})

it('prints the policy as YAML, looks whether another could be set, and sets it', async () => {
  const before = (await cli.tidegate('gate', 'policy')).out
  expect(before).toContain('gates:\n  - stage: Production\n')
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-gates-'))
  const file = join(folder, 'gates.yaml')
  await writeFile(file, 'gates:\n  - stage: Production\n    aprovals: 2\n')
  const wrong = await cli.tidegate('gate', 'policy', file, '--dry-run')
  expect([wrong.code, wrong.err]).toEqual([expect.any(Number), expect.stringContaining('Line 3, column 5')])
  expect(wrong.code).not.toBe(0)
  await writeFile(file, 'gates:\n  - stage: Production\n    approvals: 2\n    ttl: 7d\n')
  expect(await cli.json('gate', 'policy', file, '--dry-run')).toMatchObject({ model: null, dryRun: true })
  expect((await cli.tidegate('gate', 'policy')).out).toBe(before)
  expect((await cli.tidegate('gate', 'policy', file)).out).toBe('Set for the workspace.\n')
  expect((await cli.tidegate('gate', 'policy')).out).toContain('ttl: 7d')
  expect((await cli.tidegate('gate', 'policy', '--model', 'load-forecaster')).err).toContain('no stages and gates of its own')
  await cli.tidegate('gate', 'policy', file, '--model', 'load-forecaster')
  expect((await cli.tidegate('gate', 'policy', '--model', 'load-forecaster')).out).toContain('approvals: 2')
  await rm(folder, { recursive: true })
}, 60_000)
