/** Single sign-on in GraphQL: how it is set up. Signing in itself is at /auth/sso, because it is about a browser's way. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { Role } from '../workspaces/workspaces.graphql.ts'
import { type LinkedIdentity, listIdentities, unlink } from './link.ts'
import { addSso, deleteSso, getSso, listSso, type SsoSettings, type SsoTest, setSso, testSso } from './settings.ts'

const SsoRule = builder.objectRef<SsoSettings['rules'][number]>('SsoRule').implement({
  description: 'What a group at the provider stands for here. Of several rules for one workspace the highest role counts.',
  fields: (t) => ({
    group: t.exposeString('group', {
      description: 'As the provider writes it; `*` at its end stands for any rest, and alone for everybody.',
    }),
    workspace: t.exposeString('workspace', { description: 'The name of the workspace.' }),
    role: t.field({ type: Role, description: 'What they may do there.', resolve: ({ role }) => role }),
  }),
})

const Sso = builder.objectRef<SsoSettings>('Sso').implement({
  description: 'An OpenID Connect provider that people sign in at.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'What the button says.' }),
    issuer: t.exposeString('issuer', { description: 'The provider’s URL, as its discovery document has it.' }),
    clientId: t.exposeString('clientId', { description: 'What the provider knows this server by. Its secret is shown to nobody.' }),
    groupsClaim: t.exposeString('groupsClaim', { description: 'The claim that has the groups: a name, or a path with dots.' }),
    rules: t.field({
      type: [SsoRule],
      description: 'What groups stand for. Who is in none of them does not get in.',
      complexity: { multiplier: 1 },
      resolve: ({ rules }) => rules,
    }),
    adminGroups: t.exposeStringList('adminGroups', {
      description: 'Who is in one of these groups manages the installation, for as long as they are; `*` at its end stands for any rest.',
      complexity: { multiplier: 1 },
    }),
    signsOut: t.exposeBoolean('signsOut', { description: 'Signing out here signs out there too.' }),
    enabled: t.exposeBoolean('enabled', { description: 'False: nobody signs in by it.' }),
    redirectUri: t.exposeString('redirectUri', { description: 'What to register at the provider, letter by letter.' }),
    signedOutUri: t.exposeString('signedOutUri', {
      description: 'What to register there too, for who was signed out, where `signsOut` is set.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When it was last changed.' }),
  }),
})

const SsoIdentity = builder.objectRef<LinkedIdentity>('SsoIdentity').implement({
  description: 'Who you are at a provider.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'As the provider calls you.' }),
    provider: t.exposeString('provider', { description: 'The provider’s name here, or its URL where it is not set up any more.' }),
    seenAt: t.field({ type: 'Timestamp', description: 'When you last came from there.', resolve: ({ seenAt }) => Number(seenAt) }),
  }),
})

builder.queryFields((t) => ({
  sso: t.field({
    type: Sso,
    nullable: true,
    description: 'One provider, or the first. For who manages the installation; null where none is set up.',
    args: { id: t.arg.id({ description: 'Of which. @default the first' }) },
    resolve: (_root, args, ctx) => call(ctx, getSso, args),
  }),
  ssoProviders: t.field({
    type: [Sso],
    description: 'All providers. For who manages the installation.',
    resolve: (_root, _args, ctx) => call(ctx, listSso, {}),
  }),
  identities: t.field({
    type: [SsoIdentity],
    description: 'Who you are at providers: by each of them you sign in to your account here. One links oneself on the page *Access*.',
    resolve: (_root, _args, ctx) => call(ctx, listIdentities, {}),
  }),
}))

const SsoRuleInput = builder.inputType('SsoRuleInput', {
  fields: (t) => ({
    group: t.string({
      required: true,
      description: 'As the provider writes it; `*` at its end stands for any rest, and alone for everybody.',
    }),
    workspace: t.string({ required: true, description: 'The name of the workspace.' }),
    role: t.field({ type: Role, required: true, description: 'What they may do there.' }),
  }),
})
const SetSsoInput = builder.inputType('SetSsoInput', {
  description: 'What is not given stays; the first time `name`, `issuer`, `clientId` and `clientSecret` are needed.',
  fields: (t) => ({
    id: t.id({ description: 'Of which. @default the first' }),
    name: t.string({ description: 'What the button says: no two say the same.' }),
    issuer: t.string({
      description:
        'An https:// URL on the public internet, or of a host that the operator has named with --outbound-hosts. A new one needs its `clientSecret`.',
    }),
    clientId: t.string({ description: 'What the provider knows this server by.' }),
    clientSecret: t.string({ description: 'Stored sealed, and shown to nobody.' }),
    groupsClaim: t.string({ description: 'A name, or a path such as `realm_access.roles`. @default groups' }),
    rules: t.field({ type: [SsoRuleInput], description: 'In place of all there are. They count from the next sign-in on.' }),
    adminGroups: t.stringList({ description: 'Groups whose people manage the installation. @default none' }),
    signsOut: t.boolean({ description: 'Signing out here signs out there too; register `signedOutUri` there. @default false' }),
    enabled: t.boolean({ description: '@default true' }),
  }),
})

const SsoPayload = builder
  .objectRef<SsoSettings>('SsoPayload')
  .implement({ fields: (t) => ({ sso: t.field({ type: Sso, resolve: (sso) => sso }) }) })
const DeleteSsoPayload = builder
  .objectRef<{ deleted: boolean }>('DeleteSsoPayload')
  .implement({ fields: (t) => ({ deleted: t.exposeBoolean('deleted', { description: 'Always true.' }) }) })
const TestSsoPayload = builder.objectRef<SsoTest>('TestSsoPayload').implement({
  fields: (t) => ({
    ok: t.exposeBoolean('ok', { description: 'The provider was found, and is what it says.' }),
    message: t.exposeString('message', { description: 'What was found, or what is wrong.' }),
  }),
})

const UnlinkIdentityPayload = builder
  .objectRef<{ id: string }>('UnlinkIdentityPayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'Of what is unlinked.' }) }) })

builder.mutationFields((t) => ({
  setSso: t.field({
    type: SsoPayload,
    description: 'Sets up the first provider, or changes one.',
    args: { input: t.arg({ type: SetSsoInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, setSso, input),
  }),
  addSso: t.field({
    type: SsoPayload,
    description: 'Adds a provider. `id` says nothing here.',
    args: { input: t.arg({ type: SetSsoInput, required: true }) },
    resolve: (_root, { input: { id: _, ...input } }, ctx) => call(ctx, addSso, input),
  }),
  unlinkIdentity: t.field({
    type: UnlinkIdentityPayload,
    description: 'You sign in by it no more, and what your groups there gave you goes. Refused where it is your only way in.',
    args: { id: t.arg.id({ required: true, description: 'Of `identities`.' }) },
    resolve: (_root, args, ctx) => call(ctx, unlink, args),
  }),
  deleteSso: t.field({
    type: DeleteSsoPayload,
    description: 'Accounts that came by it stay, with what they are members of.',
    args: { id: t.arg.id({ description: 'Of which. @default the first' }) },
    resolve: async (_root, args, ctx) => {
      await call(ctx, deleteSso, args)
      return { deleted: true }
    },
  }),
  testSso: t.field({
    type: TestSsoPayload,
    description: 'Asks a provider that is set up. Only a sign-in shows whether it takes the client and its secret.',
    args: { id: t.arg.id({ description: 'Of which. @default the first' }) },
    resolve: (_root, args, ctx) => call(ctx, testSso, args),
  }),
}))
