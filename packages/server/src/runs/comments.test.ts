/** Comments on runs: who may, what stays of them, and who is told. */
import { type Platform, startPlatform } from '@tidegate/test'
import { peopleOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

let platform: Platform
const { data, make, first, send } = peopleOf(() => platform)
const who: Record<string, Who> = {}
let experiment: string
let run: string

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  who.ada = await first()
  for (const [name, role] of Object.entries({ eve: 'CONTRIBUTOR', vi: 'VIEWER', out: 'VIEWER' }))
    who[name] = await make(name, { default: role })
  const wire = async (path: string, body: object) => (await send('POST', `/api/2.0/mlflow/${path}`, { headers: who.eve!, body })).json
  experiment = (await wire('experiments/create', { name: 'tides' })).experiment_id
  run = (await wire('runs/create', { experiment_id: experiment, run_name: 'calm-osprey' })).run.info.run_id
  await data(who.ada!, 'mutation ($e: ID!) { setGrant(experiment: $e, account: "out", permission: NO_PERMISSIONS) { __typename } }', {
    e: experiment,
  })
})
afterAll(() => platform?.stop())

const say = async (person: string, text: string) =>
  (
    await data(who[person]!, 'mutation ($run: ID!, $text: String!) { addRunComment(run: $run, text: $text) { comment { id mine } } }', {
      run,
      text,
    })
  ).addRunComment.comment
const change = (person: string, id: string, text: string) =>
  data(who[person]!, 'mutation ($id: ID!, $text: String!) { editRunComment(id: $id, text: $text) { comment { text } } }', { id, text })
const remove = (person: string, id: string) => data(who[person]!, 'mutation ($id: ID!) { deleteRunComment(id: $id) { id } }', { id })
const comments = async (person: string, deleted = false) =>
  (
    await data(
      who[person]!,
      'query ($run: ID!, $deleted: Boolean) { run(id: $run) { comments(deleted: $deleted) { text by mine deletedAt history { text } } } }',
      { run, deleted },
    )
  ).run.comments
const told = async (person: string) => (await data(who[person]!, '{ inbox(first: 20) { nodes { kind text path } } }')).inbox.nodes.reverse()
const tells = (person: string, kinds: string[]) =>
  vi.waitFor(async () => expect((await told(person)).map(({ kind }: { kind: string }) => kind)).toEqual(kinds), 20_000)

it('are by whoever may read the run, changed and taken away by who wrote them; what they said stays', async () => {
  const { id, mine } = await say('vi', 'Does it **drift**?')
  expect(mine).toBe(true)
  await expect(say('out', 'hm')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  await expect(change('out', id, 'hm')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  await expect(change('eve', id, 'no')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(remove('ada', id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await change('vi', id, 'Does it drift at night?')
  const now = { text: 'Does it drift at night?', by: 'vi', deletedAt: null, history: [{ text: 'Does it **drift**?' }] }
  expect(await comments('eve')).toEqual([{ ...now, mine: false }])
  expect(await comments('vi')).toEqual([{ ...now, mine: true }])
  await remove('vi', id)
  expect(await comments('eve')).toEqual([])
  expect(await comments('eve', true)).toEqual([{ ...now, mine: false, deletedAt: expect.any(Number) }])
  await expect(change('vi', id, 'again')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
})

it('tell whom they name, once, and who spoke before; not who wrote them, nor who may not read the run', async () => {
  const { id } = await say('eve', '@vi and @out, look')
  // It had said something of the run before.
  await tells('vi', ['MENTIONED'])
  expect(await told('vi')).toMatchObject([
    { text: 'eve named you, on the run calm-osprey: “@vi and @out, look”', path: `/runs/${run}?tab=notes` },
  ])
  await say('vi', 'I do')
  await tells('eve', ['COMMENTED'])
  await change('eve', id, '@vi, @ada and @out, look')
  await tells('ada', ['MENTIONED'])
  await tells('vi', ['MENTIONED'])
  expect(await told('out')).toEqual([])
  // Who may not read it any more does not see what they were told of it.
  await data(who.ada!, 'mutation ($e: ID!) { setGrant(experiment: $e, account: "vi", permission: NO_PERMISSIONS) { __typename } }', {
    e: experiment,
  })
  await tells('vi', [])
})
