/**
 * What is to be told to webhooks, and bringing it. Always true: a word is written in the transaction that it tells of, so it is brought when that
 * commits and not otherwise, also when the server dies in between; it is brought at least once, with the same id and body each time; and the
 * words of one model are brought to a webhook in the order in which they happened: one that does not arrive holds up those after it until it
 * does, or is given up.
 */
import { randomUUID } from 'node:crypto'
import type { Sql, Webhook } from '@tidegate/db'
import { z } from 'zod'
import { inTransaction, type Kernel, server } from '../context.ts'
import { adminsOf } from '../inbox/admins.ts'
import { tell } from '../inbox/notices.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import type { SealedColumn } from '../secrets.ts'
import { callOf, type Told, wordFor } from './dialects.ts'
import { addDelivery, forgetDeliveries, giveUp, type hooksFor, nextDelivery, overdue, promptsAmong, turnOff } from './outbox.sql.ts'

export const webhookSecret: SealedColumn = { table: 'webhook', column: 'secret' }
export const webhookAuthorization: SealedColumn = { table: 'webhook', column: 'credential' }

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
/** How long after each failed attempt the next is: as MLflow, doubled up to a minute; and then on for a day. */
const waits = [1, 2, 4, 8, 16, 32, 60].map((n) => n * second).concat([5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour])
/** What is worth trying again. Anything else that is no success is an answer. */
const passing = new Set([408, 429, 500, 502, 503, 504])
/** Longest that a receiver's Retry-After is heeded, ms. */
const longestWait = hour
/** After this long without any success a webhook is turned off, ms. */
const tolerated = 3 * 24 * hour
/** Characters of an answer that are kept. */
const kept = 2_000
/** Days that deliveries are kept. */
const days = 30

/** Writes down who of these, which `hooksFor` gave, is to be told of what. In the transaction that did it. */
export async function announce(
  tx: Sql,
  hooks: Awaited<ReturnType<typeof hooksFor>>,
  workspace: { id: number; name: string },
  all: ReadonlyArray<Omit<Told, 'isPrompt'>>,
): Promise<void> {
  if (hooks.length === 0) return
  const prompts = await promptsAmong(
    tx,
    all.map(({ modelId }) => modelId),
  )
  const now = Date.now()
  for (const hook of hooks) {
    const told = new Set<number>()
    for (const it of all) {
      if (hook.modelId !== null && hook.modelId !== it.modelId) continue
      const word = wordFor(hook, workspace.name, { ...it, isPrompt: prompts.has(it.modelId) })
      if (!word) continue
      await addDelivery(tx, { uuid: randomUUID(), webhook: hook.id, model: it.modelId, ...word, now })
      told.add(it.modelId)
    }
    for (const model of told) await wake(tx, hook.id, model)
  }
}

const queueOf = (webhook: number, model: number) => `webhook ${webhook} ${model}`
/** Has what waits brought: by one worker at a time. */
export const wake = (sql: Sql, webhook: number, model: number, at?: number): Promise<void> =>
  enqueue(sql, bring, { webhook, model }, { queue: queueOf(webhook, model), key: queueOf(webhook, model), ...(at && { at }) })

export interface Outcome {
  attemptedAt: bigint
  status: number | null
  answer: string | null
  error: string | null
  ms: number
}
export const arrived = ({ status }: Pick<Outcome, 'status'>) => status !== null && status >= 200 && status < 300

type Reachable = { dialect: string; url: string; jobId: string | null; secret: string | null; authorization: string | null }

/** One call. Never throws: what went wrong is in the outcome. `retryAfter`: ms that the receiver asks for. */
export async function send(
  kernel: Kernel,
  hook: Reachable,
  word: { uuid: string; body: string },
  signal: AbortSignal,
): Promise<Outcome & { retryAfter: number }> {
  const now = Date.now()
  const start = performance.now()
  let [status, answer, error, retryAfter]: [number | null, string | null, string | null, number] = [null, null, null, 0]
  try {
    const open = (column: SealedColumn, stored: string | null) => (stored === null ? null : kernel.secrets.open(column, stored))
    const keys = { secret: open(webhookSecret, hook.secret), authorization: open(webhookAuthorization, hook.authorization) }
    const { url, headers, body } = callOf(hook, word, keys, now)
    const response = await kernel.outbound.fetch(url, { method: 'POST', headers, body, signal })
    status = response.status
    answer = (await response.text()).slice(0, kept).replaceAll('\0', '').toWellFormed()
    retryAfter = afterOf(response.headers.get('retry-after'), now)
  } catch (cause) {
    error = (cause as Error).message || (cause as NodeJS.ErrnoException).code || 'no answer'
  }
  return { attemptedAt: BigInt(now), status, answer, error, ms: Math.round(performance.now() - start), retryAfter }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function afterOf(text: string | null, now: number): number {
  if (!text) return 0
  const wait = /^\d+$/.test(text.trim()) ? Number(text) * second : Date.parse(text) - now
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestWait) : 0
}

/** Brings what waits for a webhook of one model, oldest first, until nothing does or the receiver is not there. */
export const bring: Job<{ webhook: number; model: number }> = job({
  name: 'webhook.bring',
  payload: z.object({ webhook: z.int(), model: z.int() }),
  async run(kernel, { webhook: id, model }, signal) {
    const { prisma } = kernel.db
    for (;;) {
      signal.throwIfAborted()
      const hook = await prisma.webhook.findUnique({ where: { id } })
      if (!hook) return
      if (hook.status !== 'ACTIVE') return giveUp(kernel.db, id, 'The webhook was turned off.')
      const word = await nextDelivery(kernel.db, id, model)
      if (!word) return
      if (word.nextAt > Date.now()) return wake(kernel.db, id, model, word.nextAt)
      const { retryAfter, ...outcome } = await send(kernel, hook, word, signal)
      // A process that stops says nothing of the receiver: another brings it.
      signal.throwIfAborted()
      const delivery = BigInt(word.id)
      const attempts = word.attempts + 1
      if (arrived(outcome)) {
        await prisma.webhookDelivery.update({ where: { id: delivery }, data: { ...outcome, attempts, state: 'DELIVERED' } })
        if (hook.failingSince !== null) await prisma.webhook.update({ where: { id }, data: { failingSince: null } })
        kernel.events.ring('webhooks', hook.workspaceId)
        continue
      }
      const wait = waits[attempts - 1]
      const isFinal = wait === undefined || (outcome.status !== null && !passing.has(outcome.status))
      const nextAt = isFinal ? word.nextAt : Date.now() + Math.max(wait, retryAfter)
      await prisma.webhookDelivery.update({
        where: { id: delivery },
        data: { ...outcome, attempts, state: isFinal ? 'FAILED' : 'PENDING', nextAt: BigInt(nextAt) },
      })
      await countFailure(kernel, hook)
      kernel.events.ring('webhooks', hook.workspaceId)
      if (!isFinal) return wake(kernel.db, id, model, nextAt)
    }
  },
})

/** Turns it off where nothing has arrived for days. */
async function countFailure(kernel: Kernel, hook: Webhook): Promise<void> {
  const { db, log } = kernel
  const { id, failingSince } = hook
  const now = Date.now()
  if (failingSince === null) return void (await db.prisma.webhook.update({ where: { id }, data: { failingSince: BigInt(now) } }))
  if (now - Number(failingSince) < tolerated) return
  const notice = `Turned off: nothing has arrived since ${new Date(Number(failingSince)).toISOString()}.`
  const maker = await db.prisma.account.findFirst({ where: { name: hook.createdBy, disabledAt: null, serviceOf: null } })
  const accounts = maker ? [maker.id] : await adminsOf(db, hook.workspaceId)
  await inTransaction(kernel, async (tx) => {
    if (!(await turnOff(tx, id, notice))) return
    await tell(tx, kernel, [
      {
        ...{ accounts, kind: 'WEBHOOK_OFF', workspaceId: hook.workspaceId, modelId: hook.modelId, version: null, actor: server.name },
        ...{
          cause: `webhook ${id} ${now}`,
          path: '/webhooks',
          text: `The webhook ${hook.name || new URL(hook.url).host} was turned off: nothing has arrived for days`,
        },
      },
    ])
  })
  log.warn({ webhook: id, notice }, 'a webhook was turned off')
}

/** What should have been brought and was not, such as when a job was lost; and old words go. */
export const sweepWebhooks = job({
  name: 'webhook.sweep',
  payload: z.object({}),
  every: '*/5 * * * *',
  async run({ db }) {
    for (const { webhook, model } of await overdue(db, Date.now() - minute)) await wake(db, webhook, model)
    await forgetDeliveries(db, Date.now() - days * 24 * hour)
  },
})
