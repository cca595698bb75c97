/** Links that are good once, at a real mail server: invitations, and passwords that were forgotten. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform, startPlatform } from '@tidegate/test'
import { type SmtpSink, startSmtp } from '@tidegate/test/smtp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let sink: SmtpSink
let platform: Platform
let admin: Record<string, string>
const password = 'a long tide rises'

const send = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(platform.origin + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })
async function ask(query: string, variables: object = {}, who = admin): Promise<any> {
  const { data, errors } = (await (await send('/graphql', { query, variables }, who)).json()) as any
  if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions.code })
  return data
}
const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` })
const tokenIn = (text: string) => /\/link#([\w-]{43})/.exec(text)![1]!
const read = async (token: string) => {
  const answer = await send('/auth/link/read', { token })
  return answer.ok ? answer.json() : answer.status
}
const accept = (token: string) => send('/auth/link/accept', { token, password })
async function until<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look()
    if (holds(value)) return value
    await sleep(30)
  }
}
const lettersTo = (to: string, count: number) =>
  until(
    () => sink.letters.filter((each) => each.to === to),
    (all) => all.length >= count,
  )
/** Nothing is left to be done. */
const quiet = () =>
  until(
    () => platform.db.query('SELECT FROM graphile_worker._private_jobs j WHERE j.run_at <= now()'),
    (left) => left.length === 0,
  )
const create = async (name: string, email?: string) =>
  (
    await ask(
      'mutation ($name: String!, $email: String) { createAccount(name: $name, email: $email) { link mailedTo account { id email signsIn invitedUntil } } }',
      { name, email },
    )
  ).createAccount
const accountOf = async (name: string) =>
  (await ask('{ accounts { id name email signsIn invitedUntil } }')).accounts.find((each: { name: string }) => each.name === name)

beforeAll(async () => {
  sink = await startSmtp()
  platform = await startPlatform({ access: 'accounts', smtpUrl: sink.url, mailFrom: 'tide@gate.example' })
  await send('/auth/link/accept', { token: tokenIn(platform.firstLink!), name: 'ada', password })
  admin = basic('ada')
})
afterAll(async () => {
  await platform?.stop()
  await sink?.stop()
})

describe('an invitation', () => {
  it('is a letter with a link that is good once', async () => {
    const { mailedTo, account } = await create('bob', 'Bob@Example.com')
    expect([mailedTo, account.email, account.signsIn]).toEqual(['Bob@Example.com', 'Bob@Example.com', []])
    const days = (account.invitedUntil - Date.now()) / (24 * 3_600_000)
    expect(days > 2.9 && days <= 3).toBe(true)
    const [letter] = await lettersTo('bob@example.com', 1)
    expect(letter).toMatchObject({ subject: 'Come to Tidegate' })
    expect(letter!.text).toContain(`ada has made an account for you on Tidegate at ${platform.origin}. You sign in as bob.`)
    const token = tokenIn(letter!.text)
    expect(await read(token)).toEqual({ name: 'bob', isNew: true })
    expect((await accept(token)).status).toBe(200)
    expect((await accept(token)).status).toBe(404)
    expect(await accountOf('bob')).toMatchObject({ signsIn: ['PASSWORD'], invitedUntil: null })
  })

  it('that is sent again takes the place of the last', async () => {
    await create('cleo', 'cleo@example.com')
    const [first] = await lettersTo('cleo@example.com', 1)
    const { id } = await accountOf('cleo')
    const { resetPassword } = await ask('mutation ($id: ID!) { resetPassword(id: $id) { mailedTo } }', { id })
    expect(resetPassword.mailedTo).toBe('cleo@example.com')
    const [, second] = await lettersTo('cleo@example.com', 2)
    expect(await read(tokenIn(first!.text))).toBe(404)
    expect(await read(tokenIn(second!.text))).toEqual({ name: 'cleo', isNew: true })
  })

  it('is withdrawn, unless somebody came in by it', async () => {
    await create('dan', 'dan@example.com')
    const [letter] = await lettersTo('dan@example.com', 1)
    const withdraw = async (name: string) =>
      ask('mutation ($id: ID!) { withdrawInvitation(id: $id) { account { name } } }', { id: (await accountOf(name)).id })
    await withdraw('dan')
    expect(await read(tokenIn(letter!.text))).toBe(404)
    expect(await accountOf('dan')).toBeUndefined()
    await expect(withdraw('bob')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining('come in already'),
    })
  })

  it('that is withdrawn while its letter waits is not sent', async () => {
    let open = () => {}
    sink.hold = new Promise((resolve) => (open = resolve))
    await create('before', 'before@example.com')
    await create('late', 'late@example.com')
    await ask('mutation ($id: ID!) { withdrawInvitation(id: $id) { account { name } } }', { id: (await accountOf('late')).id })
    open()
    sink.hold = undefined
    await lettersTo('before@example.com', 1)
    await quiet()
    expect(sink.letters.filter(({ to }) => to === 'late@example.com')).toEqual([])
  })

  it('goes to the name, where that is an address; without one there is the link to pass on', async () => {
    expect(await create('erin@example.com')).toMatchObject({ mailedTo: 'erin@example.com' })
    await lettersTo('erin@example.com', 1)
    const { link, mailedTo } = await create('finn')
    expect([mailedTo, await read(tokenIn(link))]).toEqual([null, { name: 'finn', isNew: true }])
    await expect(create('gus', 'gus at home')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })
})

describe('a forgotten password', () => {
  const forgot = async (name: string) => {
    const answer = await send('/auth/forgot', { name })
    return [answer.status, await answer.json()]
  }

  it('is answered the same whether or not there is such an account', async () => {
    expect(await forgot('bob')).toEqual([200, {}])
    expect(await forgot('nobody-here')).toEqual([200, {}])
    expect(await forgot('Nobody@Example.com')).toEqual([200, {}])
    const [, letter] = await lettersTo('bob@example.com', 2)
    await quiet()
    expect(sink.letters.filter(({ to }) => to.startsWith('nobody'))).toEqual([])
    expect(letter).toMatchObject({ subject: 'Set a password on Tidegate' })
    expect(letter!.text).toContain('asked for a link to set a password for the account bob')
  })

  it('is set anew by the link; all others and all sessions end', async () => {
    await forgot('BOB@example.com')
    const letters = await lettersTo('bob@example.com', 3)
    const [older, newer] = letters.slice(1).map(({ text }) => tokenIn(text)) as [string, string]
    expect(await read(newer)).toEqual({ name: 'bob', isNew: false })
    const session = { cookie: (await send('/auth/sign-in', { name: 'bob', password })).headers.getSetCookie()[0]!.split(';')[0]! }
    expect((await accept(newer)).status).toBe(200)
    expect(await read(older)).toBe(404)
    expect((await ask('{ viewer { name } }', {}, session)).viewer).toBeNull()
  })

  it('is good for an hour only', async () => {
    await forgot('bob')
    const letter = (await lettersTo('bob@example.com', 4)).at(-1)!
    const [row] = await platform.db.query<{ left: number }>(
      'SELECT max(expires_at) - (extract(epoch FROM now()) * 1000)::bigint AS left FROM one_time_link l JOIN account a ON a.id = l.account_id WHERE a.name = $1',
      ['bob'],
    )
    expect(row!.left > 3_500_000 && row!.left <= 3_600_000).toBe(true)
    await platform.db.query('UPDATE one_time_link SET expires_at = 0')
    expect(await read(tokenIn(letter.text))).toBe(404)
  })

  it('of somebody who is out, or who has an account at a provider only, is not sent', async () => {
    await create('hal', 'hal@example.com')
    await create('ivy', 'ivy@example.com')
    await Promise.all([lettersTo('hal@example.com', 1), lettersTo('ivy@example.com', 1)])
    await ask('mutation ($id: ID!) { updateAccount(id: $id, isDisabled: true) { account { id } } }', { id: (await accountOf('hal')).id })
    await platform.db.query(
      "INSERT INTO sso_identity (issuer, subject, account_id, seen_at) SELECT 'https://x', 'ivy', id, 1 FROM account WHERE name = 'ivy'",
    )
    for (const name of ['hal', 'ivy', 'cleo']) await forgot(name)
    await lettersTo('cleo@example.com', 3)
    await quiet()
    expect(sink.letters.filter(({ to }) => ['hal@example.com', 'ivy@example.com'].includes(to))).toHaveLength(2)
  })

  it('can be asked for so often and not more, by name', async () => {
    const codes: unknown[] = []
    for (let i = 0; i < 12; i++) codes.push((await forgot('no-such-person'))[0])
    expect(codes).toEqual([...Array(10).fill(200), 429, 429])
    // Who was asked about may sign in all the same.
    for (let i = 0; i < 12; i++) await forgot('bob')
    expect((await send('/auth/sign-in', { name: 'bob', password })).status).toBe(200)
  })

  it('is a matter of asking an admin, where there is no mail', async () => {
    const other = await startPlatform({ access: 'accounts' })
    const answer = await fetch(`${other.origin}/auth/forgot`, {
      method: 'POST',
      body: '{"name":"ada"}',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringContaining('Ask an admin') }),
    ])
    await other.stop()
  })
})

it('no link is in the audit log', async () => {
  const { entries } = (await ask('{ auditLog(everywhere: true, first: 1000) { entries { operation detail } } }')).auditLog
  expect(entries.map(({ operation }: { operation: string }) => operation)).toEqual(
    expect.arrayContaining(['account.create', 'account.withdraw']),
  )
  for (const { text } of sink.letters.filter(({ text }) => text.includes('/link#')))
    expect(JSON.stringify(entries)).not.toContain(tokenIn(text))
})
