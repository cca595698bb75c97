/** Stages and gates in GraphQL. */
import type { People } from '../access.ts'
import { builder } from '../builder.ts'
import { type Ctx, checkSignedIn } from '../context.ts'
import { loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { policyLoader, RegisteredModel } from '../registry/registry.graphql.ts'
import { Role } from '../workspaces/workspaces.graphql.ts'
import { builtInNames, type CheckParams, type EvidenceKind, type MetricRule, noParams } from './built-in.ts'
import type { Policy } from './effective.ts'
import { isOneOf, type Voter, voterOf } from './people.ts'
import { type Gate as GateRow, type PolicyRow, readPolicies } from './policy.sql.ts'
import { checkPolicy, getPolicy, setPolicy } from './policy.ts'
import { readYaml, yamlOf } from './policy-yaml.ts'

const GatePeople = builder.objectRef<People>('GatePeople').implement({
  description: 'Whom a gate means: whoever is one of these.',
  fields: (t) => ({
    role: t.field({ type: Role, nullable: true, description: 'Who has at least this role in the workspace.', resolve: ({ role }) => role }),
    accounts: t.exposeStringList('accounts', { description: 'These accounts.' }),
    teams: t.exposeStringList('teams', { description: 'Who is in these teams.' }),
  }),
})

export const Evidence = builder.enumType('Evidence', {
  description: 'What a version may have to show to who reviews it.',
  values: {
    CARD: { description: 'A model card.' },
    SIGNATURE: { description: 'A signature: what it takes and gives.' },
    INPUT_EXAMPLE: { description: 'An example of what it takes, among its files.' },
    RUN: { description: 'The run that it came from, and that is not deleted.' },
    DATASET: { description: 'A data set: of its run, or that its model was measured on.' },
  } satisfies Record<EvidenceKind, object>,
})

const MetricRuleType = builder.objectRef<MetricRule>('MetricRule').implement({
  description: 'What `tidegate/metric` asks of one metric.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Which metric: of the logged model, else of the run.' }),
    dataset: t.exposeString('dataset', { nullable: true, description: 'As it was measured on this data set. Null: whatever on.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'The least it may be.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'The most it may be.' }),
    betterBy: t.exposeFloat('betterBy', {
      nullable: true,
      description: 'By how much it must be better than the champion’s, at least: 0 is as good. Null: it is not compared.',
    }),
    lowerIsBetter: t.exposeBoolean('lowerIsBetter', { description: 'Whether less of it is better.' }),
  }),
})
const GateCheckParams = builder.objectRef<CheckParams>('GateCheckParams').implement({
  description: 'What a gate asks of the checks that the server runs itself.',
  fields: (t) => ({
    metrics: t.field({
      type: [MetricRuleType],
      description: 'Of `tidegate/metric`.',
      complexity: { multiplier: 2 },
      resolve: ({ metrics }) => metrics,
    }),
    headings: t.exposeStringList('headings', { description: 'Of `tidegate/card`: those that the model card must have.' }),
    imports: t.exposeStringList('imports', {
      description: 'Of `tidegate/pickle`: what pickles may import besides, such as `mylib.Scaler`.',
    }),
    licences: t.exposeStringList('licences', { description: 'Of `tidegate/licences`: those that data sets may be under.' }),
    evidence: t.field({
      type: [Evidence],
      description: 'Of `tidegate/evidence`: what must be there.',
      resolve: ({ evidence }) => evidence,
    }),
  }),
})

const GateWay = builder.enumType('GateWay', {
  description: 'What somebody may do before a gate.',
  values: {
    PASS: { description: 'Go through without asking, where they may move the version. It is written down that they did.' },
    ASK: { description: 'Ask for it.' },
    NONE: { description: 'Neither: others ask.' },
  },
})
/** Whoever asks, read once for all gates. */
const self = loader<'self', Voter>(async (ctx, keys) => {
  const voter = await voterOf(ctx)
  return keys.map(() => voter)
})

export const Gate = builder.objectRef<GateRow>('Gate').implement({
  description:
    'What opens the way into a stage, or to an alias. A stage with a gate is entered, and an alias with one is set, moved and taken away, by a transition request and by nothing else; but for whom it lets through.',
  fields: (t) => ({
    stage: t.exposeString('stage', { description: 'Which stage; or aliases, behind @, * for any letters: `@champion`, `@champ*`.' }),
    from: t.exposeStringList('from', { nullable: true, description: 'The stages that a version may come from. Null: any.' }),
    requesters: t.field({
      type: GatePeople,
      nullable: true,
      description: 'Who may ask. Null: whoever may read the model.',
      resolve: ({ requesters }) => requesters,
    }),
    passers: t.field({
      type: GatePeople,
      nullable: true,
      description: 'Who goes through without asking. Null: nobody.',
      resolve: ({ passers }) => passers ?? null,
    }),
    approvers: t.field({ type: GatePeople, description: 'Whose approval counts.', resolve: ({ approvers }) => approvers }),
    approvals: t.exposeInt('approvals', { description: 'How many of them must approve.' }),
    selfApproval: t.exposeBoolean('selfApproval', { description: 'Whether who asks may be one of them.' }),
    checks: t.exposeStringList('checks', { description: 'The checks that must have passed, or been skipped.' }),
    params: t.field({
      type: GateCheckParams,
      description: 'What it asks of those that the server runs itself: `tidegate/…`.',
      resolve: ({ params }) => ({ ...noParams, ...params }),
    }),
    ttl: t.expose('ttl', { type: 'Long', nullable: true, description: 'How long a request stays open, ms. Null: until it is closed.' }),
    commentRequired: t.exposeBoolean('commentRequired', { description: 'Whether who asks must say why.' }),
    forYou: t.field({
      type: GateWay,
      description: 'What you may do before it. Who may pass may ask all the same.',
      async resolve({ passers, requesters }, _, ctx) {
        if (!passers && !requesters) return 'ASK'
        const you = await self(ctx).load('self')
        if (passers && isOneOf(you, passers)) return 'PASS'
        return !requesters || isOneOf(you, requesters) ? 'ASK' : 'NONE'
      },
    }),
  }),
})

const RegistryPolicy = builder.objectRef<Policy>('RegistryPolicy').implement({
  description: 'Which stages there are, and what opens the way into each.',
  fields: (t) => ({
    stages: t.stringList({ description: 'From the first to the last.', resolve: ({ stages }) => [...stages] }),
    gates: t.field({ type: [Gate], description: 'Of the stages that have one.', resolve: ({ gates }) => [...gates] }),
    yaml: t.string({ description: 'The same as YAML, as `setRegistryPolicyYaml` takes it.', resolve: (policy) => yamlOf(policy) }),
  }),
})

const GatePeopleInput = builder.inputType('GatePeopleInput', {
  description: 'Whom a gate means: whoever is one of these.',
  fields: (t) => ({
    role: t.field({ type: Role, description: 'Who has at least this role in the workspace.' }),
    accounts: t.stringList({ description: 'Names of accounts.' }),
    teams: t.stringList({ description: 'Names of teams of the workspace.' }),
  }),
})
const MetricRuleInput = builder.inputType('MetricRuleInput', {
  description: 'What `tidegate/metric` asks of one metric: one of `min`, `max` and `betterBy` at least.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Which metric: of the logged model, else of the run.' }),
    dataset: t.string({ description: 'As it was measured on this data set. @default whatever on' }),
    min: t.float({ description: 'The least it may be.' }),
    max: t.float({ description: 'The most it may be.' }),
    betterBy: t.float({
      description: 'By how much it must be better than the champion’s, at least: 0 is as good. @default it is not compared',
    }),
    lowerIsBetter: t.boolean({ defaultValue: false, description: 'Whether less of it is better.' }),
  }),
})
const GateCheckParamsInput = builder.inputType('GateCheckParamsInput', {
  description: 'What a gate asks of the checks that the server runs itself, where it names them.',
  fields: (t) => ({
    metrics: t.field({ type: [MetricRuleInput], description: 'Of `tidegate/metric`; 20 at most.' }),
    headings: t.stringList({ description: 'Of `tidegate/card`: those that the model card must have; 50 at most.' }),
    imports: t.stringList({
      description:
        'Of `tidegate/pickle`: what pickles may import besides what only makes data; 200 at most. * is any part of a name, ** has dots: `mylib.**`.',
    }),
    licences: t.stringList({
      description: 'Of `tidegate/licences`: those that data sets may be under, as their tag `license` says; 100 at most.',
    }),
    evidence: t.field({ type: [Evidence], description: 'Of `tidegate/evidence`: what must be there.' }),
  }),
})
const GateInput = builder.inputType('GateInput', {
  description: 'What opens the way into a stage.',
  fields: (t) => ({
    stage: t.string({
      required: true,
      description: 'Which stage: not the first, and not the archive. Or aliases, behind @, * for any letters: `@champion`, `@champ*`.',
    }),
    from: t.stringList({ description: 'The stages that a version may come from. @default any' }),
    requesters: t.field({ type: GatePeopleInput, description: 'Who may ask. @default whoever may read the model' }),
    passers: t.field({ type: GatePeopleInput, description: 'Who goes through without asking. @default nobody' }),
    approvers: t.field({
      type: GatePeopleInput,
      description: 'Whose approval counts. @default who has the role APPROVER, or a higher one',
    }),
    approvals: t.int({ defaultValue: 1, description: 'How many of them; 20 at most. 0: the checks alone open it.' }),
    selfApproval: t.boolean({ defaultValue: false, description: 'Whether who asks may be one of them.' }),
    checks: t.stringList({
      description: `Names of checks that must have passed. The server runs itself: ${builtInNames.map((name) => `\`${name}\``).join(', ')}.`,
    }),
    params: t.field({ type: GateCheckParamsInput, description: 'What is asked of those that the server runs itself.' }),
    ttl: t.field({ type: 'Long', description: 'How long a request stays open, ms. @default until it is closed' }),
    commentRequired: t.boolean({ defaultValue: false, description: 'Whether who asks must say why.' }),
  }),
})
const SetRegistryPolicyInput = builder.inputType('SetRegistryPolicyInput', {
  fields: (t) => ({
    model: t.string({ description: 'Of this model only. @default of each model that has none of its own' }),
    stages: t.stringList({
      description: 'None, yours, Archived: 12 at most. @default as above it: the workspace’s, MLflow’s four',
    }),
    gates: t.field({
      type: [GateInput],
      description: 'One for each stage that is to have one. @default as above it: the workspace’s, none',
    }),
  }),
})

const RegistryPolicyPayload = builder
  .objectRef<{ policy: Policy }>('RegistryPolicyPayload')
  .implement({ fields: (t) => ({ policy: t.field({ type: RegistryPolicy, resolve: ({ policy }) => policy }) }) })

/** What models say themselves, each beside what holds above it. */
const ownPolicies = loader<number, PolicyRow | null>(async (ctx, ids) => {
  const found = new Map((await readPolicies(ctx.db, ctx.workspace.id, ids)).map((row) => [row.modelId, row]))
  return ids.map((id) => found.get(id) ?? null)
})

const OwnPolicy = builder.objectRef<PolicyRow>('OwnPolicy').implement({
  description: 'What a model says of stages and gates itself.',
  fields: (t) => ({
    stages: t.exposeStringList('stages', { nullable: true, description: 'Null: those of the workspace.' }),
    gates: t.field({
      type: [Gate],
      nullable: true,
      description: 'Null: those of the workspace.',
      // A stage or two have one, and few models their own.
      complexity: { multiplier: 2 },
      resolve: ({ gates }) => gates,
    }),
    yaml: t.string({ description: 'The same as YAML, without what is as the workspace has it.', resolve: (policy) => yamlOf(policy) }),
  }),
})

builder.objectFields(RegisteredModel, (t) => ({
  ownPolicy: t.field({
    type: OwnPolicy,
    nullable: true,
    description: 'What it says itself of stages and gates. Null: nothing, all is as the workspace has it.',
    resolve: ({ id }, _, ctx) => ownPolicies(ctx).load(id),
  }),
  gates: t.field({
    type: [Gate],
    description: 'What opens the way into each of its stages that has a gate.',
    resolve: async ({ id }, _, ctx) => [...(await policyLoader(ctx).load(id)).gates],
  }),
}))

builder.queryField('registryPolicy', (t) =>
  t.field({
    type: RegistryPolicy,
    description: 'The stages and gates of models that have none of their own.',
    resolve: (_root, _args, ctx) => call(ctx, getPolicy, {}),
  }),
)

builder.mutationField('setRegistryPolicy', (t) =>
  t.field({
    type: RegistryPolicyPayload,
    description:
      'Says which stages there are and what opens the way into each; for who manages the workspace, also of one model. Requests that are open are judged by what holds then.',
    args: { input: t.arg({ type: SetRegistryPolicyInput, required: true }) },
    resolve: async (_root, { input }, ctx) => ({ policy: await call(ctx, setPolicy, input) }),
  }),
)

/** Does it with what a text in YAML says; a fault has its line and column. */
async function fromYaml<T>(ctx: Ctx, yaml: string, work: (input: ReturnType<typeof readYaml>['input']) => Promise<T>): Promise<T> {
  // Before anything is read: a stranger's text is none of ours to read.
  checkSignedIn(ctx)
  const { input, placed } = readYaml(yaml)
  try {
    return await work(input)
  } catch (error) {
    throw placed(error)
  }
}

const ofYaml = {
  model: 'Of this model only. @default of each model that has none of its own',
  yaml: 'The fields `stages` and `gates`, as `setRegistryPolicy` has them; of either that is missing, as above it. Times may be 7d, 12h, 30m or 90s. 100 000 characters at most.',
}

builder.queryField('checkRegistryPolicy', (t) =>
  t.field({
    type: OwnPolicy,
    description: 'What a text in YAML says of stages and gates, where it could be set; nothing is. A fault has its line and column.',
    args: { model: t.arg.string({ description: ofYaml.model }), yaml: t.arg.string({ required: true, description: ofYaml.yaml }) },
    resolve: (_root, { model, yaml }, ctx) => fromYaml(ctx, yaml, (input) => call(ctx, checkPolicy, { ...input, model })),
  }),
)

builder.mutationField('setRegistryPolicyYaml', (t) =>
  t.field({
    type: RegistryPolicyPayload,
    description: 'The same as `setRegistryPolicy`, from a text in YAML. A fault has its line and column.',
    args: { model: t.arg.string({ description: ofYaml.model }), yaml: t.arg.string({ required: true, description: ofYaml.yaml }) },
    resolve: async (_root, { model, yaml }, ctx) => ({
      policy: await fromYaml(ctx, yaml, (input) => call(ctx, setPolicy, { ...input, model })),
    }),
  }),
)
