/** The inbox in GraphQL. */
import { builder, PageInfo } from '../builder.ts'
import { accountOf } from '../context.ts'
import { loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import type { RegisteredModel as ModelRow } from '../registry/registered-models.sql.ts'
import { RegisteredModel } from '../registry/registry.graphql.ts'
import { live } from '../subscription.ts'
import { followStates, type Notice as NoticeRow } from './inbox.sql.ts'
import { getSettings, listNotices, mark, type NoticePage, type Settings, setFollowing, setLetters } from './inbox.ts'
import { type NoticeKind, noticeKinds } from './notices.ts'

const Kind = builder.enumType('NoticeKind', {
  description: 'What a notice is of.',
  values: Object.fromEntries(Object.entries(noticeKinds).map(([kind, description]) => [kind, { description }])) as Record<
    NoticeKind,
    { description: string }
  >,
})
const FollowState = builder.enumType('FollowState', {
  description: 'Whether you are told what happens to a model.',
  values: {
    FOLLOWING: { description: 'You are told of it. Who registers, asks or comments follows by that.' },
    MUTED: { description: 'You are told where somebody names you, and of nothing else.' },
    NEITHER: { description: 'You are told where you are named, and what you are asked.' },
  } as const,
})
const Letters = builder.enumType('InboxLetters', {
  description: 'How what is in the inbox is sent by mail.',
  values: {
    AT_ONCE: { description: 'After a minute, with what came in it.' },
    HOURLY: { description: 'At the full hour.' },
    DAILY: { description: 'At seven in the morning, UTC.' },
    OFF: { description: 'Not at all.' },
  } as const,
})

const Notice = builder.objectRef<NoticeRow>('Notice').implement({
  description: 'What somebody was told.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    kind: t.field({ type: Kind, description: 'What it is of.', resolve: ({ kind }) => kind as NoticeKind }),
    text: t.exposeString('text', { description: 'A sentence.' }),
    actor: t.exposeString('actor', { description: 'Who did it.' }),
    model: t.exposeString('model', { nullable: true, description: "The model's name. Null: it is of none." }),
    version: t.exposeInt('version', { nullable: true, description: "The version's number. Null: it is of none." }),
    path: t.exposeString('path', { description: 'The page where it happened, below the origin.' }),
    time: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    readAt: t.expose('readAt', { type: 'Timestamp', nullable: true, description: 'When you read it. Null: not yet.' }),
  }),
})

const NoticeConnection = builder.objectRef<NoticePage>('NoticeConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Notice], complexity: { multiplier: 1 }, resolve: ({ notices }) => notices }),
    unread: t.exposeInt('unread', { description: 'How many of all are unread.' }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

const InboxSettings = builder.objectRef<Settings>('InboxSettings').implement({
  description: 'How you want letters.',
  fields: (t) => ({
    letters: t.field({ type: Letters, description: 'When they go.', resolve: ({ letters }) => letters }),
    address: t.exposeString('address', { nullable: true, description: 'Where they go. Null: nowhere, your account has no address.' }),
    hasMail: t.exposeBoolean('hasMail', { description: 'Whether this server sends mail.' }),
  }),
})

const MarkNoticesPayload = builder.objectRef<{ count: number }>('MarkNoticesPayload').implement({
  fields: (t) => ({ count: t.exposeInt('count', { description: 'How many were otherwise.' }) }),
})
const InboxSettingsPayload = builder
  .objectRef<Settings>('InboxSettingsPayload')
  .implement({ fields: (t) => ({ settings: t.field({ type: InboxSettings, description: 'As they are now.', resolve: (it) => it }) }) })
const FollowModelPayload = builder
  .objectRef<ModelRow>('FollowModelPayload')
  .implement({ fields: (t) => ({ model: t.field({ type: RegisteredModel, resolve: (row) => row }) }) })

const states = loader<number, 'FOLLOWING' | 'MUTED' | 'NEITHER'>(async (ctx, ids) => {
  const rows = ctx.actor.id === undefined ? [] : await followStates(ctx.db, ctx.actor.id, ids)
  const found = new Map(rows.map(({ modelId, state }) => [modelId, state]))
  return ids.map((id) => found.get(id) ?? 'NEITHER')
})

builder.objectField(RegisteredModel, 'following', (t) =>
  t.field({
    type: FollowState,
    description: 'Whether you are told what happens to it.',
    resolve: ({ id }, _, ctx) => states(ctx).load(id),
  }),
)

const perEntry = ({ first }: { first?: number | null | undefined }) => ({ field: 1, multiplier: first ?? 50 })

builder.queryFields((t) => ({
  inbox: t.field({
    type: NoticeConnection,
    description: 'What you were told in this workspace, the newest first. It is kept for half a year.',
    complexity: perEntry,
    args: {
      unreadOnly: t.arg.boolean({ defaultValue: false, description: 'Only what you have not read.' }),
      kinds: t.arg({ type: [Kind], description: '@default all' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 000 at most.' }),
      after: t.arg.string(),
    },
    resolve: (_root, { first, ...input }, ctx) => call(ctx, listNotices, { ...input, first: first ?? 50 }),
  }),
  inboxSettings: t.field({
    type: InboxSettings,
    description: 'How you want letters of what is in your inbox.',
    resolve: (_root, _args, ctx) => call(ctx, getSettings, {}),
  }),
}))

builder.mutationFields((t) => ({
  markNotices: t.field({
    type: MarkNoticesPayload,
    description: 'Says what you have read, or not.',
    args: {
      ids: t.arg.idList({ description: 'At most 1 000. @default all' }),
      read: t.arg.boolean({ defaultValue: true, description: 'False: unread again.' }),
    },
    resolve: (_root, { ids, read }, ctx) => call(ctx, mark, { ids: ids?.map(String), read: read ?? true }),
  }),
  setInboxLetters: t.field({
    type: InboxSettingsPayload,
    description: 'Says how you want letters.',
    args: { letters: t.arg({ type: Letters, required: true, description: 'When they go.' }) },
    resolve: (_root, input, ctx) => call(ctx, setLetters, input),
  }),
  followModel: t.field({
    type: FollowModelPayload,
    description: 'Follows a registered model, mutes it, or neither.',
    args: {
      name: t.arg.string({ required: true, description: "The model's name." }),
      state: t.arg({ type: FollowState, required: true, description: 'Which.' }),
    },
    resolve: (_root, input, ctx) => call(ctx, setFollowing, input),
  }),
}))

builder.subscriptionField('inboxChanged', (t) =>
  t.field({
    type: NoticeConnection,
    description: 'The newest of your inbox, at the start and whenever it changes. Twice a second at most.',
    complexity: perEntry,
    args: { first: t.arg.int({ defaultValue: 20, description: 'How many, 1 000 at most.' }) },
    subscribe: (_root, { first }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['inbox', accountOf(ctx)]], signal, 500))
          yield await call(ctx, listNotices, { first: first ?? 20 })
      }),
    resolve: (page) => page,
  }),
)
