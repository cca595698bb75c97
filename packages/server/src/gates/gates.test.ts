/** Gates: what opens the way into a stage, what was asked for, who decides, and that nothing goes round it. */
import { type Platform, startPlatform } from '@tidegate/test'
import { atGates, peopleOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expireRequests } from './requests.ts'

let platform: Platform
const people: Record<string, Who> = {}
const { first, make } = peopleOf(() => platform)

async function send(who: string, method: string, path: string, input: object): Promise<{ status: number; body: any }> {
  const url = new URL(path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`, platform.origin)
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...people[who] },
    body: JSON.stringify(input),
  })
  return { status: response.status, body: await response.json() }
}
class Refused extends Error {
  code: string
  constructor({ message, extensions }: { message: string; extensions: { code: string } }) {
    super(message)
    this.code = extensions.code
  }
}
const ask = async (who: string, query: string, variables: object = {}) => {
  const { body } = await send(who, 'POST', '/graphql', { query, variables })
  if (body.errors) throw new Refused(body.errors[0])
  return body.data
}

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  people.ada = await first()
  for (const [name, role] of Object.entries(atGates)) people[name] = await make(name, { default: role })
}, 60_000)
afterAll(() => platform?.stop())

let count = 0
let name: string
beforeEach(async () => {
  name = `model ${++count}`
  await send('eve', 'POST', 'registered-models/create', { name })
  await send('eve', 'POST', 'model-versions/create', { name, source: 's3://bucket/model' })
})
const setPolicy = (gates: object[] | null, more: object = {}, who = 'ada') =>
  ask(who, 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { policy { stages gates { stage } } } }', {
    input: { model: name, gates, ...more },
  })
const facts = `id from to state comment requestedBy closedBy closedComment approvalsNeeded approvals { by comment }
  checks { name isMet check { state summary by } override { by reason } } can { approve cancel hasApproved whyNot }`
const request = async (who: string, stage = 'Production', more: object = {}) =>
  (
    await ask(who, `mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { ${facts} } } }`, {
      input: { name, version: 1, stage, ...more },
    })
  ).requestTransition.request
const decide = async (who: string, verb: 'approve' | 'reject' | 'cancel', id: string, comment = '') =>
  (
    await ask(
      who,
      `mutation ($id: ID!, $comment: String) { ${verb}Transition(request: $id, comment: $comment) { request { ${facts} } } }`,
      {
        id,
        comment,
      },
    )
  )[`${verb}Transition`].request
const report = (who: string, check: string, state: string, more: object = {}) =>
  ask(who, 'mutation ($input: ReportCheckInput!) { reportCheck(input: $input) { check { name state } } }', {
    input: { name, version: 1, check, state, ...more },
  })
const stageOf = async (version = 1) =>
  (await ask('vi', 'query ($name: String!, $version: Int!) { modelVersion(name: $name, version: $version) { stage } }', { name, version }))
    .modelVersion.stage
const told = async () =>
  (
    await ask('vi', 'query ($name: String!) { registeredModel(name: $name) { activity { nodes { kind actor to } } } }', { name })
  ).registeredModel.activity.nodes
    .map(({ kind, actor, to }: any) => `${kind} ${actor}${to ? ` ${to}` : ''}`)
    .reverse()

describe('a gate', () => {
  it('is passed by a request with enough approvals of others, and by nothing else', async () => {
    await setPolicy([{ stage: 'Production', approvals: 2 }])
    const direct = await send('ada', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'production' })
    expect([direct.status, direct.body.error_code]).toEqual([403, 'PERMISSION_DENIED'])
    expect(direct.body.message).toContain("'Production' has a gate: ask for the transition, and 2 approvals open it.")
    // A stage without one is entered as ever.
    expect((await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Staging' })).status).toBe(200)

    const { id, ...asked } = await request('amy', 'Production', { comment: 'better' })
    expect(asked).toMatchObject({ from: 'Staging', to: 'Production', state: 'OPEN', comment: 'better', approvalsNeeded: 2, approvals: [] })
    await expect(decide('eve', 'approve', id)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('not among those'),
    })
    await expect(decide('amy', 'approve', id)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('yourself'),
    })
    for (let i = 0; i < 2; i++)
      expect(await decide('abe', 'approve', id, 'fine')).toMatchObject({ state: 'OPEN', approvals: [{ by: 'abe', comment: 'fine' }] })
    expect(await stageOf()).toBe('Staging')
    expect(await decide('ana', 'approve', id)).toMatchObject({ state: 'APPROVED', closedBy: 'ana' })
    expect(await stageOf()).toBe('Production')
    expect((await told()).slice(2)).toEqual([
      'POLICY_CHANGED ada',
      'STAGE_CHANGED eve Staging',
      'TRANSITION_REQUESTED amy Production',
      'TRANSITION_APPROVED abe Production',
      'TRANSITION_APPROVED ana Production',
      'STAGE_CHANGED ana Production',
    ])
    await expect(decide('abe', 'reject', id)).rejects.toMatchObject({
      code: 'RESOURCE_CONFLICT',
      message: expect.stringContaining('approved by ana'),
    })
  })

  it('waits for its checks, and opens by itself when the last of them has passed', async () => {
    await setPolicy([{ stage: 'Production', checks: ['ci', 'drift'] }])
    await report('eve', 'ci', 'PASSED', { summary: 'all green' })
    const { id, checks } = await request('vi')
    expect(checks).toEqual([
      { name: 'ci', isMet: true, check: { state: 'PASSED', summary: 'all green', by: 'eve' }, override: null },
      { name: 'drift', isMet: false, check: null, override: null },
    ])
    expect(await decide('amy', 'approve', id)).toMatchObject({ state: 'OPEN', can: { hasApproved: true } })
    for (const state of ['RUNNING', 'FAILED']) await report('eve', 'drift', state)
    expect(await stageOf()).toBe('None')
    await expect(report('vi', 'drift', 'PASSED')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await report('eve', 'drift', 'PASSED')
    expect(await stageOf()).toBe('Production')
  })

  it('may be opened past a check by who manages the workspace, with a reason', async () => {
    await setPolicy([{ stage: 'Production', checks: ['ci'] }])
    const { id } = await request('eve')
    await decide('amy', 'approve', id)
    const override = (who: string, check = 'ci') =>
      ask(
        who,
        'mutation ($id: ID!, $check: String!) { overrideCheck(request: $id, check: $check, reason: "CI is down") { request { state } } }',
        {
          id,
          check,
        },
      )
    // Who made the model manages it, and no more than that.
    await expect(override('eve')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(override('ada', 'none')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    expect((await override('ada')).overrideCheck.request.state).toBe('APPROVED')
    expect((await told()).slice(-2)).toEqual(['CHECK_OVERRIDDEN ada Production', 'STAGE_CHANGED ada Production'])
  })

  it('says from where, by whom and with what words it is asked, and who approves', async () => {
    await ask('ada', 'mutation { createTeam(name: "risk") { team { name } } }').catch(() => {})
    await setPolicy([
      {
        ...{ stage: 'Production', from: ['Staging'], commentRequired: true },
        ...{ requesters: { accounts: ['eve', 'ed'] }, approvers: { accounts: ['ed', 'vi'] }, selfApproval: true },
      },
    ])
    await expect(request('eve', 'Production', { comment: 'x' })).rejects.toMatchObject({
      message: expect.stringContaining('entered from Staging'),
    })
    await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Staging' })
    await expect(request('eve')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('Say why') })
    await expect(request('abe', 'Production', { comment: 'x' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    const { id } = await request('ed', 'Production', { comment: 'x' })
    await expect(decide('ana', 'approve', id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await decide('ed', 'approve', id)).toMatchObject({ state: 'APPROVED' })
  })

  it('is judged as it stands when it is decided', async () => {
    await setPolicy([{ stage: 'Production', approvals: 1 }])
    const { id } = await request('eve')
    await setPolicy([{ stage: 'Production', approvals: 2 }])
    expect(await decide('amy', 'approve', id)).toMatchObject({ state: 'OPEN', approvalsNeeded: 2 })
    expect(await decide('abe', 'approve', id)).toMatchObject({ state: 'APPROVED' })
  })

  it('is set by who manages the workspace, not by who made the model', async () => {
    await expect(setPolicy([], {}, 'eve')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(setPolicy([], {}, 'amy')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})

describe('a request', () => {
  it('is rejected, taken back, and open once for each person and stage', async () => {
    await setPolicy([{ stage: 'Production' }])
    const { id } = await request('eve')
    await expect(request('eve')).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    const other = await request('ed')
    await expect(decide('ed', 'cancel', id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await decide('ed', 'cancel', other.id)).toMatchObject({ state: 'CANCELLED', closedBy: 'ed' })
    expect(await decide('abe', 'reject', id, 'too little data')).toMatchObject({
      state: 'REJECTED',
      closedBy: 'abe',
      closedComment: 'too little data',
    })
    expect(await stageOf()).toBe('None')
    expect((await request('eve')).state).toBe('OPEN')
  })

  it('is closed when the version comes into another stage', async () => {
    await setPolicy([{ stage: 'Production' }])
    const [first, second] = [await request('eve'), await request('ed')]
    await decide('amy', 'approve', first.id)
    const { transitionRequest } = await ask('vi', `query ($id: ID!) { transitionRequest(id: $id) { ${facts} } }`, { id: second.id })
    expect(transitionRequest).toMatchObject({ state: 'SUPERSEDED', closedBy: 'amy', can: { approve: false, whyNot: 'It is closed.' } })
  })

  it('sends those that stand there into the archive, where that is asked', async () => {
    await send('eve', 'POST', 'model-versions/create', { name, source: 's3://bucket/model' })
    await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '2', stage: 'Production' })
    await setPolicy([{ stage: 'Production' }])
    const { id } = await request('eve', 'Production', { archiveExisting: true })
    await decide('amy', 'approve', id)
    expect([await stageOf(1), await stageOf(2)]).toEqual(['Production', 'Archived'])
  })

  it('ends with its time', async () => {
    await setPolicy([{ stage: 'Production', ttl: 1000 }])
    const [first, second] = [await request('eve'), await request('ed')]
    await platform.db.query('UPDATE transition_request SET expires_at = 1 WHERE id = ANY($1)', [[Number(first.id), Number(second.id)]])
    await expect(decide('amy', 'approve', first.id)).rejects.toMatchObject({
      code: 'RESOURCE_CONFLICT',
      message: expect.stringContaining('time is over'),
    })
    expect(await stageOf()).toBe('None')
    await expect
      .poll(
        async () =>
          (await ask('vi', 'query ($id: ID!) { transitionRequest(id: $id) { state } }', { id: first.id })).transitionRequest.state,
      )
      .toBe('EXPIRED')
    expect(expireRequests.every).toBe('* * * * *')
    await platform.db.query('SELECT graphile_worker.add_job($1, $2::json)', [expireRequests.name, '{}'])
    await expect
      .poll(
        async () =>
          (await ask('vi', 'query ($id: ID!) { transitionRequest(id: $id) { state closedBy } }', { id: second.id })).transitionRequest,
        { timeout: 20_000 },
      )
      .toEqual({ state: 'EXPIRED', closedBy: 'Tidegate' })
  })

  it('into a stage without a gate is approved by whoever might move the version, also who asked', async () => {
    const { id } = await request('vi', 'Staging')
    await expect(decide('vi', 'approve', id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await decide('ed', 'approve', id)).toMatchObject({ state: 'APPROVED' })
    expect(await stageOf()).toBe('Staging')
  })

  it('waits on those whose approval counts, and on nobody else', async () => {
    await setPolicy([{ stage: 'Production', approvals: 2 }])
    const { id } = await request('amy')
    const waits = async (who: string) =>
      (await ask(who, '{ transitionRequests(waitingOnMe: true, first: 1000) { nodes { id } } }')).transitionRequests.nodes.some(
        (it: any) => it.id === id,
      )
    expect([await waits('amy'), await waits('abe'), await waits('eve'), await waits('ada')]).toEqual([false, true, false, true])
    await decide('abe', 'approve', id)
    expect(await waits('abe')).toBe(false)
  })

  it('is hidden with its model', async () => {
    const { id } = await request('eve', 'Staging')
    const grant = (permission: string | null) =>
      ask(
        'ada',
        'mutation ($name: String!, $permission: Permission) { setGrant(model: $name, account: "ed", permission: $permission) { grant { permission } } }',
        {
          name,
          permission,
        },
      )
    await grant('NO_PERMISSIONS')
    expect((await ask('ed', 'query ($id: ID!) { transitionRequest(id: $id) { id } }', { id })).transitionRequest).toBeNull()
    await expect(decide('ed', 'approve', id)).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect((await ask('ed', '{ transitionRequests(first: 1000) { nodes { id } } }')).transitionRequests.nodes).not.toContainEqual({ id })
    await grant(null)
  })
})

describe('stages of ones own', () => {
  it('stand between the first and the archive, and MLflow’s calls know them', async () => {
    const stages = ['None', 'Shadow', 'Canary', 'Production', 'Archived']
    await setPolicy(null, { stages })
    const { status, body } = await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'shadow' })
    expect([status, body.model_version.current_stage]).toEqual([200, 'Shadow'])
    const wrong = await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Staging' })
    expect(wrong.body.message).toContain('Value must be one of None, Shadow, Canary, Production, Archived.')
    expect(
      (await ask('vi', 'query ($name: String!) { registeredModel(name: $name) { stages } }', { name })).registeredModel.stages,
    ).toEqual(stages)
    await expect(setPolicy(null)).rejects.toMatchObject({ message: expect.stringContaining("Versions stand in 'Shadow'") })
    await send('eve', 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'None' })
    await setPolicy(null)
  })

  it.each([
    [{ stages: ['Production', 'Archived'] }, 'The first stage is'],
    [{ stages: ['None', 'a', 'A', 'Archived'] }, 'Two stages have one name'],
    [{ stages: ['None', 'latest', 'Archived'] }, 'models:/ URIs'],
    [{ stages: ['None', 'a/b', 'Archived'] }, 'A stage has no'],
    [{ gates: [{ stage: 'Nowhere' }] }, "There is no stage 'Nowhere'"],
    [{ gates: [{ stage: 'Archived' }] }, "'Archived' has no gate"],
    [{ gates: [{ stage: 'Production' }, { stage: 'Production' }] }, 'two gates'],
    [{ gates: [{ stage: 'Production', from: ['x'] }] }, "There is no stage 'x'"],
    [{ gates: [{ stage: 'Production', approvers: {} }] }, 'Nobody can give the approvals'],
    [{ gates: [{ stage: 'Production', approvals: 0 }] }, 'holds nothing'],
  ])('and their gates are refused where they make no sense: %j', async (input, why) => {
    await expect(setPolicy(null, input)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(why) })
  })

  it('are the workspace’s where a model has none of its own', async () => {
    await ask('ada', 'mutation { setRegistryPolicy(input: { gates: [{ stage: "Production" }] }) { policy { stages } } }')
    const gates = async () =>
      await ask(
        'vi',
        'query ($name: String!) { registeredModel(name: $name) { gates { stage } } registryPolicy { gates { approvals } } }',
        { name },
      )
    expect(await gates()).toEqual({ registeredModel: { gates: [{ stage: 'Production' }] }, registryPolicy: { gates: [{ approvals: 1 }] } })
    await setPolicy([])
    expect((await gates()).registeredModel.gates).toEqual([])
    await ask('ada', 'mutation { setRegistryPolicy(input: {}) { policy { stages } } }')
  })
})

it('a comment is its author’s, and what it said stays written down', async () => {
  const { addVersionComment } = await ask(
    'vi',
    'mutation ($name: String!) { addVersionComment(name: $name, version: 1, text: "first") { comment { id by mine } } }',
    { name },
  )
  const { id } = addVersionComment.comment
  expect(addVersionComment.comment).toMatchObject({ by: 'vi', mine: true })
  await expect(
    ask('ada', 'mutation ($id: ID!) { editVersionComment(id: $id, text: "x") { comment { id } } }', { id }),
  ).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  })
  await ask('vi', 'mutation ($id: ID!) { editVersionComment(id: $id, text: "second") { comment { text } } }', { id })
  const { modelVersion } = await ask(
    'eve',
    'query ($name: String!) { modelVersion(name: $name, version: 1) { comments { text by mine } } }',
    { name },
  )
  expect(modelVersion.comments).toEqual([{ text: 'second', by: 'vi', mine: false }])
  await ask('vi', 'mutation ($id: ID!) { deleteVersionComment(id: $id) { id } }', { id })
  expect((await told()).slice(-3)).toEqual(['COMMENT_ADDED vi', 'COMMENT_CHANGED vi', 'COMMENT_DELETED vi'])
})
