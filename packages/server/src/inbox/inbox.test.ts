/** The inbox: who is told of what, by letter too, at a real mail server; and who is not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform, startPlatform } from '@tidegate/test'
import { peopleOf, type Who } from '@tidegate/test/people'
import { type SmtpSink, startSmtp } from '@tidegate/test/smtp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { namesIn } from './names.ts'
import { nextLetter } from './schedule.ts'

let sink: SmtpSink
let platform: Platform
const { data, make, first, send } = peopleOf(() => platform)
const who: Record<string, Who> = {}

beforeAll(async () => {
  sink = await startSmtp()
  platform = await startPlatform({ access: 'accounts', smtpUrl: sink.url, mailFrom: 'Tidegate <tide@gate.example>' })
  who.ada = await first()
  for (const [name, role] of Object.entries({ eve: 'ENGINEER', vi: 'VIEWER', amy: 'APPROVER', abe: 'APPROVER' }))
    who[name] = await make(name, { default: role })
  await platform.db.query("UPDATE account SET email = name || '@example.com'")
}, 60_000)
afterAll(async () => {
  await platform?.stop()
  await sink?.stop()
})

let count = 0
let name: string
beforeEach(async () => {
  name = `model ${++count}`
  await as('eve', 'mutation ($name: String!) { createRegisteredModel(input: { name: $name }) { model { id } } }')
  await register()
  await settled()
})
const as = (person: string, query: string, more: object = {}) => data(who[person]!, query, { name, ...more })
const register = () =>
  as('eve', 'mutation ($name: String!) { createModelVersion(input: { name: $name, source: "s3://bucket/model" }) { version { version } } }')
const comment = async (person: string, text: string): Promise<string> =>
  (
    await as(
      person,
      'mutation ($name: String!, $text: String!) { addVersionComment(name: $name, version: 1, text: $text) { comment { id } } }',
      {
        text,
      },
    )
  ).addVersionComment.comment.id
const ask = async (person: string, stage = 'Production'): Promise<string> =>
  (
    await as(
      person,
      'mutation ($name: String!, $stage: String!) { requestTransition(input: { name: $name, version: 1, stage: $stage, comment: "better" }) { request { id } } }',
      { stage },
    )
  ).requestTransition.request.id
const decide = (person: string, verb: string, id: string) =>
  as(person, `mutation ($id: ID!) { ${verb}Transition(request: $id, comment: "so be it") { request { state } } }`, { id })
const follow = (person: string, state: string) =>
  as(person, 'mutation ($name: String!, $state: FollowState!) { followModel(name: $name, state: $state) { model { following } } }', {
    state,
  })
const gate = (approvers: object) =>
  as('ada', 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { policy { stages } } }', {
    input: { model: name, gates: [{ stage: 'Production', approvers }] },
  })
const inbox = async (person: string, more = ''): Promise<{ nodes: any[]; unread: number; pageInfo: { endCursor: string | null } }> =>
  (
    await as(
      person,
      `{ inbox(first: 100${more}) { unread nodes { id kind text actor model version path readAt } pageInfo { endCursor } } }`,
    )
  ).inbox

async function until<T>(read: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    await sleep(30)
  }
}
/** All that follows from what was done has been done, but for letters of later. */
const settled = () =>
  until(
    () => platform.db.query("SELECT FROM graphile_worker.jobs WHERE task_identifier NOT IN ('inbox.letter') AND run_at <= now()"),
    (waiting) => waiting.length === 0,
  )
/** Of this model, the oldest first. */
const told = async (person: string) => {
  await settled()
  return (await inbox(person)).nodes.filter(({ model }) => model === name).reverse()
}
const kindsOf = async (person: string) => (await told(person)).map(({ kind }) => kind)

describe('the inbox', () => {
  it('tells who follows, by what they did or because they said so, and never who did it', async () => {
    await follow('vi', 'FOLLOWING')
    await comment('vi', 'Does it drift?')
    await register()
    expect(await told('vi')).toMatchObject([
      { kind: 'NEW_VERSION', text: `eve registered ${name} v2`, path: `/models/${encodeURIComponent(name)}/2`, version: 2 },
    ])
    expect(await told('eve')).toMatchObject([
      { kind: 'COMMENTED', actor: 'vi', text: `vi commented on ${name} v1: “Does it drift?”`, readAt: null },
    ])
    expect((await as('eve', 'query ($name: String!) { registeredModel(name: $name) { following } }')).registeredModel).toEqual({
      following: 'FOLLOWING',
    })
    expect(await told('abe')).toEqual([])
  })

  it('tells who asked what is said of it, and whom a comment on it names, once', async () => {
    const id = await ask('vi')
    const say = (person: string, text: string) =>
      as(person, 'mutation ($id: ID!, $text: String!) { addRequestComment(request: $id, text: $text) { comment { id requestId mine } } }', {
        id,
        text,
      })
    const said = (await say('amy', '@abe, does it do **holidays**?')).addRequestComment.comment
    expect(said).toMatchObject({ requestId: id, mine: true })
    const about = `what was asked for ${name} v1`
    expect(await told('vi')).toMatchObject([{ kind: 'COMMENTED', text: `amy commented on ${about}: “@abe, does it do **holidays**?”` }])
    expect(await told('abe')).toMatchObject([{ kind: 'MENTIONED', text: expect.stringContaining(`amy named you, on ${about}`) }])
    // Who wrote it changes it and takes it away; what it said stays in the activity.
    const change = 'mutation ($id: ID!, $text: String!) { editVersionComment(id: $id, text: $text) { comment { text } } }'
    await expect(as('vi', change, { id: said.id, text: 'no' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await as('amy', change, { id: said.id, text: '@abe and @vi, does it?' })
    expect(await kindsOf('abe')).toEqual(['MENTIONED'])
    expect(await kindsOf('vi')).toEqual(['COMMENTED', 'MENTIONED'])
    const comments = async () =>
      (
        await as('vi', 'query ($id: ID!) { transitionRequest(id: $id) { comments { text by } version { comments { requestId } } } }', {
          id,
        })
      ).transitionRequest
    expect(await comments()).toEqual({
      comments: [{ text: '@abe and @vi, does it?', by: 'amy' }],
      version: { comments: [{ requestId: id }] },
    })
    await as('amy', 'mutation ($id: ID!) { deleteVersionComment(id: $id) { id } }', { id: said.id })
    expect((await comments()).comments).toEqual([])
    const { activity } = (
      await as('vi', 'query ($name: String!) { registeredModel(name: $name) { activity(first: 3) { nodes { kind comment } } } }')
    ).registeredModel
    expect(activity.nodes).toEqual([
      { kind: 'COMMENT_DELETED', comment: '' },
      { kind: 'COMMENT_CHANGED', comment: '@abe and @vi, does it?' },
      { kind: 'COMMENT_ADDED', comment: '@abe, does it do **holidays**?' },
    ])
  })

  it('asks whose approval a gate counts, by name, team or role, and tells who asked what became of it', async () => {
    await gate({ role: 'APPROVER' })
    const id = await ask('vi')
    expect(await kindsOf('amy')).toEqual(['ASKED'])
    expect(await told('abe')).toMatchObject([{ kind: 'ASKED', text: `vi asks for ${name} v1 to come into Production: “better”` }])
    expect(await kindsOf('eve')).toEqual(['REQUESTED'])
    await decide('amy', 'reject', id)
    expect(await told('vi')).toMatchObject([
      { kind: 'DECIDED', text: `amy rejected what you asked for, ${name} v1 into Production: “so be it”` },
    ])
    await gate({ accounts: ['abe'] })
    await decide('abe', 'approve', await ask('vi'))
    expect((await told('vi')).at(-1)).toMatchObject({
      kind: 'DECIDED',
      text: `What you asked for was approved: ${name} v1 is in Production`,
    })
    expect(await kindsOf('amy')).toEqual(['ASKED'])
    expect((await kindsOf('eve')).at(-1)).toBe('STAGE_CHANGED')
  })

  it('tells who is named, once, also who mutes the model; and who waits for a check that fails', async () => {
    await follow('amy', 'MUTED')
    const id = await comment('vi', 'Look, @amy, and @nobody; not `@abe`.')
    await as('vi', 'mutation ($id: ID!) { editVersionComment(id: $id, text: "Look, @amy and @abe") { comment { id } } }', { id })
    await comment('vi', 'More')
    expect(await kindsOf('amy')).toEqual(['MENTIONED'])
    expect(await kindsOf('abe')).toEqual(['MENTIONED'])
    await gate({ role: 'ADMIN' })
    await ask('abe')
    const report = (state: string) =>
      as(
        'eve',
        'mutation ($name: String!, $state: CheckState!) { reportCheck(input: { name: $name, version: 1, check: "drift", state: $state, summary: "psi 0.4" }) { check { name } } }',
        { state },
      )
    for (const state of ['FAILED', 'FAILED', 'PASSED']) await report(state)
    expect((await told('abe')).filter(({ kind }) => kind === 'CHECK_FAILED')).toMatchObject([
      { text: `The check drift of ${name} v1 failed: “psi 0.4”` },
    ])
    expect(await kindsOf('amy')).toEqual(['MENTIONED'])
  })

  it('tells of what is said of a model as a whole, which who said it changes and takes away', async () => {
    const say = 'mutation ($name: String!) { addModelComment(name: $name, text: "For which grid, @amy?") { comment { id mine } } }'
    const { id } = (await as('vi', say)).addModelComment.comment
    const text = `vi commented on ${name}: “For which grid, @amy?”`
    expect(await told('eve')).toMatchObject([{ kind: 'COMMENTED', text, version: null, path: `/models/${encodeURIComponent(name)}` }])
    expect(await kindsOf('amy')).toEqual(['MENTIONED'])
    const change = 'mutation ($id: ID!) { editVersionComment(id: $id, text: "For which grid?") { comment { text } } }'
    await expect(as('eve', change, { id })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await as('vi', change, { id })
    const facts = async () =>
      (
        await as(
          'eve',
          'query ($name: String!) { registeredModel(name: $name) { comments { by text mine } activity(first: 3) { nodes { kind comment version } } } }',
        )
      ).registeredModel
    expect((await facts()).comments).toEqual([{ by: 'vi', text: 'For which grid?', mine: false }])
    await as('vi', 'mutation ($id: ID!) { deleteVersionComment(id: $id) { id } }', { id })
    // What it said, before and after, is in the activity.
    expect(await facts()).toEqual({
      comments: [],
      activity: {
        nodes: [
          { kind: 'COMMENT_DELETED', comment: '', version: null },
          { kind: 'COMMENT_CHANGED', comment: 'For which grid?', version: null },
          { kind: 'COMMENT_ADDED', comment: 'For which grid, @amy?', version: null },
        ],
      },
    })
  })

  it('holds nothing of a model that one may not read, also of what one was told before', async () => {
    await follow('vi', 'FOLLOWING')
    await register()
    expect(await kindsOf('vi')).toEqual(['NEW_VERSION'])
    const before = (await inbox('vi')).unread
    await as('ada', 'mutation ($name: String!) { setGrant(account: "vi", model: $name, permission: NO_PERMISSIONS) { __typename } }')
    await until(
      () => inbox('vi'),
      ({ unread }) => unread === before - 1,
    )
    await register()
    await comment('eve', 'Hidden from @vi')
    expect(await kindsOf('vi')).toEqual([])
    expect(
      await platform.db.query(
        `SELECT n.kind FROM notice n JOIN account a ON a.id = n.account_id JOIN registered_model m ON m.id = n.model_id WHERE a.name = 'vi' AND m.name = '${name}'`,
      ),
    ).toEqual([{ kind: 'NEW_VERSION' }])
  })

  it('is marked as read, one or all, and back; is searched and paged', async () => {
    for (const text of ['one', 'two', 'three']) await comment('vi', text)
    const [one, two] = await told('eve')
    const set = async (args: string) => (await as('eve', `mutation { markNotices${args} { count } }`)).markNotices.count
    expect(await set(`(ids: ["${one.id}", "${two.id}"])`)).toBe(2)
    expect(await set(`(ids: ["${one.id}"], read: false)`)).toBe(1)
    // Of somebody else's: nothing.
    expect((await as('vi', `mutation { markNotices(ids: ["${one.id}"]) { count } }`)).markNotices.count).toBe(0)
    const unread = await inbox('eve', ', unreadOnly: true')
    expect(unread.nodes.map(({ id }) => id)).toContain(one.id)
    expect(unread.nodes.map(({ id }) => id)).not.toContain(two.id)
    expect((await inbox('eve', ', kinds: [TOKEN_ENDS]')).nodes).toEqual([])
    expect(await set('')).toBe(unread.unread)
    expect((await inbox('eve')).unread).toBe(0)
    const page = (await as('eve', '{ inbox(first: 1) { nodes { id } pageInfo { endCursor } } }')).inbox
    const next = (await as('eve', `{ inbox(first: 1, after: "${page.pageInfo.endCursor}") { nodes { id } } }`)).inbox
    expect(Number(next.nodes[0].id)).toBeLessThan(Number(page.nodes[0].id))
  })
})

describe('letters', () => {
  const hurry = () => platform.db.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL')
  const lettersTo = (person: string) => sink.letters.filter(({ to }) => to === `${person}@example.com`)
  const forget = () => platform.db.query('UPDATE notice SET mailed_at = created_at')

  it('a burst is one, and what was read before it goes is in none', async () => {
    await settled()
    await forget()
    sink.letters.length = 0
    for (const text of ['one', 'two', 'three']) await comment('vi', text)
    const one = (await told('eve')).find(({ text }) => text.includes('“one”'))!
    await as('eve', `mutation { markNotices(ids: ["${one.id}"]) { count } }`)
    await hurry()
    const [letter] = await until(
      () => lettersTo('eve'),
      (all) => all.length > 0,
    )
    expect(letter).toMatchObject({ subject: `2 notices of ${name}` })
    expect(letter!.text).toContain(`vi commented on ${name} v1: “three”\n${platform.origin}/models/${encodeURIComponent(name)}/1`)
    expect(letter!.text).not.toContain('“one”')
    expect(letter!.source).toMatch(/list-unsubscribe-post: List-Unsubscribe=One-Click/i)
    await hurry()
    await settled()
    expect(lettersTo('eve')).toHaveLength(1)
  })

  it('end by their link, without signing in: not by looking at it, and of nobody else', async () => {
    const [, link] = /(\/letters\/stop\?of=[\w.-]+)/.exec(lettersTo('eve')[0]!.text)!
    const settings = async () => (await as('eve', '{ inboxSettings { letters address hasMail } }')).inboxSettings
    expect((await send('GET', link!)).status).toBe(200)
    expect(await settings()).toEqual({ letters: 'AT_ONCE', address: 'eve@example.com', hasMail: true })
    const forged = link!.replace(/of=\d+/, 'of=1')
    expect((await send('POST', forged)).status).toBe(404)
    expect((await send('POST', '/letters/stop?of=')).status).toBe(404)
    expect((await send('POST', link!)).status).toBe(200)
    expect((await settings()).letters).toBe('OFF')
    await comment('vi', 'four')
    expect((await told('eve')).at(-1)).toMatchObject({ text: expect.stringContaining('four') })
    await hurry()
    await settled()
    expect(lettersTo('eve')).toHaveLength(1)
    await as('eve', 'mutation { setInboxLetters(letters: DAILY) { settings { letters } } }')
    expect((await settings()).letters).toBe('DAILY')
  })

  it('come soon, at the full hour or in the morning, however often something comes meanwhile', () => {
    const at = Date.UTC(2030, 0, 1, 9, 20)
    expect(nextLetter('AT_ONCE', at) - at).toBe(60_000)
    expect(nextLetter('HOURLY', at)).toBe(Date.UTC(2030, 0, 1, 10))
    expect(nextLetter('DAILY', at)).toBe(Date.UTC(2030, 0, 2, 7))
    expect(nextLetter('DAILY', Date.UTC(2030, 0, 1, 6))).toBe(Date.UTC(2030, 0, 1, 7))
  })
})

it('tells before a token ends: whose it is, or who made the program whose it is', async () => {
  const day = 24 * 3600_000
  const token = async (account: string | undefined, days: number, title: string) => {
    const { createToken } = await as(
      'ada',
      'mutation ($account: String, $title: String!, $expiresAt: Timestamp) { createToken(account: $account, name: $title, expiresAt: $expiresAt) { token { id } } }',
      { account, title, expiresAt: Date.now() + days * day },
    )
    return createToken.token.id as string
  }
  await as('ada', 'mutation { createServiceAccount(name: "nightly") { service { name } } }')
  const mine = await token(undefined, 30, 'laptop')
  await token('nightly@default', 30, 'cron')
  await token(undefined, 0.9, 'for the day')
  const run = async () => {
    await platform.db.query("SELECT FROM graphile_worker.add_job('token.ends', '{}')")
    await settled()
    return (await inbox('ada', ', kinds: [TOKEN_ENDS]')).nodes.map(({ text }) => text.replace(/, on .*/, '')).reverse()
  }
  expect(await run()).toEqual([])
  await platform.db.query("UPDATE access_token SET expires_at = $1, created_at = 1 WHERE name IN ('laptop', 'cron')", [
    Date.now() + 6.5 * day,
  ])
  expect((await run()).sort()).toEqual(["The token 'cron' of nightly@default ends in a week", "The token 'laptop' ends in a week"])
  await platform.db.query('UPDATE access_token SET expires_at = $1 WHERE id = $2', [Date.now() + 0.5 * day, Number(mine)])
  await run()
  expect((await run()).filter((text) => text.includes('laptop'))).toEqual([
    "The token 'laptop' ends in a week",
    "The token 'laptop' ends in a day",
  ])
})

it('tells who made a webhook that it was turned off', async () => {
  await platform.db.query(
    `INSERT INTO webhook (uuid, workspace_id, dialect, name, events, url, created_by, created_at, updated_at, failing_since)
     VALUES ('off', 1, 'MLFLOW', 'to-nowhere', '{model_version.created}', 'https://nowhere.invalid/', 'abe', 1, 1, 1)`,
  )
  await register()
  const { nodes } = await until(
    () => inbox('abe', ', kinds: [WEBHOOK_OFF]'),
    ({ nodes }) => nodes.length > 0,
  )
  expect(nodes).toMatchObject([{ text: 'The webhook to-nowhere was turned off: nothing has arrived for days', path: '/webhooks' }])
  expect(await platform.db.query("SELECT status FROM webhook WHERE uuid = 'off'")).toEqual([{ status: 'DISABLED' }])
})

it('reads names as people write them', () => {
  expect(namesIn('@ada, see @Eve.smith. Mail me@example.com, `@code`, @nightly@default!\n```\n@block\n```')).toEqual([
    'ada',
    'eve.smith',
    'nightly@default',
  ])
})
