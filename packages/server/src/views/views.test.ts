import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
let experiment: string

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'views' })).experiment_id
  for (const model of ['a', 'b', 'b']) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 })
    await platform.wire('POST', 'runs/log-parameter', { run_id: run.info.run_id, key: 'model', value: model })
  }
})
afterAll(() => platform?.stop())

const fields = 'id name query shared isDefault isMine createdBy runs { value exact }'
const create = async (name: string, query = '') =>
  (
    await platform.graphql(
      `mutation ($e: ID!, $name: String!, $query: String!) { createSavedView(experiment: $e, name: $name, query: $query) { view { ${fields} } } }`,
      {
        e: experiment,
        name,
        query,
      },
    )
  ).createSavedView.view
const list = async () =>
  (await platform.graphql(`query ($e: ID!) { savedViews(experiment: $e) { ${fields} } }`, { e: experiment })).savedViews
const share = (id: string, shared: boolean, isDefault = false) =>
  platform.graphql(
    `mutation ($id: ID!, $shared: Boolean!, $isDefault: Boolean!) { shareSavedView(id: $id, shared: $shared, isDefault: $isDefault) { view { ${fields} } } }`,
    {
      id,
      shared,
      isDefault,
    },
  )

it('keeps a page under a name, counts its runs, is renamed, and gone when it is deleted', async () => {
  const view = await create(' mine ', `?q=${encodeURIComponent("params.model = 'b'")}&col=metrics.loss`)
  expect(view).toMatchObject({
    name: 'mine',
    query: "q=params.model%20%3D%20'b'&col=metrics.loss",
    shared: false,
    isDefault: false,
    isMine: true,
    runs: { value: 2, exact: true },
  })
  const { updateSavedView } = await platform.graphql(
    `mutation ($id: ID!) { updateSavedView(id: $id, name: "better") { view { ${fields} } } }`,
    { id: view.id },
  )
  expect(updateSavedView.view).toMatchObject({ name: 'better', query: view.query })
  expect(await list()).toEqual([updateSavedView.view])
  await platform.graphql(`mutation ($id: ID!) { deleteSavedView(id: $id) { view { name query } } }`, { id: view.id })
  expect(await list()).toEqual([])
})

it('has one default at a time, which is shared', async () => {
  const [one, two] = [await create('one'), await create('two')]
  await share(one.id, true, true)
  await share(two.id, true, true)
  expect((await list()).map((view: any) => [view.name, view.shared, view.isDefault])).toEqual([
    ['one', true, false],
    ['two', true, true],
  ])
  await share(two.id, true, false)
  expect((await list()).filter((view: any) => view.isDefault)).toEqual([])
  await expect(share(one.id, false, true)).rejects.toThrow('What an experiment opens with is shared')
})

it('says that a filter can no longer be read, and shows the view all the same', async () => {
  expect((await create('broken', 'q=params.')).runs).toBeNull()
})

it.each([
  ['', 'q=', "'name'"],
  ['x'.repeat(101), '', 'maximum length of 100'],
  ['view', 'a b', 'no query string'],
  ['view', '<script>', 'no query string'],
  ['view', 'x'.repeat(16_001), 'maximum length of 16000'],
])('refuses the name %j with the query %j', async (name, query, message) => {
  const before = (await list()).length
  await expect(create(name, query)).rejects.toThrow(message)
  expect(await list()).toHaveLength(before)
})

it('answers an unknown view and an unknown experiment as what is not there', async () => {
  for (const id of ['99999', 'x', '-1']) await expect(share(id, true)).rejects.toThrow(`No saved view with id=${id} exists`)
  await expect(platform.graphql('{ savedViews(experiment: "424242") { id } }')).rejects.toThrow('424242')
})
