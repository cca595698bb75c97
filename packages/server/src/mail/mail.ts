/**
 * Outgoing mail. Always true: a letter is a row and a job, added in the transaction it follows from, so it goes when that
 * commits and not otherwise; it goes at least once, under the same Message-ID; what it says is sealed until then and gone
 * afterwards. A person gets so many letters of a kind a day and no more: the next says that, and the rest stay here.
 *
 * `const letter = await writeMail(kernel, …)`, then `sendMail(tx, letter)` in the transaction.
 */
import type { Mail, Sql } from '@tidegate/db'
import { z } from 'zod'
import type { Kernel } from '../context.ts'
import { AppError } from '../errors.ts'
import { anyText } from '../fields.ts'
import { enqueue, job } from '../jobs.ts'
import { operation, type Target } from '../operation.ts'
import type { SealedColumn } from '../secrets.ts'
import { type Body, bodies, render } from './letter.ts'
import { earlierThatDay, insertMail, type NewMail } from './mail.sql.ts'

export const mailContent: SealedColumn = { table: 'mail', column: 'content' }

/** How many of each a person gets a day. */
const kinds = {
  invitation: { most: 10, words: 'invitations' },
  'password-reset': { most: 5, words: 'letters to set a password' },
  notice: { most: 20, words: 'notices' },
} as const
export type MailKind = keyof typeof kinds

/** Days that it is kept what was sent. */
const retention = 30
/** Attempts, at longer and longer distances: three and a half hours in all. */
const tries = 10

export const address = anyText.max(320).regex(/^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\]+$/, 'it is not an e-mail address')

export interface Message {
  kind: MailKind
  to: string
  /** Whose matter it is: where the account goes, the letter does not. */
  accountId?: number
  subject: string
  body: Body
}

/** A letter in its envelope. */
export type Written = NewMail

/** Before the transaction, because sealing asks the database. Undefined where this server sends no mail. */
export async function writeMail(kernel: Pick<Kernel, 'mailer' | 'secrets'>, message: Message): Promise<Written | undefined> {
  if (!kernel.mailer) return undefined
  const { kind, to, accountId = null, subject, body } = message
  const content = await kernel.secrets.seal(mailContent, JSON.stringify(body))
  return { kind, recipient: to.trim().toLowerCase(), accountId, subject, content, createdAt: Date.now() }
}

/** Sends it when the transaction commits. Nothing, where there is no letter: a server without mail. */
export async function sendMail(tx: Sql, letter: Written | undefined): Promise<void> {
  if (letter) await enqueue(tx, postMail, { mail: await insertMail(tx, letter) })
}

export const postMail = job({
  name: 'mail.post',
  payload: z.object({ mail: z.number().int() }),
  // One after the other: a slow server keeps one of the workers, not all.
  queue: 'mail',
  tries,
  async run(kernel, { mail: id }, signal) {
    const mail = await kernel.db.prisma.mail.findUnique({ where: { id } })
    if (!mail || mail.content === null || mail.sentAt !== null || mail.failedAt !== null) return
    const note = (data: object) => kernel.db.prisma.mail.updateMany({ where: { id }, data })
    const now = () => BigInt(Date.now())
    const { most, words } = kinds[mail.kind as MailKind]
    const earlier = await earlierThatDay(kernel.db, { ...mail, createdAt: Number(mail.createdAt) })
    const limited = `${mail.recipient} had ${most} ${words} that day already`
    if (earlier > most) return void (await note({ failedAt: now(), error: limited, content: null }))
    if (!kernel.mailer) throw new Error('This server sends no mail any more: --smtp-url is not given')

    let letter: ReturnType<typeof letterOf>
    try {
      letter = letterOf(kernel, mail, earlier === most)
    } catch (error) {
      // Its key is lost: nobody will read it again.
      return void (await note({ failedAt: now(), error: (error as Error).message, content: null }))
    }
    const outcome = await kernel.mailer.post({ ...letter, id: `mail-${id}`, to: mail.recipient }, signal)
    const attempts = mail.attempts + 1
    if (outcome.ok) {
      // In place of what it was to say, it was said that there is no more.
      const end = earlier === most ? { failedAt: now(), error: `${limited}, and was told so` } : { sentAt: now(), error: null }
      return void (await note({ ...end, attempts, content: null }))
    }
    const isLast = outcome.isFinal || attempts >= tries
    await note({ attempts, error: outcome.reason, ...(isLast && { failedAt: now(), content: null }) })
    if (!isLast) throw new Error(`The mail server did not take it: ${outcome.reason}`)
    kernel.log.warn({ mail: id, reason: outcome.reason }, 'a letter was given up')
  },
})

function letterOf(kernel: Kernel, mail: Mail, isLastOfDay: boolean) {
  const { most, words } = kinds[mail.kind as MailKind]
  if (!isLastOfDay) {
    const body = bodies.parse(JSON.parse(kernel.secrets.open(mailContent, mail.content!)))
    return { subject: mail.subject, stop: body.stop, ...render(body, kernel.origin) }
  }
  const text = [`You had ${most} ${words} today, and that is the most a day. There may be more to see: look at ${kernel.origin}`]
  return { subject: `Limit reached: no more ${words} today`, ...render({ text }, kernel.origin) }
}

export const retainMail = job({
  name: 'mail.retain',
  payload: z.object({}),
  every: '23 3 * * *',
  async run({ db }) {
    await db.prisma.mail.deleteMany({ where: { createdAt: { lt: BigInt(Date.now() - retention * 24 * 3600_000) } } })
  },
})

const system = (): Target<null> => ({ securable: { kind: 'System' }, row: null })

export interface MailSettings {
  from: string
  host: string
}

/** Null where this server sends none. */
export const getMail = operation({
  name: 'mail.get',
  input: z.object({}),
  action: 'read',
  on: system,
  run: ({ mailer }): MailSettings | null => (mailer ? { from: mailer.from, host: mailer.host } : null),
})

/** What was sent, and what became of it: newest first. What it said is not kept. */
export const listMail = operation({
  name: 'mail.list',
  input: z.object({ first: z.int().min(1).max(200) }),
  action: 'read',
  on: system,
  run: (ctx, { first }): Promise<Mail[]> => ctx.db.prisma.mail.findMany({ orderBy: { id: 'desc' }, take: first }),
})

export interface MailTest {
  ok: boolean
  message: string
}

/** Sends one now, and says what the server answered. */
export const testMail = operation({
  name: 'mail.test',
  input: z.object({ to: address }),
  action: 'manage',
  on: system,
  async run(ctx, { to }): Promise<MailTest> {
    if (!ctx.mailer) throw new AppError('BAD_REQUEST', 'This server sends no mail. Start it with --smtp-url and --mail-from.')
    const rendered = render({ text: [`${ctx.actor.name} tries whether mail from here arrives. It does.`] }, ctx.origin)
    const id = `test-${Date.now().toString(36)}`
    const outcome = await ctx.mailer.post({ id, to, subject: 'Mail from Tidegate arrives', ...rendered }, ctx.signal)
    if (outcome.ok) return { ok: true, message: `${ctx.mailer.host} took it, for ${to}.` }
    return { ok: false, message: `${ctx.mailer.host} did not take it: ${outcome.reason}` }
  },
})
