import { type Platform, startPlatform } from '@tidegate/test'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform?.stop())

const make = async (name: string) => (await platform.wire('POST', 'experiments/create', { name })).experiment_id as string
const nameOf = async (id: string) => (await platform.wire('GET', 'experiments/get', { experiment_id: id })).experiment.name
const rename = async (...names: Array<[string, string]>) =>
  (
    await platform.graphql('mutation ($names: [ExperimentNameInput!]!) { renameExperiments(names: $names) { experiments { id name } } }', {
      names: names.map(([id, name]) => ({ id, name })),
    })
  ).renameExperiments.experiments
const refused = async (...names: Array<[string, string]>) => {
  const { code, message } = await rename(...names).catch((error: Error) => error)
  return { code, message }
}

it('moves a folder with all that is in it, and back', async () => {
  const [a, b] = [await make('load/gbm'), await make('load/deep/unet')]
  expect(await rename([a, 'solar/load/gbm'], [b, 'solar/load/deep/unet'])).toHaveLength(2)
  expect([await nameOf(a), await nameOf(b)]).toEqual(['solar/load/gbm', 'solar/load/deep/unet'])
  await rename([a, 'load/gbm'], [b, 'load/deep/unet'])
  expect([await nameOf(a), await nameOf(b)]).toEqual(['load/gbm', 'load/deep/unet'])
})

it('lets one take the name that another leaves', async () => {
  const [a, b] = [await make('x/1'), await make('x/2')]
  await rename([a, 'x/2'], [b, 'x/1'])
  expect([await nameOf(a), await nameOf(b)]).toEqual(['x/2', 'x/1'])
})

it('moves none where one cannot', async () => {
  const [a, b, gone] = [await make('all/1'), await make('all/2'), await make('all/gone')]
  await make('else/2')
  await platform.wire('POST', 'experiments/delete', { experiment_id: gone })
  expect(await refused([a, 'else/1'], [b, 'else/2'])).toEqual({
    code: 'RESOURCE_ALREADY_EXISTS',
    message:
      'Experiment(name=else/2) already exists. Choose another name, or restore the deleted experiment that has it, or purge it from the trash.',
  })
  expect((await refused([a, 'all/gone'])).code).toBe('RESOURCE_ALREADY_EXISTS')
  expect(await refused([a, 'else/1'], [gone, 'else/gone'])).toEqual({
    code: 'INVALID_STATE',
    message: `Cannot rename experiment ${gone}: it is deleted. Restore it first.`,
  })
  expect((await refused([a, 'else/1'], ['999999', 'else/3'])).code).toBe('RESOURCE_DOES_NOT_EXIST')
  expect((await refused([a, 'n'], [b, 'n'])).message).toContain("Two experiments would be called 'n'")
  expect((await refused([a, 'n'], [a, 'm'])).message).toContain('is named twice')
  expect((await refused([a, 'n'.repeat(501)])).message).toContain('maximum length of 500')
  expect((await refused([a, ''])).code).toBe('INVALID_PARAMETER_VALUE')
  expect([await nameOf(a), await nameOf(b)]).toEqual(['all/1', 'all/2'])
})

it('says when a run last changed and who started the newest', async () => {
  const id = await make('busy')
  const ask = async () => (await platform.graphql('query ($id: ID) { experiment(id: $id) { lastActivityAt lastUser } }', { id })).experiment
  expect(await ask()).toEqual({ lastActivityAt: null, lastUser: null })
  const before = Date.now()
  await platform.wire('POST', 'runs/create', { experiment_id: id, user_id: 'mateo', start_time: 1 })
  await platform.wire('POST', 'runs/create', { experiment_id: id, user_id: 'ines', start_time: 2 })
  const { lastActivityAt, lastUser } = await ask()
  expect(lastUser).toBe('ines')
  expect(lastActivityAt).toBeGreaterThan(before - 60_000)
})

it('tells whoever watches of each that changed, however many, a deleted one too, and of nothing that may not be seen', async () => {
  const ids: string[] = []
  while (ids.length < 230) ids.push(...(await Promise.all([0, 1, 2, 3, 4].map((i) => make(`watched/${ids.length + i}`)))))
  const events: { begins: boolean; experiments: { id: string; name: string; deletedAt: number | null; runCount: number }[] }[] = []
  // At another server than the one it happens in.
  const client = createClient({ url: `${(await platform.another()).origin.replace('http', 'ws')}/graphql` })
  const watching = (async () => {
    const query = 'subscription { experimentsChanged { begins experiments { id name deletedAt runCount } } }'
    for await (const { data } of client.iterate<any>({ query })) events.push(data.experimentsChanged)
  })()
  await expect.poll(() => events[0]?.begins).toBe(true)
  expect(events[0]!.experiments).toHaveLength(200)
  const told = () => new Map(events.slice(1).flatMap(({ experiments }) => experiments.map((each) => [each.id, each])))

  await rename(...ids.map((id, i): [string, string] => [id, `moved/${i}`]))
  await expect.poll(() => [...told().values()].filter(({ name }) => name.startsWith('moved/')).length).toBe(230)
  // One that changed long before the others.
  await platform.wire('POST', 'runs/create', { experiment_id: ids[0], start_time: 1 })
  await expect.poll(() => told().get(ids[0]!)?.runCount).toBe(1)
  await platform.wire('POST', 'experiments/delete', { experiment_id: ids[1] })
  await expect.poll(() => typeof told().get(ids[1]!)?.deletedAt).toBe('number')
  expect(events.slice(1).every(({ begins, experiments }) => !begins && experiments.length <= 200)).toBe(true)
  await client.dispose()
  await watching
})
