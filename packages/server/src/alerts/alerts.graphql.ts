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
  values: {
    NOT_FINITE: { value: 'not-finite', description: 'A point is NaN or infinite.' },
    THRESHOLD: { value: 'threshold', description: 'The value is past a limit.' },
    PLATEAU: { value: 'plateau', description: 'The best value has not become better for some steps.' },
    SILENCE: { value: 'silence', description: 'A live run has sent no point for some time.' },
  } as const,
})
const Comparator = builder.enumType('AlertComparator', {
  values: { GT: { value: '>' }, GTE: { value: '>=' }, LT: { value: '<' }, LTE: { value: '<=' } } as const,
})
const Goal = builder.enumType('AlertGoal', { values: ['MIN', 'MAX'] as const })

const ConditionInput = builder.inputType('AlertConditionInput', {
  description: 'Of the fields beside `kind`, those of that kind are read.',
  fields: (t) => ({
    kind: t.field({ type: AlertKind, required: true }),
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
    kind: t.field({ type: AlertKind, resolve: (it) => it.kind }),
    comparator: t.field({ type: Comparator, nullable: true, resolve: (it) => of(it, 'comparator') }),
    limit: t.float({ nullable: true, resolve: (it) => of(it, 'limit') }),
    points: t.int({ nullable: true, resolve: (it) => of(it, 'points') }),
    goal: t.field({ type: Goal, nullable: true, resolve: (it) => of(it, 'goal') }),
    delta: t.float({ nullable: true, resolve: (it) => of(it, 'delta') }),
    steps: t.field({ type: 'Long', nullable: true, resolve: (it) => of(it, 'steps') }),
    after: t.field({ type: 'Long', nullable: true, description: 'ms', resolve: (it) => of(it, 'after') }),
  }),
})

const AlertRule = builder.prismaObject('AlertRule', {
  description: 'A rule on a metric of the live runs of an experiment.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    metric: t.exposeString('metric', { nullable: true, description: 'Null: any metric.' }),
    condition: t.field({ type: AlertCondition, resolve: (rule) => rule.condition as Condition }),
    sentence: t.string({
      description: 'The condition in words: "loss is NaN or infinite".',
      resolve: (rule) => sentence(rule.condition as Condition, rule.metric),
    }),
    experiment: t.relation('experiment'),
    url: t.exposeString('url', { nullable: true, description: 'Called when it fires. Null: it is told in the pages only.' }),
    enabled: t.exposeBoolean('enabled'),
    createdBy: t.exposeString('createdBy'),
    createdAt: t.expose('createdAt', { type: 'Timestamp' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp' }),
  }),
})

const AlertDelivery = builder.objectRef<Omit<DeliveryRow, 'id' | 'alertId'>>('AlertDelivery').implement({
  description: 'An attempt to call a rule’s URL. It is tried ten times, at longer and longer distances.',
  fields: (t) => ({
    sentAt: t.expose('sentAt', { type: 'Timestamp' }),
    status: t.exposeInt('status', { nullable: true, description: 'The HTTP status of the answer; null where there was none.' }),
    error: t.exposeString('error', { nullable: true, description: 'Why there was no answer.' }),
    ms: t.exposeInt('ms', { description: 'How long it took, ms.' }),
  }),
})

const Alert = builder.objectRef<AlertWithDeliveries>('Alert').implement({
  description: 'What a rule has found in a run.',
  fields: (t) => ({
    id: t.exposeID('id'),
    rule: t.exposeString('ruleName', { description: 'The name of the rule, as it was then.' }),
    ruleId: t.id({ nullable: true, description: 'Null when the rule was deleted.', resolve: (alert) => alert.ruleId }),
    metric: t.exposeString('metric', { nullable: true }),
    step: t.expose('step', { type: 'Long', nullable: true }),
    value: t.field({ type: 'Real', nullable: true, resolve: ({ value }) => (value === null ? null : Number(value)) }),
    message: t.exposeString('message', { description: 'Such as "loss is NaN at step 120".' }),
    firedAt: t.expose('firedAt', { type: 'Timestamp' }),
    readAt: t.expose('readAt', { type: 'Timestamp', nullable: true, description: 'Null while nobody has marked it as read.' }),
    deliveries: t.field({ type: [AlertDelivery], complexity: { multiplier: 1 }, resolve: (alert) => alert.deliveries }),
    run: t.field({ type: Run, nullable: true, resolve: async ({ runId }, _, ctx) => (await readRuns(ctx.db, [runId]))[0] ?? null }),
    experiment: t.field({
      type: Experiment,
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
    args: { experiment: t.arg.id() },
    resolve: (_root, { experiment }, ctx) => call(ctx, listAlertRules, { experimentId: experiment }),
  }),
  alerts: t.field({
    type: AlertConnection,
    description: 'What rules have found in the experiments that you may read, newest first.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      experiment: t.arg.id(),
      run: t.arg.id(),
      unreadOnly: t.arg.boolean({ defaultValue: false }),
      first: t.arg.int({ defaultValue: 50, description: 'At most 1 000.' }),
      after: t.arg.string(),
    },
    resolve: (_root, { experiment, run, unreadOnly, first, after }, ctx) =>
      call(ctx, listAlerts, { experimentId: experiment, runId: run, unreadOnly: unreadOnly ?? false, first: first ?? 50, after }),
  }),
}))

const CreateAlertRuleInput = builder.inputType('CreateAlertRuleInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true }),
    name: t.string({ required: true }),
    metric: t.string({ description: 'THRESHOLD and PLATEAU want one. @default any metric' }),
    condition: t.field({ type: ConditionInput, required: true }),
    url: t.string({
      description: 'Called with POST when it fires. It must lead to the public internet, or to a host that the operator has named.',
    }),
  }),
})
const UpdateAlertRuleInput = builder.inputType('UpdateAlertRuleInput', {
  description: 'What is not given stays.',
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    metric: t.string(),
    condition: t.field({ type: ConditionInput }),
    url: t.string({ description: 'Empty: none.' }),
    enabled: t.boolean(),
  }),
})

const AlertRulePayload = builder
  .objectRef<RuleRow>('AlertRulePayload')
  .implement({ fields: (t) => ({ rule: t.field({ type: AlertRule, resolve: (rule) => rule }) }) })

const NewAlertRulePayload = builder.objectRef<RuleRow>('NewAlertRulePayload').implement({
  fields: (t) => ({
    rule: t.field({ type: AlertRule, resolve: (rule) => rule }),
    secret: t.exposeString('secret', {
      description:
        'What calls of its URL are signed with; it is not shown again. X-Tidegate-Signature is "v1," and the base64 HMAC-SHA256 of "<X-Tidegate-Delivery-Id>.<X-Tidegate-Timestamp>.<body>".',
    }),
  }),
})
const DeletedAlertRulePayload = builder
  .objectRef<{ id: number }>('DeletedAlertRulePayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id') }) })
const ReadAlertsPayload = builder.objectRef<{ count: number }>('ReadAlertsPayload').implement({
  fields: (t) => ({ count: t.exposeInt('count', { description: 'How many were unread.' }) }),
})
const TestAlertRulePayload = builder.objectRef<Omit<DeliveryRow, 'id' | 'alertId'>>('TestAlertRulePayload').implement({
  fields: (t) => ({ delivery: t.field({ type: AlertDelivery, resolve: (delivery) => delivery }) }),
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
    args: { first: t.arg.int({ defaultValue: 50 }) },
    subscribe: (_root, { first }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['alerts', ctx.workspace.id]], signal, 500)) {
          yield await call(ctx, listAlerts, { first: first ?? 50 })
        }
      }),
    resolve: (page) => page,
  }),
)
