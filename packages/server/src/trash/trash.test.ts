import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ jobs: [] })
})
afterAll(() => platform.stop())

it('lists', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'a' })
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id })
  await platform.wire('POST', 'runs/delete', { run_id: run.info.run_id })
  const q = await platform.graphql(`{ trash { nodes { kind id name deletedAt deletedBy expiresAt experiment { name } size { bytes measured runs } canPurge } pageInfo { hasNextPage } } trashSummary { items retentionDays newestAt collecting size { bytes rowBytes files measured } } }`)
  console.log(JSON.stringify(q, null, 1))
  const p = await platform.graphql(`mutation { purge(input: { everything: true, dryRun: true }) { dryRun freed { runs bytes } } }`)
  console.log(JSON.stringify(p))
})
