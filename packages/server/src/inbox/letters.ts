/**
 * Letters of what is in an inbox. Always true: what was read before it goes, or may be read no more, is in none; each says how to end them
 * without signing in, by a link that is signed for its one account and can do nothing else.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Ability, may } from '../access.ts'
import { type Ctx, inTransaction, type Kernel } from '../context.ts'
import { notFound } from '../errors.ts'
import { anyText } from '../fields.ts'
import { type Job, job } from '../jobs.ts'
import { sendMail, writeMail } from '../mail/mail.ts'
import { operation, type Target } from '../operation.ts'
import { newSecret } from '../passwords.ts'
import { securableOf } from '../registry/targets.ts'
import { heldBy } from '../standing.ts'
import { forgetNotices, type Notice, readLetters, settleMail, unmailed, writeLetters } from './inbox.sql.ts'

/** Notices that a letter spells out. */
const most = 30
/** Days that notices are kept. */
const kept = 180

const sign = (key: string, account: number) => createHmac('sha256', key).update(`stop ${account}`).digest('base64url')

/** Of all that waits, what they may still read and have not. */
async function fresh(kernel: Kernel, account: { id: number; name: string; isAdmin: boolean }, waiting: Notice[]): Promise<Notice[]> {
  const unread = waiting.filter(({ readAt }) => readAt === null)
  const abilities = new Map<number, Ability>()
  for (const workspace of new Set(unread.flatMap(({ workspaceId }) => workspaceId ?? [])))
    abilities.set(workspace, (await heldBy(kernel.db, account, workspace)).ability)
  return unread.filter(({ workspaceId, modelId, experimentId }) => {
    const on =
      modelId !== null
        ? securableOf({ modelId, workspaceId: workspaceId! })
        : experimentId !== null && ({ kind: 'Experiment', id: experimentId, workspaceId: workspaceId! } as const)
    return !on || may(abilities.get(workspaceId!)!, 'read', on)
  })
}

const words = { AT_ONCE: 'at once', HOURLY: 'every hour', DAILY: 'every day', OFF: '' }

export const letterJob: Job<{ account: number }> = job({
  name: 'inbox.letter',
  payload: z.object({ account: z.int() }),
  async run(kernel, { account: id }) {
    const waiting = await unmailed(kernel.db, id)
    const last = waiting.at(-1)
    const account = last && (await kernel.db.prisma.account.findUnique({ where: { id } }))
    if (!last || !account) return
    const { letters, stopKey } = await writeLetters(kernel.db, id, { letters: undefined, newKey: newSecret() })
    const told = letters === 'OFF' || !account.email || account.disabledAt !== null ? [] : await fresh(kernel, account, waiting)
    const [first] = told
    const stop = `${kernel.origin}/letters/stop?of=${id}.${sign(stopKey, id)}`
    const letter =
      first &&
      (await writeMail(kernel, {
        kind: 'notice',
        to: account.email!,
        accountId: id,
        subject: told.length === 1 ? first.text.slice(0, 150) : `${told.length} notices${about(told)}`,
        body: {
          text: [
            ...told.slice(0, most).map(({ text, path }) => `${text}\n${kernel.origin}${path}`),
            ...(told.length > most ? [`And ${told.length - most} more.`] : []),
          ],
          link: { label: 'Open the inbox', url: `${kernel.origin}/inbox` },
          note: `Letters come ${words[letters]}: the inbox has the choice.`,
          stop,
        },
      }))
    // Where it runs again, nothing waits any more.
    await inTransaction(kernel, async (tx) => {
      if ((await settleMail(tx, id, last.id, Date.now())) > 0) await sendMail(tx, letter)
    })
  },
})

const about = (told: readonly Notice[]): string => {
  const models = new Set(told.map(({ model }) => model))
  const [only] = models
  return models.size === 1 && only ? ` of ${only}` : ''
}

export const retainNotices = job({
  name: 'inbox.retain',
  payload: z.object({}),
  every: '41 3 * * *',
  async run({ db }) {
    await forgetNotices(db, Date.now() - kept * 24 * 3600_000)
  },
})

/** Ends somebody's letters. Whoever has the link got one. */
export const stopLetters = operation({
  name: 'inbox.stop-letters',
  open: true,
  input: z.object({ token: anyText.max(200) }),
  action: 'edit',
  on: (): Target<null> => ({ securable: { kind: 'Self' }, row: null }),
  async run(ctx: Ctx, { token }): Promise<void> {
    const unknown = notFound('This link is not good. Sign in, and choose in the inbox.')
    const [, digits, signature] = /^(\d{1,9})\.([\w-]{43})$/.exec(token) ?? []
    if (digits === undefined) throw unknown
    const account = Number(digits)
    const setting = await readLetters(ctx.db, account)
    if (!setting || !timingSafeEqual(Buffer.from(sign(setting.stopKey, account)), Buffer.from(signature!))) throw unknown
    await writeLetters(ctx.db, account, { letters: 'OFF', newKey: newSecret() })
    ctx.events.ring('inbox', account)
  },
})
