/** Tokens, and the service accounts whose only way in they are, in GraphQL. */
import type { Role as RoleName } from '../access.ts'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { Role } from '../workspaces/workspaces.graphql.ts'
import { createService, deleteService, listServices, type Service, updateService } from './services.ts'
import { createToken, listTokens, type NewToken, renewToken, revokeToken, type Scope, scopeOf, type Token } from './tokens.ts'

const time = (value: bigint | null) => (value === null ? null : Number(value))

const TokenScope = builder.enumType('TokenScope', {
  description: 'What a token is good for; never for more than its account. Each has what the ones before it have.',
  values: {
    READ: { description: 'Only to read.' },
    RUNS: { description: 'Also to make experiments, and to log and change runs: not to delete any.' },
    MODELS: { description: 'Also to register models, and to change and move their versions: not to delete any.' },
    ALL: { description: 'For all that its account may do, also to make tokens.' },
  } satisfies Record<Scope, { description: string }>,
})

const AccessToken = builder.objectRef<Token>('AccessToken').implement({
  description: 'A key for a program. The token itself is shown once, when it is made.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'What it is for.' }),
    hint: t.exposeString('hint', { description: 'How it begins, to tell it by.' }),
    scope: t.field({ type: TokenScope, description: 'What it is good for.', resolve: scopeOf }),
    workspace: t.string({
      nullable: true,
      description: 'The one workspace that it is good in. Null: each that its account is in.',
      resolve: ({ workspace }) => workspace?.name ?? null,
    }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was made.', resolve: ({ createdAt }) => Number(createdAt) }),
    expiresAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Not taken from then on. Null: never.',
      resolve: ({ expiresAt }) => time(expiresAt),
    }),
    usedAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When it was last used, to the minute. Null: never yet.',
      resolve: ({ usedAt }) => time(usedAt),
    }),
    isRenewed: t.boolean({
      description: 'Another has taken its place: this one is good until `expiresAt`, and is then gone.',
      resolve: ({ renewedBy }) => renewedBy !== null,
    }),
  }),
})

const ServiceAccount = builder.objectRef<Service>('ServiceAccount').implement({
  description: 'A program of this workspace, which its admins own: it has tokens, and no other way in.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'Shown beside what it did: its own name and the workspace’s, such as ci@solar-team.' }),
    about: t.exposeString('about', { description: 'What it is for.' }),
    role: t.field({
      type: Role,
      nullable: true,
      description: 'What it may do, as a member. Null: it is none; `setMember` makes it one.',
      resolve: ({ members: [member] }) => (member?.role as RoleName | undefined) ?? null,
    }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was made.', resolve: ({ createdAt }) => Number(createdAt) }),
    disabledAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Since when its tokens are refused. Null while it is in use.',
      resolve: ({ disabledAt }) => time(disabledAt),
    }),
    tokens: t.field({
      type: [AccessToken],
      description: 'Its tokens, newest first.',
      complexity: { multiplier: 5 },
      resolve: ({ tokens }) => tokens,
    }),
  }),
})

const NewTokenPayload = builder.objectRef<NewToken>('CreateTokenPayload').implement({
  fields: (t) => ({
    token: t.field({ type: AccessToken, resolve: ({ token }) => token }),
    secret: t.exposeString('secret', {
      description: 'The token: MLFLOW_TRACKING_TOKEN, or Authorization: Bearer. Shown now and never again.',
    }),
  }),
})
const TokenPayload = builder
  .objectRef<Token>('TokenPayload')
  .implement({ fields: (t) => ({ token: t.field({ type: AccessToken, resolve: (token) => token }) }) })
const ServiceAccountPayload = builder
  .objectRef<Service>('ServiceAccountPayload')
  .implement({ fields: (t) => ({ service: t.field({ type: ServiceAccount, resolve: (service) => service }) }) })
const DeleteServiceAccountPayload = builder
  .objectRef<{ name: string }>('DeleteServiceAccountPayload')
  .implement({ fields: (t) => ({ name: t.exposeString('name', { description: 'Which is gone.' }) }) })

builder.queryFields((t) => ({
  tokens: t.field({
    type: [AccessToken],
    description: 'Your own tokens, newest first.',
    resolve: (_root, _args, ctx) => call(ctx, listTokens, {}),
  }),
  serviceAccounts: t.field({
    type: [ServiceAccount],
    description: 'The service accounts of this workspace, by name. For who manages it.',
    resolve: (_root, _args, ctx) => call(ctx, listServices, {}),
  }),
}))

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  const account = t.arg.string({ description: 'A service account of this workspace, by its name. @default you' })
  const service = t.arg.string({ required: true, description: 'Its name.' })
  const about = t.arg.string({ description: 'What it is for.' })
  return {
    createToken: t.field({
      type: NewTokenPayload,
      description: 'Makes a token of your own, or of a service account of a workspace that you manage.',
      args: {
        account,
        name: t.arg.string({ required: true, description: 'What it is for.' }),
        scope: t.arg({ type: TokenScope, description: '@default ALL' }),
        workspace: t.arg.string({ description: 'The one workspace that it is good in. @default each that you are in' }),
        expiresAt: t.arg({ type: 'Timestamp', description: 'Not taken from then on. @default never' }),
      },
      resolve: (_root, args, ctx) => call(ctx, createToken, args),
    }),
    renewToken: t.field({
      type: NewTokenPayload,
      description: 'Another token for the same, with a secret of its own. The one before is good for a while yet.',
      args: {
        account,
        id,
        expiresAt: t.arg({ type: 'Timestamp', description: '@default as long again as it was good' }),
        overlap: t.arg({ type: 'Long', description: 'How long the one before is good yet, in ms; at most 30 days. @default a day' }),
      },
      resolve: (_root, args, ctx) => call(ctx, renewToken, args),
    }),
    revokeToken: t.field({
      type: TokenPayload,
      description: 'Refused from now on.',
      args: { account, id },
      resolve: (_root, args, ctx) => call(ctx, revokeToken, args),
    }),
    createServiceAccount: t.field({
      type: ServiceAccountPayload,
      description: 'Makes a service account of this workspace.',
      args: {
        name: t.arg.string({ required: true, description: 'Behind it comes an @ and the name of the workspace.' }),
        about,
        role: t.arg({ type: Role, description: '@default CONTRIBUTOR' }),
      },
      resolve: (_root, args, ctx) => call(ctx, createService, args),
    }),
    updateServiceAccount: t.field({
      type: ServiceAccountPayload,
      description: 'Changes what it is for, or whether it may be used. Its role is a member’s: `setMember`.',
      args: { account: service, about, isDisabled: t.arg.boolean({ description: 'Its tokens are refused.' }) },
      resolve: (_root, args, ctx) => call(ctx, updateService, args),
    }),
    deleteServiceAccount: t.field({
      type: DeleteServiceAccountPayload,
      description: 'For good, with its tokens. What it did stays under its name.',
      args: { account: service },
      async resolve(_root, { account: name }, ctx) {
        await call(ctx, deleteService, { account: name })
        return { name }
      },
    }),
  }
})
