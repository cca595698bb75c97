/**
 * Somebody's inbox: what they were told, what of it they have read, which models they follow or mute, and how they want letters. Always true: it
 * is their own, in the workspace in which they look; what was told of a model that they may not read any more is not there.
 */
import { z } from 'zod'
import { reachOf } from '../access.ts'
import type { Ctx } from '../context.ts'
import { operation, type Target } from '../operation.ts'
import { checkAfter, pageOf } from '../pages.ts'
import { newSecret } from '../passwords.ts'
import { modelName } from '../registry/names.ts'
import type { RegisteredModel } from '../registry/registered-models.sql.ts'
import { onModel } from '../registry/targets.ts'
import { ownId } from '../users/accounts.ts'
import {
  countUnread,
  findNotices,
  followStates,
  type Letters,
  markNotices,
  type Notice,
  readLetters,
  setFollow,
  writeLetters,
} from './inbox.sql.ts'
import { type NoticeKind, noticeKinds } from './notices.ts'

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })
const kinds = Object.keys(noticeKinds) as [NoticeKind, ...NoticeKind[]]

export interface NoticePage {
  notices: Notice[]
  unread: number
  nextPageToken: string | undefined
}

/** Nothing, where there are no accounts. */
export const listNotices = operation({
  name: 'inbox.list',
  input: z.object({
    unreadOnly: z.boolean().nullish(),
    kinds: z.array(z.enum(kinds)).nullish(),
    first: z.int().min(1).max(1_000),
    after: z.string().nullish(),
  }),
  action: 'read',
  on: self,
  async run(ctx, { unreadOnly, kinds, first, after }): Promise<NoticePage> {
    checkAfter(after, 15)
    const account = ctx.actor.id
    if (account === undefined) return { notices: [], unread: 0, nextPageToken: undefined }
    const reach = { models: reachOf(ctx.standing, 'RegisteredModel'), experiments: reachOf(ctx.standing, 'Experiment') }
    const [found, unread] = await Promise.all([
      findNotices(ctx.db, {
        ...{ workspace: ctx.workspace.id, account, reach, unreadOnly: unreadOnly ?? false, kinds: kinds ?? undefined },
        ...{ before: after ? Number(after) : undefined, limit: first + 1 },
      }),
      countUnread(ctx.db, ctx.workspace.id, account, reach),
    ])
    const { page, nextPageToken } = pageOf(found, first)
    return { notices: page, unread, nextPageToken }
  },
})

/** As read, or as unread again. Without ids: all. */
export const mark = operation({
  name: 'inbox.mark',
  input: z.object({
    ids: z
      .array(z.string().regex(/^\d{1,15}$/, 'It is no id of a notice.'))
      .max(1_000)
      .nullish(),
    read: z.boolean(),
  }),
  action: 'edit',
  on: self,
  async run(ctx, { ids, read }): Promise<{ count: number }> {
    const account = ownId(ctx)
    const count = await markNotices(ctx.db, {
      ...{ account, workspace: ctx.workspace.id },
      ...{ ids: ids?.map(Number), at: read ? Date.now() : null },
    })
    if (count > 0) ctx.events.ring('inbox', account)
    return { count }
  },
})

export interface Settings {
  letters: Letters
  /** Null: no letters without an address. */
  address: string | null
  /** Whether this server sends any. */
  hasMail: boolean
}

async function settingsOf(ctx: Ctx, account: number | undefined, letters: Letters | undefined): Promise<Settings> {
  const row = account === undefined ? null : await ctx.db.prisma.account.findUnique({ where: { id: account } })
  return { letters: letters ?? 'AT_ONCE', address: row?.email ?? null, hasMail: ctx.mailer !== undefined }
}

export const getSettings = operation({
  name: 'inbox.settings',
  input: z.object({}),
  action: 'read',
  on: self,
  run: async (ctx): Promise<Settings> => {
    const account = ctx.actor.id
    return settingsOf(ctx, account, account === undefined ? undefined : (await readLetters(ctx.db, account))?.letters)
  },
})

export const setLetters = operation({
  name: 'inbox.set-letters',
  input: z.object({ letters: z.enum(['AT_ONCE', 'HOURLY', 'DAILY', 'OFF']) }),
  action: 'edit',
  on: self,
  state: async (ctx) => ({ letters: (await readLetters(ctx.db, ownId(ctx)))?.letters ?? 'AT_ONCE' }),
  async run(ctx, { letters }): Promise<Settings> {
    const account = ownId(ctx)
    await writeLetters(ctx.db, account, { letters, newKey: newSecret() })
    return settingsOf(ctx, account, letters)
  },
})

/** Follows a model, mutes it, or neither. For whoever may read it. */
export const setFollowing = operation({
  name: 'registered-model.follow',
  writes: true,
  input: z.object({ name: modelName, state: z.enum(['FOLLOWING', 'MUTED', 'NEITHER']) }),
  action: 'read',
  on: onModel,
  state: async (ctx, _, { id }) => ({ following: (await followStates(ctx.db, ownId(ctx), [id]))[0]?.state ?? 'NEITHER' }),
  async run(ctx, { state }, model): Promise<RegisteredModel> {
    await setFollow(ctx.db, ownId(ctx), model.id, state === 'NEITHER' ? null : state)
    return model
  },
})
