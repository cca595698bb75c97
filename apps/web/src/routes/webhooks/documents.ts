/** What the page of webhooks asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

const HookFields = graphql(`
  fragment HookFields on Webhook {
    id dialect model name description events url jobId isSigned isAuthorized status notice failingSince createdBy createdAt
    deliveries(first: 20) {
      nodes { id event body state attempts createdAt attemptedAt nextAt status answer error ms }
    }
  }
`)
export type Hook = ResultOf<typeof HookFields>
export type Delivery = Hook['deliveries']['nodes'][number]
export type Dialect = Hook['dialect']

export const HookList = graphql(`query HookList { webhooks(first: 100) { nodes { ...HookFields } } }`, [HookFields])
export const HooksChanged = graphql(`subscription HooksChanged { webhooksChanged { nodes { id } } }`)
export const HookChoices = graphql(`
  query HookChoices {
    mlflow: webhookEvents(dialect: MLFLOW)
    databricks: webhookEvents(dialect: DATABRICKS)
    registeredModels(first: 200) { nodes { name } }
  }
`)
export const CreateHook = graphql(`
  mutation CreateHook($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }
`)
export const UpdateHook = graphql(`
  mutation UpdateHook($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { id } } }
`)
export const DeleteHook = graphql(`mutation DeleteHook($id: ID!) { deleteWebhook(id: $id) { id } }`)
export const TestHook = graphql(`
  mutation TestHook($id: ID!) { testWebhook(id: $id) { ok status error ms } }
`)
export const Redeliver = graphql(`
  mutation Redeliver($id: ID!, $delivery: ID!) { redeliver(id: $id, delivery: $delivery) { delivery { id } } }
`)
