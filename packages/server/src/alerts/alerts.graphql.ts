/** Alert rules and what they have found, in GraphQL. */
import type { AlertDelivery as DeliveryRow, AlertRule as RuleRow } from '@tidegate/db'
import { builder, PageInfo } from '../builder.ts'
import { Experiment } from '../experiments/experiments.graphql.ts'
import { call } from '../operation.ts'
import { readRuns } from '../runs/read.sql.ts'
import { Run } from '../runs/runs.graphql.ts'
import { live } from '../subscription.ts'
import {
  type AlertPage,
  type AlertWithDeliveries,
  createAlertRule,
  deleteAlertRule,
  listAlertRules,
  listAlerts,
  readAlerts,
  testAlertRule,
  updateAlertRule,
} from './alerts.ts'
import { type Condition, sentence } from './conditions.ts'

const AlertKind = builder.enumType('AlertKind', {
  description: 'What a rule looks for.',
  values: {
    NOT_FINITE: { value: 'not-finite', description: 'A point is NaN or infinite.' },
    THRESHOLD: { value: 'threshold', description: 'The value is past a limit.' },
    PLATEAU: { value: 'plateau', description: 'The best value has not become better for some steps.' },
    SILENCE: { value: 'silence', description: 'A live run has sent no point for some time.' },
  } as const,
})
const Comparator = builder.enumType('AlertComparator', {
  description: 'How a value is compared with a limit.',
  values: {
    GT: { value: '>', description: 'Over it.' },
    GTE: { value: '>=', description: 'At least it.' },
    LT: { value: '<', description: 'Under it.' },
    LTE: { value: '<=', description: 'At most it.' },
  } as const,
})
const Goal = builder.enumType('AlertGoal', {
  description: 'Which values are better.',
  values: { MIN: { description: 'Less is better.' }, MAX: { description: 'More is better.' } } as const,
})

const ConditionInput = builder.inputType('AlertConditionInput', {
  description: 'Of the fields beside `kind`, those of that kind are read.',
  fields: (t) => ({
    kind: t.field({ type: AlertKind, required: true, description: 'What to look for.' }),
    comparator: t.field({ type: Comparator, description: 'THRESHOLD: how the value is compared with `limit`.' }),
    limit: t.float({ description: 'THRESHOLD.' }),
    points: t.int({ description: 'THRESHOLD: points one after the other for which it must hold. @default 1' }),
    goal: t.field({ type: Goal, description: 'PLATEAU: whether less or more is better.' }),
    delta: t.float({ description: 'PLATEAU: what a better value must be better by, more than this. @default 0' }),
    steps: t.field({ type: 'Long', description: 'PLATEAU: steps without a better value.' }),
    after: t.field({ type: 'Long', description: 'SILENCE: ms without a point, 1 000 or more.' }),
  }),
})

type Input = { [Key in keyof typeof ConditionInput.$inferInput]: (typeof ConditionInput.$inferInput)[Key] }
/** Without what is null: absent is what the schema's defaults stand for. */
const given = (input: Input) => Object.fromEntries(Object.entries(input).filter(([, value]) => value != null))

const of = <Key extends string>(condition: Condition, key: Key): never => ((condition as Record<string, unknown>)[key] ?? null) as never

const AlertCondition = builder.objectRef<Condition>('AlertCondition').implement({
  description: 'When a rule fires. It fires once for each metric of each run, and again only after it has not held in between.',
  fields: (t) => ({
    kind: t.field({ type: AlertKind, description: 'What it looks for; the fields of other kinds are null.', resolve: (it) => it.kind }),
    comparator: t.field({ type: Comparator, nullable: true, description: 'THRESHOLD', resolve: (it) => of(it, 'comparator') }),
    limit: t.float({ nullable: true, description: 'THRESHOLD', resolve: (it) => of(it, 'limit') }),
    points: t.int({ nullable: true, description: 'THRESHOLD: for how many points it must hold.', resolve: (it) => of(it, 'points') }),
    goal: t.field({ type: Goal, nullable: true, description: 'PLATEAU', resolve: (it) => of(it, 'goal') }),
    delta: t.float({
      nullable: true,
      description: 'PLATEAU: a better value is better by more than this.',
      resolve: (it) => of(it, 'delta'),
    }),
    steps: t.field({
      type: 'Long',
      nullable: true,
      description: 'PLATEAU: steps without a better value.',
      resolve: (it) => of(it, 'steps'),
    }),
    after: t.field({ type: 'Long', nullable: true, description: 'SILENCE: ms without a point.', resolve: (it) => of(it, 'after') }),
  }),
})

const AlertRule = builder.prismaObject('AlertRule', {
  description: 'A rule on a metric of the live runs of an experiment.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    name: t.exposeString('name', { description: 'Shown beside what it finds.' }),
    metric: t.exposeString('metric', { nullable: true, description: 'Null: any metric.' }),
    condition: t.field({ type: AlertCondition, description: 'When it fires.', resolve: (rule) => rule.condition as Condition }),
    sentence: t.string({
      description: 'The condition in words: "loss is NaN or infinite".',
      resolve: (rule) => sentence(rule.condition as Condition, rule.metric),
    }),
    experiment: t.relation('experiment', { description: 'Whose runs it looks at.' }),
    url: t.exposeString('url', { nullable: true, description: 'Called when it fires. Null: it is told in the pages only.' }),
    enabled: t.exposeBoolean('enabled', { description: 'False while it is paused.' }),
    createdBy: t.exposeString('createdBy', { description: 'Who made it.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When it last changed.' }),
  }),
})

const AlertDelivery = builder.objectRef<Omit<DeliveryRow, 'id' | 'alertId'>>('AlertDelivery').implement({
  description: 'An attempt to call a rule’s URL. It is tried ten times, at longer and longer distances.',
  fields: (t) => ({
    sentAt: t.expose('sentAt', { type: 'Timestamp', description: 'When it was sent.' }),
    status: t.exposeInt('status', { nullable: true, description: 'The HTTP status of the answer; null where there was none.' }),
    error: t.exposeString('error', { nullable: true, description: 'Why there was no answer.' }),
    ms: t.exposeInt('ms', { description: 'How long it took, ms.' }),
  }),
})

const Alert = builder.objectRef<AlertWithDeliveries>('Alert').implement({
  description: 'What a rule has found in a run.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text: the later, the larger.' }),
    rule: t.exposeString('ruleName', { description: 'The name of the rule, as it was then.' }),
    ruleId: t.id({ nullable: true, description: 'Null when the rule was deleted.', resolve: (alert) => alert.ruleId }),
    metric: t.exposeString('metric', { nullable: true, description: 'In which metric; null where a run was silent in all.' }),
    step: t.expose('step', { type: 'Long', nullable: true, description: 'At which step; null for silence.' }),
    value: t.field({
      type: 'Real',
      nullable: true,
      description: 'The value there; null for silence.',
      resolve: ({ value }) => (value === null ? null : Number(value)),
    }),
    message: t.exposeString('message', { description: 'Such as "loss is NaN at step 120".' }),
    firedAt: t.expose('firedAt', { type: 'Timestamp', description: 'When it was found.' }),
    readAt: t.expose('readAt', { type: 'Timestamp', nullable: true, description: 'Null while nobody has marked it as read.' }),
    deliveries: t.field({
      type: [AlertDelivery],
      description: 'Calls of the rule’s URL, oldest first.',
      complexity: { multiplier: 1 },
      resolve: (alert) => alert.deliveries,
    }),
    run: t.field({
      type: Run,
      nullable: true,
      description: 'In which run.',
      resolve: async ({ runId }, _, ctx) => (await readRuns(ctx.db, [runId]))[0] ?? null,
    }),
    experiment: t.field({
      type: Experiment,
      description: 'Of which experiment.',
      resolve: ({ experimentId }, _, ctx) =>
        ctx.db.prisma.experiment.findUniqueOrThrow({ where: { id: experimentId }, include: { tags: { orderBy: { key: 'asc' } } } }),
    }),
  }),
})

const AlertConnection = builder.objectRef<AlertPage>('AlertConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Alert], complexity: { multiplier: 1 }, resolve: (page) => page.alerts }),
    unread: t.exposeInt('unread', { description: 'Alerts among those asked for, on all pages, that nobody has marked as read.' }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ endCursor }) => ({ endCursor }) }),
  }),
})

builder.queryFields((t) => ({
  alertRules: t.field({
    type: [AlertRule],
    description: 'The rules of an experiment, or of all that you may read, oldest first; 10 000 at most.',
    args: { experiment: t.arg.id({ description: '@default all that you may read' }) },
    resolve: (_root, { experiment }, ctx) => call(ctx, listAlertRules, { experimentId: experiment }),
  }),
  alerts: t.field({
    type: AlertConnection,
    description: 'What rules have found in the experiments that you may read, newest first.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      experiment: t.arg.id({ description: 'Only in this one.' }),
      run: t.arg.id({ description: 'Only in this one.' }),
      unreadOnly: t.arg.boolean({ defaultValue: false, description: 'Only those that nobody has marked as read.' }),
      first: t.arg.int({ defaultValue: 50, description: 'At most 1 000.' }),
      after: t.arg.string(),
    },
    resolve: (_root, { experiment, run, unreadOnly, first, after }, ctx) =>
      call(ctx, listAlerts, { experimentId: experiment, runId: run, unreadOnly: unreadOnly ?? false, first: first ?? 50, after }),
  }),
}))

const CreateAlertRuleInput = builder.inputType('CreateAlertRuleInput', {
  description: 'A new rule.',
  fields: (t) => ({
    experimentId: t.id({ required: true, description: 'Whose runs to look at. An experiment has 100 rules at most.' }),
    name: t.string({ required: true, description: '250 characters at most.' }),
    metric: t.string({ description: 'THRESHOLD and PLATEAU want one. @default any metric' }),
    condition: t.field({ type: ConditionInput, required: true, description: 'When it fires.' }),
    url: t.string({
      description: 'Called with POST when it fires. It must lead to the public internet, or to a host that the operator has named.',
    }),
  }),
})
const UpdateAlertRuleInput = builder.inputType('UpdateAlertRuleInput', {
  description: 'What is not given stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which rule.' }),
    name: t.string({ description: '250 characters at most.' }),
    metric: t.string({ description: 'Empty: any metric.' }),
    condition: t.field({ type: ConditionInput, description: 'A changed one begins anew with what live runs have logged.' }),
    url: t.string({ description: 'Empty: none.' }),
    enabled: t.boolean({ description: 'False pauses it.' }),
  }),
})

const AlertRulePayload = builder
  .objectRef<RuleRow>('AlertRulePayload')
  .implement({ fields: (t) => ({ rule: t.field({ type: AlertRule, description: 'As it is now.', resolve: (rule) => rule }) }) })

const NewAlertRulePayload = builder.objectRef<RuleRow>('NewAlertRulePayload').implement({
  fields: (t) => ({
    rule: t.field({ type: AlertRule, description: 'As it is now.', resolve: (rule) => rule }),
    secret: t.exposeString('secret', {
      description:
        'What calls of its URL are signed with; it is not shown again. X-Tidegate-Signature is "v1," and the base64 HMAC-SHA256 of "<X-Tidegate-Delivery-Id>.<X-Tidegate-Timestamp>.<body>".',
    }),
  }),
})
const DeletedAlertRulePayload = builder
  .objectRef<{ id: number }>('DeletedAlertRulePayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'Of the rule that is gone.' }) }) })
const ReadAlertsPayload = builder.objectRef<{ count: number }>('ReadAlertsPayload').implement({
  fields: (t) => ({ count: t.exposeInt('count', { description: 'How many were unread.' }) }),
})
const TestAlertRulePayload = builder.objectRef<Omit<DeliveryRow, 'id' | 'alertId'>>('TestAlertRulePayload').implement({
  fields: (t) => ({ delivery: t.field({ type: AlertDelivery, description: 'How the call went.', resolve: (delivery) => delivery }) }),
})

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  return {
    createAlertRule: t.field({
      type: NewAlertRulePayload,
      description: 'It judges what live runs have logged so far, and what they log from now on.',
      args: { input: t.arg({ type: CreateAlertRuleInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, createAlertRule, { ...input, condition: given(input.condition) }),
    }),
    updateAlertRule: t.field({
      type: AlertRulePayload,
      description: 'Changes it, pauses it or lets it watch again.',
      args: { input: t.arg({ type: UpdateAlertRuleInput, required: true }) },
      resolve: (_root, { input: { id, condition, ...input } }, ctx) =>
        call(ctx, updateAlertRule, { ...input, ruleId: id, condition: condition && given(condition) }),
    }),
    deleteAlertRule: t.field({
      type: DeletedAlertRulePayload,
      description: 'What it has found stays.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, deleteAlertRule, { ruleId: id }),
    }),
    testAlertRule: t.field({
      type: TestAlertRulePayload,
      description: 'Calls its URL now.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, testAlertRule, { ruleId: id }),
    }),
    readAlerts: t.field({
      type: ReadAlertsPayload,
      description: 'Marks alerts as read.',
      args: { ids: t.arg.idList({ description: 'At most 1 000. @default all that you may see' }) },
      resolve: (_root, { ids }, ctx) => call(ctx, readAlerts, { ids }),
    }),
  }
})

builder.subscriptionField('alertsChanged', (t) =>
  t.field({
    type: AlertConnection,
    description:
      'The newest alerts, at the start and whenever there is another, one was read, or a rule has changed. Twice a second at most.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: { first: t.arg.int({ defaultValue: 50, description: 'How many of the newest, at most 1 000.' }) },
    subscribe: (_root, { first }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['alerts', ctx.workspace.id]], signal, 500)) {
          yield await call(ctx, listAlerts, { first: first ?? 50 })
        }
      }),
    resolve: (page) => page,
  }),
)
