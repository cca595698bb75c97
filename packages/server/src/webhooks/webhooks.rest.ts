/**
 * Webhooks on the wire, in two dialects: MLflow's (`webhooks`, by entity and action) and that of Databricks' workspace registry
 * (`registry-webhooks`, by event). Each sees those that were made in its words.
 */
import { invalid } from '../errors.ts'
import { call } from '../operation.ts'
import { get, patch, post, type Route, remove, type Wire } from '../rest.ts'
import { createWebhook, deleteWebhook, getWebhook, type Hook, listWebhooks, testWebhook, updateWebhook } from './webhooks.ts'

/** `{entity: MODEL_VERSION, action: CREATED}` as `model_version.created`. */
function eventIn(event: unknown): string {
  const { entity, action } = (typeof event === 'object' && event ? event : {}) as Wire
  if (typeof entity !== 'string' || typeof action !== 'string') throw invalid("An event has an 'entity' and an 'action'.", 'events')
  return `${entity}.${action}`.toLowerCase()
}
function eventsIn(events: unknown): string[] | undefined {
  if (events === undefined) return undefined
  if (!Array.isArray(events)) throw invalid("'events' has to be a list.", 'events')
  return events.map(eventIn)
}
function eventOut(event: string) {
  const [entity, action] = event.toUpperCase().split('.')
  return { entity, action }
}

const mlflow = (it: Hook) => ({
  webhook_id: it.uuid,
  name: it.name,
  ...(it.description && { description: it.description }),
  url: it.url,
  events: it.events.map(eventOut),
  status: it.status === 'ACTIVE' ? 'ACTIVE' : 'DISABLED',
  creation_timestamp: Number(it.createdAt),
  last_updated_timestamp: Number(it.updatedAt),
})
const one = (it: Hook) => ({ webhook: mlflow(it) })
/** Proto3: an empty text is one that was left out, and so is a number that is 0. */
const said = (value: unknown) => (value === '' ? undefined : value)
const saidNumber = (value: unknown) => (value === undefined ? undefined : Number(value) || undefined)

const mlflowRoutes: Route[] = [
  post('webhooks', createWebhook, {
    in: ({ events, status, secret, ...it }) => ({
      ...{ dialect: 'MLFLOW', name: it.name, url: it.url ?? '', description: said(it.description), events: eventsIn(events) },
      ...{ secret: said(secret), status: said(status) },
    }),
    out: one,
  }),
  get('webhooks', listWebhooks, {
    in: ({ max_results, page_token }) => ({
      dialect: 'MLFLOW',
      maxResults: saidNumber(max_results),
      pageToken: said(page_token),
    }),
    out: ({ hooks, nextPageToken }) => ({ webhooks: hooks.map(mlflow), ...(nextPageToken && { next_page_token: nextPageToken }) }),
  }),
  get('webhooks/{webhook_id}', getWebhook, { in: ({ webhook_id }) => ({ id: webhook_id }), out: one }),
  patch('webhooks/{webhook_id}', updateWebhook, {
    in: ({ webhook_id, events, name, url, description, secret, status }) => {
      const changed = eventsIn(events)
      return {
        ...{ id: webhook_id, name: said(name), url: said(url), description, secret, status },
        events: changed?.length ? changed : undefined,
      }
    },
    out: one,
  }),
  remove('webhooks/{webhook_id}', deleteWebhook, { in: ({ webhook_id }) => ({ id: webhook_id }) }),
  post('webhooks/{webhook_id}/test', testWebhook, {
    in: ({ webhook_id, event }) => ({ id: webhook_id, event: event === undefined ? undefined : eventIn(event) }),
    out: ({ status, answer, error }) => ({
      result: {
        success: status !== null && status < 400,
        ...(status !== null && { response_status: status, response_body: answer ?? '' }),
        ...(error !== null && { error_message: `Failed to test webhook: ${error}` }),
      },
    }),
  }),
]

const databricks = (it: Hook) => ({
  id: it.uuid,
  ...(it.model !== null && { model_name: it.model }),
  events: it.events,
  description: it.description,
  status: it.status,
  creation_timestamp: Number(it.createdAt),
  last_updated_timestamp: Number(it.updatedAt),
  ...(it.jobId === null
    ? { http_url_spec: { url: it.url, enable_ssl_verification: true } }
    : { job_spec: { job_id: it.jobId, workspace_url: it.url } }),
})
const oneOfDatabricks = (it: Hook) => ({ webhook: databricks(it) })

/** Where it calls: a URL, or a job. Both at once is none. */
function whereIn({ http_url_spec, job_spec }: Wire): Wire {
  if (http_url_spec !== undefined && job_spec !== undefined)
    throw invalid("Give 'http_url_spec' or 'job_spec': one of them.", 'http_url_spec')
  const http = http_url_spec as Wire | undefined
  if (http) {
    if (http.enable_ssl_verification === false)
      throw invalid("Certificates are always verified: leave out 'enable_ssl_verification'.", 'http_url_spec')
    return { url: http.url, secret: http.secret, authorization: http.authorization }
  }
  const job = job_spec as Wire | undefined
  if (!job) return {}
  if (!job.workspace_url) throw invalid("This server is no workspace that runs jobs: give 'workspace_url'.", 'job_spec')
  return { url: job.workspace_url, jobId: job.job_id === undefined ? undefined : String(job.job_id), authorization: job.access_token }
}
/** MLflow's clients of old send one as a text, the query has each by itself. */
const listIn = (events: unknown) => (events === undefined ? undefined : [events].flat())

const databricksRoutes: Route[] = [
  post('registry-webhooks/create', createWebhook, {
    in: (it) => {
      const where = whereIn(it)
      if (where.url === undefined) throw invalid("Give 'http_url_spec' or 'job_spec': where it is to call.", 'http_url_spec')
      return {
        dialect: 'DATABRICKS',
        model: said(it.model_name),
        description: it.description,
        status: it.status,
        events: listIn(it.events) ?? [],
        ...where,
      }
    },
    out: oneOfDatabricks,
  }),
  get('registry-webhooks/list', listWebhooks, {
    in: ({ model_name, events, max_results, page_token }) => ({
      dialect: 'DATABRICKS',
      model: said(model_name),
      events: listIn(events),
      maxResults: max_results === undefined ? undefined : Number(max_results),
      pageToken: said(page_token),
    }),
    out: ({ hooks, nextPageToken }) => ({ webhooks: hooks.map(databricks), ...(nextPageToken && { next_page_token: nextPageToken }) }),
  }),
  patch('registry-webhooks/update', updateWebhook, {
    in: (it) => ({ id: it.id, description: it.description, status: it.status, events: listIn(it.events), ...whereIn(it) }),
    out: oneOfDatabricks,
  }),
  // Its clients name the webhook in the query, the docs' example in a body.
  remove('registry-webhooks/delete', deleteWebhook),
  {
    ...post('registry-webhooks/test', testWebhook),
    async handle(ctx, { id, event }) {
      const { status, answer, error } = await call(ctx, testWebhook, { id, event })
      const result = { status_code: status ?? 0, status: status ?? 0, body: answer ?? error ?? '' }
      return { ...result, webhook: result }
    },
  },
]

export default [...mlflowRoutes, ...databricksRoutes]
