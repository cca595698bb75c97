/** Webhooks in GraphQL. */
import type { WebhookDelivery as DeliveryRow } from '@tidegate/db'
import { builder, PageInfo } from '../builder.ts'
import { checkSignedIn } from '../context.ts'
import { call } from '../operation.ts'
import { live } from '../subscription.ts'
import { type Dialect, eventsOf } from './dialects.ts'
import type { Outcome } from './outbox.ts'
import {
  createWebhook,
  type DeliveryPage,
  deleteWebhook,
  getWebhook,
  type Hook,
  type HookPage,
  listDeliveries,
  listWebhooks,
  redeliver,
  testWebhook,
  updateWebhook,
} from './webhooks.ts'

const WebhookDialect = builder.enumType('WebhookDialect', {
  description: 'Whose words a webhook speaks: its events, bodies and signatures.',
  values: {
    MLFLOW: { description: 'Such as model_version.created; signed in X-MLflow-Signature.' },
    DATABRICKS: { description: 'Such as MODEL_VERSION_TRANSITIONED_STAGE; signed in X-Databricks-Signature. Slack shows its text.' },
  } satisfies Record<Dialect, { description: string }>,
})
const WebhookStatus = builder.enumType('WebhookStatus', {
  description: 'Whether a webhook calls.',
  values: {
    ACTIVE: { description: 'It does.' },
    DISABLED: { description: 'It does not: what it was to say is given up.' },
    TEST_MODE: { description: 'When it is tested only.' },
  },
})
const DeliveryState = builder.enumType('DeliveryState', {
  description: 'What became of a delivery.',
  values: {
    PENDING: { description: 'It is still to arrive; it is tried for a day, at longer and longer distances.' },
    DELIVERED: { description: 'The receiver has answered with a 2xx.' },
    FAILED: { description: 'Given up: the receiver does not take it, or was away for a day.' },
  },
})

const when = (ms: bigint | null) => (ms === null ? null : Number(ms))

const WebhookDelivery = builder.objectRef<DeliveryRow>('WebhookDelivery').implement({
  description: 'Something that a webhook was to say.',
  fields: (t) => ({
    id: t.id({ description: 'The receiver finds it in X-MLflow-Delivery-Id: what comes twice has it twice.', resolve: ({ uuid }) => uuid }),
    event: t.exposeString('event', { description: 'Which.' }),
    body: t.exposeString('body', { description: 'What is said: JSON.' }),
    state: t.field({ type: DeliveryState, description: 'What became of it.', resolve: ({ state }) => state as 'PENDING' }),
    attempts: t.exposeInt('attempts', { description: 'How often it was tried.' }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it happened.', resolve: ({ createdAt }) => Number(createdAt) }),
    attemptedAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When it was last tried.',
      resolve: ({ attemptedAt }) => when(attemptedAt),
    }),
    nextAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When it is tried next, where it is still to arrive.',
      resolve: ({ state, nextAt }) => (state === 'PENDING' ? Number(nextAt) : null),
    }),
    status: t.exposeInt('status', { nullable: true, description: 'Of the last attempt: the answer’s HTTP status.' }),
    answer: t.exposeString('answer', { nullable: true, description: 'How the answer begins: 2 000 characters at most.' }),
    error: t.exposeString('error', { nullable: true, description: 'Why there was no answer, or no attempt.' }),
    ms: t.exposeInt('ms', { nullable: true, description: 'How long it took, ms.' }),
  }),
})
const DeliveryConnection = builder.objectRef<DeliveryPage>('WebhookDeliveryConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [WebhookDelivery], complexity: { multiplier: 1 }, resolve: ({ deliveries }) => deliveries }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

const Webhook = builder.objectRef<Hook>('Webhook').implement({
  description: 'Calls a URL when something happens to registered models. Its secrets are read back by nobody.',
  fields: (t) => ({
    id: t.id({ description: 'What MLflow’s and Databricks’ clients know it by.', resolve: ({ uuid }) => uuid }),
    dialect: t.field({ type: WebhookDialect, description: 'Whose words it speaks.', resolve: ({ dialect }) => dialect as Dialect }),
    model: t.exposeString('model', { nullable: true, description: 'The name of the one model that it is of. Null: all of the workspace.' }),
    name: t.exposeString('name', { description: "What it is called; '' where it has no name." }),
    description: t.exposeString('description', { description: 'What it is for.' }),
    events: t.exposeStringList('events', { description: 'What it says.' }),
    url: t.exposeString('url', { description: 'Where it calls; of a job, the workspace that runs it.' }),
    jobId: t.exposeString('jobId', { nullable: true, description: 'The Databricks job that it starts, in place of a call.' }),
    isSigned: t.boolean({ description: 'It has a secret.', resolve: ({ secret }) => secret !== null }),
    isAuthorized: t.boolean({
      description: 'It sends an Authorization of its own.',
      resolve: ({ authorization }) => authorization !== null,
    }),
    status: t.field({ type: WebhookStatus, description: 'Whether it calls.', resolve: ({ status }) => status as 'ACTIVE' }),
    notice: t.exposeString('notice', { nullable: true, description: 'Why it is off, where nobody turned it off.' }),
    failingSince: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Since when nothing has arrived. After three days it is turned off.',
      resolve: ({ failingSince }) => when(failingSince),
    }),
    createdBy: t.exposeString('createdBy', { description: 'Who made it.' }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was made.', resolve: ({ createdAt }) => Number(createdAt) }),
    updatedAt: t.field({ type: 'Timestamp', description: 'When it last changed.', resolve: ({ updatedAt }) => Number(updatedAt) }),
    deliveries: t.field({
      type: DeliveryConnection,
      description: 'What it was to say, the newest first; kept for 30 days.',
      args: {
        state: t.arg({ type: DeliveryState, description: 'Only those.' }),
        first: t.arg.int({ defaultValue: 50, description: 'At most; 500 at most.' }),
        after: t.arg.string({ description: 'The `endCursor` of the page before.' }),
      },
      complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
      resolve: ({ uuid }, { state, first, after }, ctx) => call(ctx, listDeliveries, { id: uuid, state, first: first ?? 50, after }),
    }),
  }),
})
const WebhookConnection = builder.objectRef<HookPage>('WebhookConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Webhook], complexity: { multiplier: 1 }, resolve: ({ hooks }) => hooks }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})
const WebhookTest = builder.objectRef<Outcome & { isOk: boolean }>('WebhookTest').implement({
  description: 'What became of a test.',
  fields: (t) => ({
    ok: t.boolean({ description: 'The receiver has answered with a 2xx.', resolve: ({ isOk }) => isOk }),
    status: t.exposeInt('status', { nullable: true, description: 'The answer’s HTTP status.' }),
    answer: t.exposeString('answer', { nullable: true, description: 'How the answer begins: 2 000 characters at most.' }),
    error: t.exposeString('error', { nullable: true, description: 'Why there was no answer.' }),
    ms: t.exposeInt('ms', { description: 'How long it took, ms.' }),
  }),
})

const WebhookPayload = builder
  .objectRef<Hook>('WebhookPayload')
  .implement({ fields: (t) => ({ webhook: t.field({ type: Webhook, resolve: (it) => it }) }) })
const DeleteWebhookPayload = builder
  .objectRef<{ id: string }>('DeleteWebhookPayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'The webhook that is gone.' }) }) })
const RedeliverPayload = builder
  .objectRef<DeliveryRow>('RedeliverPayload')
  .implement({ fields: (t) => ({ delivery: t.field({ type: WebhookDelivery, resolve: (it) => it }) }) })

const changes = {
  secret: 'What its calls are signed with. Read back by nobody; an empty text takes it away.',
  authorization: 'Sent as the header Authorization; of a job, the token that may start it. An empty text takes it away.',
}
const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  fields: (t) => ({
    dialect: t.field({ type: WebhookDialect, required: true, description: 'Whose words it speaks.' }),
    model: t.string({ description: 'The name of one model. @default all of the workspace' }),
    name: t.string({ description: 'Letters, digits, dots, underscores and hyphens; 63 at most. MLflow’s have to have one.' }),
    description: t.string({ description: 'What it is for.' }),
    events: t.stringList({ required: true, description: 'What it says: of `webhookEvents`.' }),
    url: t.string({ required: true, description: 'https://, on the public internet, or at a host that the operator has named.' }),
    jobId: t.string({ description: 'A Databricks job to start, in place of a call. Then `url` is the workspace that runs it.' }),
    secret: t.string({ description: changes.secret }),
    authorization: t.string({ description: changes.authorization }),
    status: t.field({ type: WebhookStatus, description: 'Whether it calls. @default ACTIVE' }),
  }),
})
const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  description: 'What is left out stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which.' }),
    name: t.string({ description: 'What it is called.' }),
    description: t.string({ description: 'What it is for.' }),
    events: t.stringList({ description: 'What it says: of `webhookEvents`.' }),
    url: t.string({ description: 'Where it calls. At another host it takes `authorization` anew.' }),
    jobId: t.string({ description: 'The Databricks job that it starts.' }),
    secret: t.string({ description: changes.secret }),
    authorization: t.string({ description: changes.authorization }),
    status: t.field({ type: WebhookStatus, description: 'Whether it calls.' }),
  }),
})

builder.queryFields((t) => ({
  webhooks: t.field({
    type: WebhookConnection,
    description: 'The newest first: of one model, or all of the workspace. For who manages it.',
    args: {
      model: t.arg.string({ description: 'The name of a model. @default all' }),
      first: t.arg.int({ defaultValue: 100, description: 'At most; 1 000 at most.' }),
      after: t.arg.string({ description: 'The `endCursor` of the page before.' }),
    },
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 100 }),
    resolve: (_root, { model, first, after }, ctx) => call(ctx, listWebhooks, { model, maxResults: first ?? 100, pageToken: after }),
  }),
  webhook: t.field({
    type: Webhook,
    description: 'One. For who manages it.',
    args: { id: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: (_root, { id }, ctx) => call(ctx, getWebhook, { id }),
  }),
  webhookEvents: t.stringList({
    description: 'All that webhooks of a dialect can say.',
    args: { dialect: t.arg({ type: WebhookDialect, required: true, description: 'Whose words.' }) },
    resolve(_root, { dialect }, ctx) {
      checkSignedIn(ctx)
      return [...eventsOf(dialect)]
    },
  }),
}))

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: WebhookPayload,
    description: 'Makes a webhook. It is told of what happens from then on.',
    args: { input: t.arg({ type: CreateWebhookInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, createWebhook, input),
  }),
  updateWebhook: t.field({
    type: WebhookPayload,
    description: 'Changes a webhook.',
    args: { input: t.arg({ type: UpdateWebhookInput, required: true }) },
    resolve: (_root, { input }, ctx) => call(ctx, updateWebhook, input),
  }),
  deleteWebhook: t.field({
    type: DeleteWebhookPayload,
    description: 'Takes a webhook away, with what it still was to say.',
    args: { id: t.arg.id({ required: true, description: 'Which.' }) },
    async resolve(_root, { id }, ctx) {
      await call(ctx, deleteWebhook, { id })
      return { id }
    },
  }),
  testWebhook: t.field({
    type: WebhookTest,
    description: 'Says an example of an event now, whatever its status, and answers what became of it.',
    args: {
      id: t.arg.id({ required: true, description: 'Which.' }),
      event: t.arg.string({ description: 'Of which event. @default the first that it says' }),
    },
    resolve: (_root, args, ctx) => call(ctx, testWebhook, args),
  }),
  redeliver: t.field({
    type: RedeliverPayload,
    description: 'Says the same again, with the id that it had.',
    args: {
      id: t.arg.id({ required: true, description: 'The webhook.' }),
      delivery: t.arg.id({ required: true, description: 'The delivery.' }),
    },
    resolve: (_root, args, ctx) => call(ctx, redeliver, args),
  }),
}))

builder.subscriptionField('webhooksChanged', (t) =>
  t.field({
    type: WebhookConnection,
    description: 'The newest hundred of the workspace, at the start and whenever one has changed or was heard. Once a second at most.',
    subscribe: (_root, _args, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['webhooks', ctx.workspace.id]], signal, 1_000)) yield await call(ctx, listWebhooks, {})
      }),
    resolve: (event) => event,
  }),
)
