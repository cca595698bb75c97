/** Single sign-on in GraphQL: how it is set up. Signing in itself is at /auth/sso, because it is about a browser's way. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { Role } from '../workspaces/workspaces.graphql.ts'
import { deleteSso, getSso, type SsoSettings, type SsoTest, setSso, testSso } from './settings.ts'

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
  description: 'The OpenID Connect provider that people sign in at.',
  fields: (t) => ({
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
    enabled: t.exposeBoolean('enabled', { description: 'False: nobody signs in by it.' }),
    redirectUri: t.exposeString('redirectUri', { description: 'What to register at the provider, letter by letter.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When it was last changed.' }),
  }),
})

builder.queryField('sso', (t) =>
  t.field({
    type: Sso,
    nullable: true,
    description: 'Single sign-on. For who manages the installation; null where none is set up.',
    resolve: (_root, _args, ctx) => call(ctx, getSso, {}),
  }),
)

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
    name: t.string({ description: 'What the button says.' }),
    issuer: t.string({
      description:
        'An https:// URL on the public internet, or of a host that the operator has named with --outbound-hosts. A new one needs its `clientSecret`.',
    }),
    clientId: t.string({ description: 'What the provider knows this server by.' }),
    clientSecret: t.string({ description: 'Stored sealed, and shown to nobody.' }),
    groupsClaim: t.string({ description: 'A name, or a path such as `realm_access.roles`. @default groups' }),
    rules: t.field({ type: [SsoRuleInput], description: 'In place of all there are. They count from the next sign-in on.' }),
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

builder.mutationFields((t) => ({
  setSso: t.field({
    type: SsoPayload,
    description: 'Sets up single sign-on, or changes it.',
    args: { input: t.arg({ type: SetSsoInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, setSso, input),
  }),
  deleteSso: t.field({
    type: DeleteSsoPayload,
    description: 'Accounts that came by it stay, with what they are members of.',
    resolve: async (_root, _args, ctx) => {
      await call(ctx, deleteSso, {})
      return { deleted: true }
    },
  }),
  testSso: t.field({
    type: TestSsoPayload,
    description: 'Asks the provider that is set up. Only a sign-in shows whether it takes the client and its secret.',
    resolve: (_root, _args, ctx) => call(ctx, testSso, {}),
  }),
}))
