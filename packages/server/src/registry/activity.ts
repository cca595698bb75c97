/**
 * The activity of models: who did what, when, from what to what. Always true: it is written in the transaction that it tells of, nothing
 * that was written changes or goes, also when the model does, and each entry's hash holds all that came before it in its workspace. Who
 * noted a hash can tell later whether anything up to there was touched (`tidegate verify`).
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { reachOf } from '../access.ts'
import type { Ctx, Doer, Tx } from '../context.ts'
import { anyText } from '../fields.ts'
import { spreadWord } from '../inbox/spread.ts'
import { operation, type Target } from '../operation.ts'
import { checkAfter, pageOf } from '../pages.ts'
import { hooksFor } from '../webhooks/outbox.sql.ts'
import { announce } from '../webhooks/outbox.ts'
import { type Activity, addActivities, readActivities, readChain, readEnd, stageAt, type Tenure } from './activity.sql.ts'
import { modelName } from './names.ts'
import { modelTarget, onModel } from './targets.ts'

export const kinds = {
  MODEL_CREATED: 'The model was made.',
  MODEL_RENAMED: 'It got another name.',
  MODEL_DESCRIBED: 'What is written of it changed.',
  MODEL_DELETED: 'It was deleted, with its versions.',
  MODEL_TAG_SET: 'A tag of it was set or changed.',
  MODEL_TAG_DELETED: 'A tag of it was taken away.',
  VERSION_CREATED: 'A version was registered.',
  VERSION_DESCRIBED: 'The model card of a version changed.',
  VERSION_DELETED: 'A version was deleted.',
  VERSION_TAG_SET: 'A tag of a version was set or changed.',
  VERSION_TAG_DELETED: 'A tag of a version was taken away.',
  ALIAS_SET: 'An alias was set, or moved.',
  ALIAS_DELETED: 'An alias was taken away.',
  STAGE_CHANGED: 'A version came into another stage.',
  STAGE_CHANGED_ALONG: 'A version was sent out of its stage by one that came in.',
  TRANSITION_REQUESTED: 'Somebody asked for a version to come into a stage.',
  TRANSITION_APPROVED: 'Somebody approved a request.',
  TRANSITION_REJECTED: 'Somebody rejected a request: it is closed.',
  TRANSITION_CANCELLED: 'A request was taken back.',
  TRANSITION_EXPIRED: 'The time of a request was over.',
  TRANSITION_SUPERSEDED: 'The version came into another stage, so a request of it is closed.',
  CHECK_REPORTED: 'A check said how it goes.',
  CHECK_OVERRIDDEN: 'A request need not wait for a check.',
  COMMENT_ADDED: 'Somebody commented on a version.',
  COMMENT_CHANGED: 'They changed their comment.',
  COMMENT_DELETED: 'They took it away.',
  POLICY_CHANGED: 'Stages or gates were changed, of the workspace where no model is named.',
} as const
export type ActivityKind = keyof typeof kinds

export interface NewActivity {
  kind: ActivityKind
  model: { id: number; name: string }
  version?: number | null
  from?: string | null
  to?: string | null
  comment?: string
  request?: number | null
  data?: object
}

/** What an entry's hash is of, together with the hash before it, but for its place and its time. */
const textOf = (it: Omit<Activity, 'id' | 'hash' | 'seq' | 'at'>): string =>
  JSON.stringify([
    ...[it.kind, it.workspaceId, it.modelId, it.model, it.version, it.accountId, it.actor],
    ...[it.from, it.to, it.comment, it.requestId, it.data],
    ...(it.door === null ? [] : [it.door, it.through]),
  ]).slice(1)

/** The text whose hash an entry has, together with the hash before it (`activity_add` in the database). */
export const lineOf = (it: Omit<Activity, 'id' | 'hash'>): string => `[${it.seq},${it.at},${textOf(it)}`

export const hashOf = (before: string, line: string): string => createHash('sha256').update(`${before}\n${line}`).digest('hex')

/** Longest text of a value before and after, characters: what is longer is in the model itself. */
const longest = 500
const short = (text: string | null | undefined): string | null =>
  text == null ? null : text.length > longest ? `${text.slice(0, longest)}…`.toWellFormed() : text

/** Writes down what was done in this transaction. The last thing in it that locks: it holds the workspace's chain. */
export async function record(tx: Tx, ctx: Doer, ...entries: NewActivity[]): Promise<void> {
  if (!entries.length) return
  const workspaceId = ctx.workspace.id
  // All who write in the workspace wait for each other from where the chain is held to the commit.
  tx.letGoEarly()
  const hooks = await hooksFor(tx, workspaceId)
  const by = { door: ctx.door ?? ('SERVER' as const), through: ctx.through?.kind ?? ('NONE' as const) }
  const written = entries.map(({ kind, model, version = null, from, to, comment = '', request = null, data = {} }) => ({
    ...{ workspaceId, kind, modelId: model.id, model: model.name, version, accountId: ctx.actor.id ?? null, actor: ctx.actor.name },
    ...{ from: short(from), to: short(to), comment, requestId: request, data: JSON.stringify(data) },
    ...by,
  }))
  const { first, now } = await addActivities(tx, workspaceId, by, written, written.map(textOf))
  const rows = written.map((it, i) => ({ ...it, seq: first + i, at: now }))
  // The whole of what is short in the log.
  const told = rows.map((row, i) => ({ ...row, from: entries[i]!.from ?? null, to: entries[i]!.to ?? null, data: { ...entries[i]!.data } }))
  await Promise.all([
    // Who acts without accounts is alone: there is nobody to tell.
    ctx.actor.kind !== 'LOCAL' && spreadWord(tx, workspaceId, rows),
    announce(tx, hooks, ctx.workspace, told),
  ])
}

export interface ActivityPage {
  entries: Activity[]
  nextPageToken: string | undefined
}

const most = 1_000
const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

/** What happened to a model, to a version of one, or to all that may be read. Of deleted models too. */
export const listActivities = operation({
  name: 'activity.list',
  input: z.object({
    model: modelName.nullish(),
    version: z.int().min(1).nullish(),
    request: z.int().nullish(),
    kinds: z.array(z.enum(Object.keys(kinds) as [ActivityKind, ...ActivityKind[]])).nullish(),
    first: z.int().min(1).max(most),
    after: z.string().nullish(),
  }),
  action: 'read',
  on: async (ctx: Ctx, { model }): Promise<Target<{ id: number } | null>> => (model ? modelTarget(ctx, model) : here(ctx)),
  async run(ctx, { version, request, kinds, first, after }, model): Promise<ActivityPage> {
    checkAfter(after, 15)
    const rows = await readActivities(ctx.db, {
      workspace: ctx.workspace.id,
      reach: reachOf(ctx.standing, 'RegisteredModel'),
      model: model?.id,
      version: version ?? undefined,
      request: request ?? undefined,
      kinds: kinds ?? undefined,
      before: after ? Number(after) : undefined,
      limit: first + 1,
    })
    const { page, nextPageToken } = pageOf(rows, first)
    return { entries: page, nextPageToken }
  },
})

/** Which versions were in a stage at a time. */
export const stageHistory = operation({
  name: 'activity.stage-at',
  input: z.object({ name: modelName, stage: anyText.min(1), at: z.int() }),
  action: 'read',
  on: onModel,
  run: (ctx, { stage, at }, { id }): Promise<Tenure[]> => stageAt(ctx.db, { model: id, stage, at }),
})

export interface Link {
  seq: number
  line: string
  hash: string
}

export interface Chain {
  links: Link[]
  end: { seq: number; hash: string }
}

/** A stretch of the chain as whoever verifies it needs it. */
export const activityChain = operation({
  name: 'activity.chain',
  input: z.object({ after: z.int().min(0), first: z.int().min(1).max(most) }),
  action: 'manage',
  on: here,
  async run(ctx, { after, first }): Promise<Chain> {
    // The end first: what is added meanwhile is past it.
    const end = await readEnd(ctx.db, ctx.workspace.id)
    const rows = await readChain(ctx.db, ctx.workspace.id, after, first)
    return { links: rows.map((row) => ({ seq: row.seq, line: lineOf(row), hash: row.hash })), end }
  },
})
