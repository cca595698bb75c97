/** The workflow of stages as clients of Databricks' workspace registry ask for it. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform?.stop())

const wire = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, input: object) =>
  platform.wire(method, path, input as Record<string, unknown>)
const post = (path: string, input: object) => wire('POST', path, input)
const deleted = async (path: string, query: Record<string, string>) => {
  const response = await fetch(`${platform.origin}/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`, { method: 'DELETE' })
  return { status: response.status, body: (await response.json()) as any }
}

let count = 0
let name: string
beforeEach(async () => {
  name = `model ${++count}`
  await post('registered-models/create', { name })
  for (let i = 0; i < 2; i++) await post('model-versions/create', { name, source: 's3://bucket/model' })
})
const on = () => ({ name, version: '1', stage: 'Production' })

it('a transition is asked for, listed with what one may do, and approved, and the others are archived', async () => {
  await post('model-versions/transition-stage', { name, version: '2', stage: 'Production' })
  const { request } = await post('transition-requests/create', { ...on(), stage: 'production', comment: 'better' })
  expect(request).toMatchObject({ to_stage: 'Production', from_stage: 'None', comment: 'better', user_id: expect.any(String) })
  const { requests } = await wire('GET', 'transition-requests/list', { name, version: '1' })
  expect(requests).toEqual([request])
  expect(request.available_actions).toEqual(['APPROVE_TRANSITION_REQUEST', 'REJECT_TRANSITION_REQUEST', 'CANCEL_TRANSITION_REQUEST'])
  const { activity } = await post('transition-requests/approve', { ...on(), archive_existing_versions: true, comment: 'yes' })
  expect(activity).toMatchObject({ activity_type: 'APPROVED_REQUEST', comment: 'yes', from_stage: 'None', to_stage: 'Production' })
  expect((await wire('GET', 'transition-requests/list', { name, version: '1' })).requests).toEqual([])
  const { model_version } = await wire('GET', 'model-versions/get', { name, version: '2' })
  expect(model_version.current_stage).toBe('Archived')
})

it('a request is rejected, and taken back by a query or a body', async () => {
  await post('transition-requests/create', on())
  expect((await post('transition-requests/reject', { ...on(), comment: 'no' })).activity).toMatchObject({
    activity_type: 'REJECTED_REQUEST',
    comment: 'no',
  })
  const { request } = await post('transition-requests/create', on())
  const { body } = await deleted('transition-requests/delete', { ...on(), creator: request.user_id, comment: 'mistake' })
  expect(body.activity).toMatchObject({ activity_type: 'CANCELLED_REQUEST', comment: 'mistake' })
  const none = await deleted('transition-requests/delete', { ...on(), creator: request.user_id })
  expect([none.status, none.body.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
  await expect(post('transition-requests/approve', on())).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
})

it('a gate holds here too', async () => {
  await platform.graphql(
    'mutation ($name: String!) { setRegistryPolicy(input: { model: $name, gates: [{ stage: "Production" }] }) { policy { stages } } }',
    { name },
  )
  await expect(post('databricks/model-versions/transition-stage', on())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  const { request } = await post('transition-requests/create', on())
  // Who asked may take it back, and not approve it.
  expect(request.available_actions).toEqual(['CANCEL_TRANSITION_REQUEST'])
  await expect(post('transition-requests/approve', on())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

it('comments are written, changed and taken away', async () => {
  const { comment } = await post('comments/create', { name, version: '1', comment: 'first' })
  expect(comment).toMatchObject({ comment: 'first', available_actions: ['EDIT_COMMENT', 'DELETE_COMMENT'] })
  expect((await wire('PATCH', 'comments/update', { id: comment.id, comment: 'second' })).comment).toMatchObject({
    id: comment.id,
    comment: 'second',
  })
  expect(await deleted('comments/delete', { id: comment.id })).toEqual({ status: 200, body: {} })
  await expect(wire('PATCH', 'comments/update', { id: comment.id, comment: 'third' })).rejects.toMatchObject({ status: 404 })
})

it('a version and a model come with what one may do', async () => {
  const moved = await post('databricks/model-versions/transition-stage', {
    ...on(),
    stage: 'Staging',
    archive_existing_versions: false,
    comment: 'try',
  })
  expect(moved.model_version_databricks).toMatchObject({ name, version: '1', current_stage: 'Staging', permission_level: 'CAN_MANAGE' })
  expect(moved.model_version).toEqual(moved.model_version_databricks)
  const { registered_model_databricks } = await wire('GET', 'databricks/registered-models/get', { name })
  expect(registered_model_databricks).toMatchObject({
    ...{ id: expect.stringMatching(/^\d+$/), name, permission_level: 'CAN_MANAGE' },
    latest_versions: [{ version: '1' }, { version: '2' }],
  })
})
