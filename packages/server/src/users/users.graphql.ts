/** Accounts in GraphQL. Signing in and out is at /auth, because it is about a cookie. */
import type { Account as AccountRow } from '@tidegate/db'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { changePassword, listAccounts, updateAccount } from './accounts.ts'
import { createAccount, doors, type Invited, resetPassword, withdrawInvitation } from './links.ts'

const time = (value: bigint | null) => (value === null ? null : Number(value))

const SignInWay = builder.enumType('SignInWay', {
  description: 'How somebody signs in.',
  values: {
    PASSWORD: { description: 'By name and password.' },
    SSO: { description: 'At a provider.' },
    TOKEN: { description: 'By tokens only: a program.' },
  },
})

export const Account = builder.objectRef<AccountRow>('Account').implement({
  description: 'Somebody, or a program, that has a key to this server.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'What they sign in with; in lower case.' }),
    email: t.exposeString('email', { nullable: true, description: 'Where they are written to. Shown to who manages accounts.' }),
    isAdmin: t.exposeBoolean('isAdmin', { description: 'Manages accounts, workspaces and the installation.' }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was made.', resolve: ({ createdAt }) => Number(createdAt) }),
    disabledAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Since when nobody gets in by it. Null while it is in use.',
      resolve: ({ disabledAt }) => time(disabledAt),
    }),
    isService: t.boolean({
      description: 'A program of one workspace, owned by its admins: `serviceAccounts`.',
      resolve: ({ serviceOf }) => serviceOf !== null,
    }),
    hasPassword: t.boolean({ description: 'Its owner has set one.', resolve: ({ password }) => password !== null }),
    signsIn: t.field({
      type: [SignInWay],
      description: 'How they sign in. Nothing: they were invited, and have not come yet.',
      complexity: { multiplier: 1 },
      resolve: async ({ id, password, serviceOf }, _args, ctx) => {
        if (serviceOf !== null) return ['TOKEN' as const]
        const { identities } = await doors(ctx).load(id)
        return [...(password !== null ? (['PASSWORD'] as const) : []), ...(identities ? (['SSO'] as const) : [])]
      },
    }),
    invitedUntil: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Until when the link is good that they were invited by. Null where there is none, or they have come.',
      resolve: async ({ id, password }, _args, ctx) => (password === null ? (await doors(ctx).load(id)).linkUntil : null),
    }),
  }),
})

const InvitedPayload = builder.objectRef<Invited>('InvitedPayload').implement({
  fields: (t) => ({
    account: t.field({ type: Account, resolve: ({ account }) => account }),
    link: t.exposeString('link', {
      description: 'Opens the page that sets a password. Good once, for three days; shown now and never again.',
    }),
    mailedTo: t.exposeString('mailedTo', {
      nullable: true,
      description: 'The address that it was sent to. Null: this server sends no mail, or knows none; pass it on.',
    }),
  }),
})
const AccountPayload = builder
  .objectRef<AccountRow>('AccountPayload')
  .implement({ fields: (t) => ({ account: t.field({ type: Account, resolve: (account) => account }) }) })
builder.queryFields((t) => ({
  accounts: t.field({
    type: [Account],
    description: 'All accounts. For who manages the installation.',
    resolve: (_root, _args, ctx) => call(ctx, listAccounts, {}),
  }),
}))

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  return {
    createAccount: t.field({
      type: InvitedPayload,
      description: 'Makes an account, and the link by which its owner sets a password. It is a member of nothing yet: `setMember`.',
      args: {
        name: t.arg.string({ required: true, description: 'What they sign in with.' }),
        email: t.arg.string({
          description: 'Where the link is sent to, and they are written to. @default the name, where that is an address',
        }),
        isAdmin: t.arg.boolean({ description: '@default false' }),
      },
      resolve: (_root, args, ctx) => call(ctx, createAccount, args),
    }),
    resetPassword: t.field({
      type: InvitedPayload,
      description: 'A new link by which an account’s owner sets a password, in place of the last one.',
      args: {
        id,
        mail: t.arg.boolean({ description: 'It is sent to them, where there is an address and this server sends mail. @default true' }),
      },
      resolve: (_root, args, ctx) => call(ctx, resetPassword, args),
    }),
    withdrawInvitation: t.field({
      type: AccountPayload,
      description: 'Takes back an invitation that nobody has followed: the account is gone.',
      args: { id },
      resolve: (_root, args, ctx) => call(ctx, withdrawInvitation, args),
    }),
    updateAccount: t.field({
      type: AccountPayload,
      description: 'Changes what an account may do here at all. One that is disabled is signed out everywhere, and its tokens are refused.',
      args: {
        id,
        isAdmin: t.arg.boolean({ description: 'Manages the installation.' }),
        isDisabled: t.arg.boolean({ description: 'Nobody gets in by it. Refused where it is the only one that manages a workspace.' }),
        force: t.arg.boolean({
          description: 'Also where a workspace is left that only you, who manage the installation, manage. @default false',
        }),
        email: t.arg.string({ description: 'Where they are written to.' }),
      },
      resolve: (_root, args, ctx) => call(ctx, updateAccount, args),
    }),
    changePassword: t.field({
      type: AccountPayload,
      description: 'Your own. You are signed out everywhere.',
      args: {
        current: t.arg.string({ required: true, description: 'The one there is.' }),
        next: t.arg.string({ required: true, description: 'Ten characters or more.' }),
      },
      resolve: (_root, args, ctx) => call(ctx, changePassword, args),
    }),
  }
})
