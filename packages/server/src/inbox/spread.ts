/**
 * From what happened to a model to who is told of it. Always true: it is a job of the transaction that did it; who did it is not told; who mutes
 * the model is told only where they are named; and who may not read the model is told nothing.
 */
import type { Account, Sql } from '@tidegate/db'
import { z } from 'zod'
import { may, type Role, roles } from '../access.ts'
import { inTransaction, type Kernel } from '../context.ts'
import { gateOf, isOfAliases, policyOf } from '../gates/effective.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import { type Activity, readChain } from '../registry/activity.sql.ts'
import { readModels } from '../registry/registered-models.sql.ts'
import { heldBy } from '../standing.ts'
import { askerOf, followByItself, followersOf, openAskers, saidBefore } from './inbox.sql.ts'
import { namesIn, quoted } from './names.ts'
import { type NoticeKind, tell } from './notices.ts'

/** What anybody is told of. */
const told = new Set([
  ...['MODEL_CREATED', 'VERSION_CREATED', 'STAGE_CHANGED', 'ALIAS_SET', 'COMMENT_ADDED', 'COMMENT_CHANGED', 'TRANSITION_REQUESTED'],
  ...['TRANSITION_REJECTED', 'TRANSITION_CANCELLED', 'TRANSITION_EXPIRED', 'TRANSITION_SUPERSEDED', 'CHECK_REPORTED'],
])
/** Who does these follows the model from then on. */
const engaging = new Set(['MODEL_CREATED', 'VERSION_CREATED', 'TRANSITION_REQUESTED', 'COMMENT_ADDED'])

/** Has those told whom entries of the activity concern. In the transaction that wrote them. */
export async function spreadWord(tx: Sql, workspace: number, entries: ReadonlyArray<{ seq: number; kind: string }>): Promise<void> {
  const heard = entries.filter(({ kind }) => told.has(kind))
  const [first, last] = [heard[0], heard.at(-1)]
  if (first && last) await enqueue(tx, spread, { workspace, from: first.seq, to: last.seq })
}

export const spread: Job<{ workspace: number; from: number; to: number }> = job({
  name: 'inbox.spread',
  payload: z.object({ workspace: z.int(), from: z.int(), to: z.int() }),
  async run(kernel, { workspace, from, to }) {
    for (const entry of await readChain(kernel.db, workspace, from - 1, to - from + 1)) if (told.has(entry.kind)) await one(kernel, entry)
  },
})

async function one(kernel: Kernel, entry: Activity): Promise<void> {
  const { db } = kernel
  const [model] = await readModels(db, [entry.modelId])
  if (!model) return
  if (entry.accountId !== null && engaging.has(entry.kind)) await followByItself(db, entry.accountId, model.id)
  const all = new Map<number, NoticeKind>()
  const add = (accounts: ReadonlyArray<number | undefined>, kind: NoticeKind) => {
    for (const id of accounts) if (id && id !== entry.accountId && !all.has(id)) all.set(id, kind)
  }
  const states = await followersOf(db, model.id)
  const following = states.filter(({ state }) => state === 'FOLLOWING').map(({ accountId }) => accountId)
  const muted = new Set(states.filter(({ state }) => state === 'MUTED').map(({ accountId }) => accountId))
  const asker = async () => (entry.requestId === null ? undefined : askerOf(db, entry.requestId))

  if (entry.kind === 'COMMENT_ADDED' || entry.kind === 'COMMENT_CHANGED') {
    add(await mentioned(kernel, entry), 'MENTIONED')
    // Who asked for something hears what is said of it.
    if (entry.kind === 'COMMENT_ADDED') add([await asker(), ...following], 'COMMENTED')
  } else if (entry.kind === 'TRANSITION_REQUESTED') {
    add(await approvers(kernel, entry), 'ASKED')
    add(following, 'REQUESTED')
  } else if (entry.kind === 'STAGE_CHANGED' || entry.kind === 'ALIAS_SET') {
    // By a request that was approved.
    add([await asker()], 'DECIDED')
    if (entry.kind === 'STAGE_CHANGED' && entry.from !== entry.to) add(following, 'STAGE_CHANGED')
  } else if (entry.kind === 'CHECK_REPORTED') {
    if (entry.to !== 'FAILED' || entry.from === 'FAILED') return
    add([...(await openAskers(db, model.id, entry.version ?? 0)), ...following], 'CHECK_FAILED')
  } else if (entry.kind === 'VERSION_CREATED') add(following, 'NEW_VERSION')
  else if (entry.kind !== 'MODEL_CREATED') add([await asker()], 'DECIDED')

  for (const [id, kind] of all) if (muted.has(id) && kind !== 'MENTIONED') all.delete(id)
  const readers = await whoMayRead(kernel, entry, [...all.keys()])
  const byKind = Map.groupBy(readers, (id) => all.get(id)!)
  const path = `/models/${encodeURIComponent(model.name)}${entry.version === null ? '' : `/${entry.version}`}`
  await inTransaction(kernel, (tx) =>
    tell(
      tx,
      kernel,
      [...byKind].map(([kind, accounts]) => ({
        ...{ accounts, kind, workspaceId: entry.workspaceId, modelId: model.id, version: entry.version },
        ...{ cause: `activity ${entry.id}`, actor: entry.actor, text: sentenceOf(kind, entry, model.name), path },
      })),
    ),
  )
}

function sentenceOf(kind: NoticeKind, it: Activity, model: string): string {
  const what = it.version === null ? model : `${model} v${it.version}`
  const said = it.requestId === null ? what : `what was asked for ${what}`
  switch (kind) {
    case 'ASKED':
    case 'REQUESTED':
      return `${it.actor} asks for ${what} to ${isOfAliases(it.to ?? '') ? 'be' : 'come into'} ${it.to}${quoted(it.comment)}`
    case 'MENTIONED':
      return `${it.actor} named you, on ${said}${quoted(it.comment)}`
    case 'COMMENTED':
      return `${it.actor} commented on ${said}${quoted(it.comment)}`
    case 'CHECK_FAILED':
      return `The check ${(JSON.parse(it.data) as { check?: string }).check} of ${what} failed${quoted(it.comment)}`
    case 'NEW_VERSION':
      return `${it.actor} registered ${what}`
    case 'DECIDED':
      if (it.kind === 'ALIAS_SET')
        return `What you asked for was approved: ${what} is @${(JSON.parse(it.data) as { alias?: string }).alias}`
      if (it.kind === 'STAGE_CHANGED') return `What you asked for was approved: ${what} is in ${it.to}`
      if (it.kind === 'TRANSITION_REJECTED') return `${it.actor} rejected what you asked for, ${what} into ${it.to}${quoted(it.comment)}`
      if (it.kind === 'TRANSITION_EXPIRED') return `The time of what you asked for is over: ${what} into ${it.to}`
      return `${it.actor} ended what you asked for: ${what} into ${it.to}`
    default:
      return `${it.actor} brought ${what} from ${it.from} into ${it.to}`
  }
}

const person = { disabledAt: null, serviceOf: null }
const idsOf = (rows: ReadonlyArray<Pick<Account, 'id'>>) => rows.map(({ id }) => id)

/** Whom a comment names that its text before did not. */
async function mentioned({ db }: Kernel, entry: Activity): Promise<number[]> {
  let names = namesIn(entry.comment)
  const { comment } = JSON.parse(entry.data) as { comment?: number }
  if (entry.kind === 'COMMENT_CHANGED' && comment !== undefined) {
    const before = new Set((await saidBefore(db, { model: entry.modelId, comment, seq: entry.seq })).flatMap(namesIn))
    names = names.filter((name) => !before.has(name))
  }
  return names.length ? idsOf(await db.prisma.account.findMany({ where: { ...person, name: { in: names.slice(0, 50) } } })) : []
}

/** Whose approval the gate counts, by name, team or role. Without a gate nobody is asked: who may move the version need not be. */
async function approvers({ db }: Kernel, { workspaceId, modelId, to }: Activity): Promise<number[]> {
  const gate = gateOf(await policyOf(db, workspaceId, modelId), to ?? '')
  if (!gate) return []
  const { role, accounts, teams } = gate.approvers
  const enough = role ? roles.slice(roles.indexOf(role as Role)) : []
  const found = await db.prisma.account.findMany({
    where: {
      ...person,
      OR: [
        { name: { in: accounts } },
        { teams: { some: { team: { workspaceId, OR: [{ name: { in: teams } }, { role: { in: enough } }] } } } },
        { members: { some: { workspaceId, role: { in: enough } } } },
      ],
    },
  })
  return idsOf(found)
}

async function whoMayRead(kernel: Kernel, { workspaceId, modelId }: Activity, accounts: number[]): Promise<number[]> {
  const found = accounts.length ? await kernel.db.prisma.account.findMany({ where: { ...person, id: { in: accounts } } }) : []
  const readers: number[] = []
  for (const account of found) {
    const { ability } = await heldBy(kernel.db, account, workspaceId)
    if (may(ability, 'read', { kind: 'RegisteredModel', id: modelId, workspaceId })) readers.push(account.id)
  }
  return readers
}
