/** `tidegate replay`: a spool of the TypeScript client, sent. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startRun } from '@tidegate/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Setting, startSetting } from './tidegate.ts'

let cli: Setting
beforeAll(async () => {
  cli = await startSetting()
})
afterAll(() => cli.stop())

const log = async (spool: string, name: string) => {
  const run = await startRun('on a train', { url: cli.platform.origin, offline: spool, name })
  for (let i = 0; i < 1500; i++) run.log({ loss: i })
  await run.finish()
  return run
}

it('sends what is there, once, and says so', async () => {
  const spool = join(cli.folder, 'spool')
  const runs = [await log(spool, 'first'), await log(spool, 'second')]
  const told = await cli.lines('replay', spool, '--json')
  expect(told).toMatchObject(runs.map(({ id }) => ({ id, outcome: 'sent', entries: 1500, problems: [] })))
  expect(readdirSync(spool)).toEqual([])
  const again = await cli.tidegate('replay', spool)
  expect([again.code, again.out, again.err]).toEqual([0, '', 'There is nothing to send.\n'])
  const { run } = await cli.platform.graphql('query ($id: ID!) { run(id: $id) { status series(keys: ["loss"]) { count } } }', {
    id: runs[0]!.id,
  })
  expect(run).toEqual({ status: 'FINISHED', series: [{ count: 1500 }] })
})

it('fails where something stays behind, and that is there for the next time', async () => {
  const spool = join(cli.folder, 'refused')
  const run = await log(spool, 'deleted')
  const { experiment } = await cli.platform.wire('GET', 'experiments/get-by-name', { experiment_name: 'on a train' })
  await cli.platform.wire('POST', 'runs/create', { experiment_id: experiment.experiment_id, run_id: run.id })
  await cli.platform.wire('POST', 'runs/delete', { run_id: run.id })
  const { code, out, err } = await cli.tidegate('replay', spool)
  expect(code).toBe(1)
  expect(out).toContain('stopped')
  expect(err).toMatch(/1 of 1 runs could not be sent whole\..*is deleted\. Restore it/)
  expect(existsSync(join(spool, run.id))).toBe(true)
  await cli.platform.wire('POST', 'runs/restore', { run_id: run.id })
  expect((await cli.tidegate('replay', spool, '--quiet')).out).toBe(`${run.id}\n`)
})
