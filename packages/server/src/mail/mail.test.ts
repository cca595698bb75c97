/** Mail, at a real mail server that takes, refuses, delays and drops. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createDb } from '@tidegate/db'
import { type Platform, startPlatform } from '@tidegate/test'
import { account, type SmtpSink, startSmtp } from '@tidegate/test/smtp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../config.ts'
import { inTransaction, type Kernel } from '../context.ts'
import { transportOf } from '../mailer.ts'
import { openSecrets } from '../secrets.ts'
import { render } from './letter.ts'
import { type Message, mailContent, sendMail, writeMail } from './mail.ts'

let sink: SmtpSink
let platform: Platform
/** What of the platform a caller of sendMail needs. */
let kernel: Kernel
const lines: string[] = []

beforeAll(async () => {
  sink = await startSmtp()
  platform = await startPlatform({
    smtpUrl: sink.url,
    mailFrom: 'Tidegate <tide@gate.example>',
    logLevel: 'debug',
    logTo: { write: (line: string) => void lines.push(line) },
  })
  const db = createDb(platform.db.url)
  const secrets = await openSecrets(db, { folder: `${platform.folder}-data`, columns: [mailContent] })
  kernel = { db, secrets, mailer: {}, events: { ring() {} } } as never
})
afterAll(async () => {
  await kernel?.db.close()
  await platform?.stop()
  await sink?.stop()
})
beforeEach(() => {
  sink.behave = () => 'take'
  sink.hold = undefined
})

const message = (to: string, more: Partial<Message> = {}): Message => ({
  kind: 'notice',
  to,
  subject: 'The tide is in',
  body: { text: ['Look & see.'], link: { label: 'Look', url: 'https://gate.example/link#s3cret' } },
  ...more,
})
async function send(each: Message): Promise<void> {
  const letter = await writeMail(kernel, each)
  await inTransaction(kernel, (tx) => sendMail(tx, letter))
}
const settings = async () =>
  (await platform.graphql('{ mail { from host recent(first: 200) { kind to subject state attempts error sentAt } } }')).mail
const about = async (to: string): Promise<any[]> => (await settings()).recent.filter((each: { to: string }) => each.to === to).reverse()
async function until<T>(read: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read()
    if (holds(value)) return value
    await sleep(30)
  }
}
const ended = (to: string) =>
  until(
    () => about(to),
    (all) => all.length > 0 && all.every(({ state }) => state !== 'WAITING'),
  )
/** Those that wait for another attempt, now. */
const hurry = () => platform.db.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL')

describe('a letter', () => {
  it('goes as text and as HTML, from whom the operator said, and nothing in it is fetched', async () => {
    await send(message('Ada@Example.com'))
    expect(await ended('ada@example.com')).toMatchObject([{ kind: 'notice', state: 'SENT', attempts: 1, error: null }])
    const [letter] = sink.letters.filter(({ to }) => to === 'ada@example.com')
    expect(letter).toMatchObject({ from: 'tide@gate.example', subject: 'The tide is in' })
    expect(letter!.id).toMatch(/^<mail-\d+@gate\.example>$/)
    expect(letter!.text).toContain('Look & see.\n\nLook:\nhttps://gate.example/link#s3cret')
    expect(letter!.html).toContain('href="https://gate.example/link#s3cret"')
    expect(letter!.html).toContain('Look &#38; see.')
    expect(letter!.html).not.toMatch(/<img|<script|src=|url\(/)
    expect(letter!.source).toMatch(/auto-submitted: auto-generated/i)
  })

  it('goes when its transaction commits, and else not', async () => {
    const letter = await writeMail(kernel, message('rolled@example.com'))
    const work = inTransaction(kernel, async (tx) => {
      await sendMail(tx, letter)
      throw new Error('not this time')
    })
    await expect(work).rejects.toThrow('not this time')
    await send(message('after@example.com'))
    await ended('after@example.com')
    expect(await about('rolled@example.com')).toEqual([])
  })

  it('is sealed until it goes, gone afterwards, and in no line of the log; nor is the password of the mail server', async () => {
    let open = () => {}
    sink.hold = new Promise((resolve) => (open = resolve))
    await send(message('sealed@example.com'))
    const read = async () =>
      (await platform.db.query<{ content: string | null }>("SELECT content FROM mail WHERE recipient = 'sealed@example.com'"))[0]!
    expect((await read()).content).toMatch(/^sealed:/)
    open()
    await ended('sealed@example.com')
    expect((await read()).content).toBeNull()
    expect(lines.join('')).not.toMatch(/s3cret/)
    expect(lines.join('')).not.toContain(account.password)
    expect(lines.join('')).not.toContain(encodeURIComponent(account.password))
  })

  it('that the server has no time for is tried again, later each time', async () => {
    sink.behave = () => 'busy'
    await send(message('busy@example.com'))
    const [first] = await until(
      () => about('busy@example.com'),
      ([each]) => each?.attempts === 1,
    )
    expect(first).toMatchObject({ state: 'WAITING', error: expect.stringContaining('Try again later') })
    sink.behave = () => 'take'
    await until(hurry, () => sink.letters.some(({ to }) => to === 'busy@example.com'))
    expect(await ended('busy@example.com')).toMatchObject([{ state: 'SENT', attempts: 2, error: null }])
  })

  it('is tried again where the line drops, under the same id', async () => {
    sink.behave = () => 'drop'
    await send(message('drop@example.com'))
    await until(
      () => about('drop@example.com'),
      ([each]) => each?.attempts === 1,
    )
    sink.behave = () => 'take'
    await until(hurry, () => sink.letters.some(({ to }) => to === 'drop@example.com'))
    expect(await ended('drop@example.com')).toMatchObject([{ state: 'SENT' }])
    const [row] = await platform.db.query<{ id: number }>("SELECT id FROM mail WHERE recipient = 'drop@example.com'")
    expect(sink.letters.find(({ to }) => to === 'drop@example.com')!.id).toBe(`<mail-${row!.id}@gate.example>`)
  })

  it('for a mailbox that is not there is given up at once', async () => {
    sink.behave = () => 'refuse'
    const before = sink.visits
    await send(message('nobody@example.com'))
    expect(await ended('nobody@example.com')).toMatchObject([
      { state: 'FAILED', attempts: 1, error: expect.stringContaining('No such mailbox') },
    ])
    expect(sink.visits).toBe(before + 1)
  })

  it('goes once although its job runs twice', async () => {
    await send(message('twice@example.com'))
    await ended('twice@example.com')
    const [row] = await platform.db.query<{ id: number }>("SELECT id FROM mail WHERE recipient = 'twice@example.com'")
    await platform.db.query("SELECT FROM graphile_worker.add_job('mail.post', json_build_object('mail', $1::int))", [row!.id])
    await send(message('behind@example.com'))
    await ended('behind@example.com')
    await until(
      () => platform.db.query('SELECT FROM graphile_worker._private_jobs'),
      (waiting) => waiting.length === 0,
    )
    expect(sink.letters.filter(({ to }) => to === 'twice@example.com')).toHaveLength(1)
  })

  it('more than a person gets a day is not sent; the first of them says so, once', async () => {
    const reset = message('many@example.com', { kind: 'password-reset' })
    for (let i = 0; i < 8; i++) await send(reset)
    await send(message('many@example.com'))
    const all = await ended('many@example.com')
    expect(all.map(({ state }) => state)).toEqual([...Array(5).fill('SENT'), ...Array(3).fill('FAILED'), 'SENT'])
    expect(all[6].error).toContain('had 5 letters to set a password that day already')
    const subjects = sink.letters.filter(({ to }) => to === 'many@example.com').map(({ subject }) => subject)
    expect(subjects.filter((each) => each.startsWith('Limit reached'))).toEqual(['Limit reached: no more letters to set a password today'])
    expect(subjects).toHaveLength(7)
    expect(sink.letters.filter(({ to }) => to === 'many@example.com').at(5)!.text).not.toContain('s3cret')
  })
})

describe('who manages the installation', () => {
  it('tries whether mail arrives, and is told what the server says', async () => {
    const test = async (to: string) =>
      (await platform.graphql('mutation ($to: String!) { testMail(to: $to) { ok message } }', { to })).testMail
    expect(await test('me@example.com')).toEqual({ ok: true, message: '127.0.0.1 took it, for me@example.com.' })
    expect(sink.letters.at(-1)).toMatchObject({ to: 'me@example.com', subject: 'Mail from Tidegate arrives' })
    sink.behave = () => 'refuse'
    expect(await test('me@example.com')).toMatchObject({ ok: false, message: expect.stringContaining('No such mailbox here') })
    for (const bad of ['', 'me', 'a b@example.com', 'a@b, c@d', 'x@y\r\nBcc: z@w', '<a@b>'])
      await expect(test(bad)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('is told where the name or the password is wrong, without either', async () => {
    const other = await startPlatform({ smtpUrl: sink.url.replace('tide:', 'ebb:'), mailFrom: 'tide@gate.example' })
    const { testMail } = await other.graphql('mutation { testMail(to: "me@example.com") { ok message } }')
    expect(testMail).toMatchObject({ ok: false, message: expect.stringContaining('535') })
    expect(testMail.message).not.toContain(account.password)
    await other.stop()
  })

  it('is told that there is no mail, where there is none', async () => {
    const other = await startPlatform()
    expect(await other.graphql('{ mail { host } }')).toEqual({ mail: null })
    await expect(other.graphql('mutation { testMail(to: "me@example.com") { ok } }')).rejects.toMatchObject({
      message: expect.stringContaining('--smtp-url'),
    })
    await other.stop()
  })
})

it('a password goes over TLS or not at all, but on this machine', () => {
  expect(transportOf('smtp://a:b@mail.example.com')).toMatchObject({ port: 587, secure: false, requireTLS: true, ignoreTLS: false })
  expect(transportOf('smtps://a:b@mail.example.com')).toMatchObject({ port: 465, secure: true })
  expect(transportOf('smtp://mail.example.com:25')).toMatchObject({ port: 25, requireTLS: false, ignoreTLS: false })
  expect(transportOf('smtp://a:b@localhost:25')).toMatchObject({ requireTLS: false, ignoreTLS: true })
  expect(transportOf('smtp://a%40b:p%2Fq@h').auth).toEqual({ user: 'a@b', pass: 'p/q' })
})

it('what people wrote is text in a letter, never markup', () => {
  const { html } = render(
    { text: ['<img src=x onerror=alert(1)>'], link: { label: '"><b>', url: 'https://x/"onclick="' } },
    'https://gate.example',
  )
  expect(html).not.toMatch(/<img|<b>|"onclick/)
})

describe('the settings of mail', () => {
  const problems = (env: Record<string, string>) => {
    const read = readConfig([], env)
    return read.ok ? [] : read.problems
  }

  it('want a sender, and a URL of a mail server', () => {
    expect(problems({ TIDEGATE_SMTP_URL: 'smtp://mail.example.com', TIDEGATE_MAIL_FROM: 'Tidegate <tide@gate.example>' })).toEqual([])
    expect(problems({ TIDEGATE_SMTP_URL: 'smtp://mail.example.com' })).toEqual([expect.stringContaining('TIDEGATE_MAIL_FROM')])
    for (const from of ['tide', 'a@b\r\nBcc: c@d', 'Tide <tide>', 'a@b, c@d'])
      expect(problems({ TIDEGATE_MAIL_FROM: from })).toEqual([expect.stringContaining('is not a sender')])
  })

  it('show no password where they are wrong', () => {
    const [problem] = problems({ TIDEGATE_SMTP_URL: 'http://tide:s3cret@mail.example.com', TIDEGATE_MAIL_FROM: 'a@b' })
    expect(problem).toMatch(/^TIDEGATE_SMTP_URL is not the URL of a mail server/)
    expect(problem).not.toContain('s3cret')
  })
})
