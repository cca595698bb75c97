/**
 * What webhooks say, in two dialects: MLflow's (`model_version.created`, a body of entity, action and data) and Databricks'
 * (`MODEL_VERSION_TRANSITIONED_STAGE`, a flat body whose `text` Slack shows as it is). A body is made once, in the transaction that it tells
 * of, and is the same at each attempt; what is signed of it differs.
 *
 * Sources: MLflow 3.17 `mlflow/webhooks/types.py` and `delivery.py`; Databricks, "Workspace Model Registry webhooks".
 */
import { createHmac } from 'node:crypto'
import type { ActivityKind } from '../registry/activity.ts'

export const dialects = ['MLFLOW', 'DATABRICKS'] as const
export type Dialect = (typeof dialects)[number]

/** Something that happened to a model, as its activity has it. */
export interface Told {
  kind: ActivityKind
  /** ms since 1970 */
  at: number
  modelId: number
  model: string
  isPrompt: boolean
  version: number | null
  actor: string
  from: string | null
  to: string | null
  comment: string
  data: Record<string, unknown>
}

const mlflowActions: Record<string, readonly string[]> = {
  registered_model: ['created'],
  model_version: ['created'],
  model_version_tag: ['set', 'deleted'],
  model_version_alias: ['created', 'deleted'],
  prompt: ['created'],
  prompt_version: ['created'],
  prompt_tag: ['set', 'deleted'],
  prompt_version_tag: ['set', 'deleted'],
  prompt_alias: ['created', 'deleted'],
}
const stages = ['STAGING', 'PRODUCTION', 'ARCHIVED']
const known: Record<Dialect, readonly string[]> = {
  MLFLOW: Object.entries(mlflowActions).flatMap(([entity, actions]) => actions.map((action) => `${entity}.${action}`)),
  DATABRICKS: [
    ...[
      'REGISTERED_MODEL_CREATED',
      'MODEL_VERSION_CREATED',
      'MODEL_VERSION_TAG_SET',
      'COMMENT_CREATED',
      'MODEL_VERSION_TRANSITIONED_STAGE',
    ],
    ...stages.map((stage) => `MODEL_VERSION_TRANSITIONED_TO_${stage}`),
    'TRANSITION_REQUEST_CREATED',
    ...stages.map((stage) => `TRANSITION_REQUEST_TO_${stage}_CREATED`),
  ],
}
export const eventsOf = (dialect: Dialect): readonly string[] => known[dialect]

const words = (data: Record<string, unknown>, key: string) => String(data[key] ?? '')
const tags = (data: Record<string, unknown>) => (data.tags ?? {}) as Record<string, string>

const promptText = 'mlflow.prompt.text'
/** Those by which MLflow knows a prompt, which it tells nobody of. */
const marks = ['mlflow.prompt.is_prompt', '_mlflow_prompt_type']
const without = (all: Record<string, string>, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key)))

/** What MLflow calls it, with the data that goes with it. */
function inMlflow({ kind, model: name, isPrompt, version, to, data }: Told): { event: string; data: object } | undefined {
  const entity = (ofModel: string, ofPrompt: string) => (isPrompt ? ofPrompt : ofModel)
  const of = { name, version: String(version) }
  switch (kind) {
    case 'MODEL_CREATED':
      return {
        event: `${entity('registered_model', 'prompt')}.created`,
        // Text even where there is none; of a version it is then null.
        data: { name, tags: isPrompt ? without(tags(data), marks) : tags(data), description: data.description ?? '' },
      }
    case 'VERSION_CREATED':
      return {
        event: `${entity('model_version', 'prompt_version')}.created`,
        data: isPrompt
          ? {
              ...{ ...of, template: tags(data)[promptText] ?? null, tags: without(tags(data), [...marks, promptText]) },
              description: data.description || null,
            }
          : { ...of, source: words(data, 'source'), run_id: data.run || null, tags: tags(data), description: data.description || null },
      }
    case 'VERSION_TAG_SET':
      return {
        event: `${entity('model_version_tag', 'prompt_version_tag')}.set`,
        data: { ...of, key: words(data, 'key'), value: to ?? '' },
      }
    case 'VERSION_TAG_DELETED':
      return { event: `${entity('model_version_tag', 'prompt_version_tag')}.deleted`, data: { ...of, key: words(data, 'key') } }
    case 'MODEL_TAG_SET':
      return isPrompt ? { event: 'prompt_tag.set', data: { name, key: words(data, 'key'), value: to ?? '' } } : undefined
    case 'MODEL_TAG_DELETED':
      return isPrompt ? { event: 'prompt_tag.deleted', data: { name, key: words(data, 'key') } } : undefined
    case 'ALIAS_SET':
      return {
        event: `${entity('model_version_alias', 'prompt_alias')}.created`,
        data: { name, alias: words(data, 'alias'), version: of.version },
      }
    case 'ALIAS_DELETED':
      return { event: `${entity('model_version_alias', 'prompt_alias')}.deleted`, data: { name, alias: words(data, 'alias') } }
    default:
      return undefined
  }
}

/** What Databricks calls it; a move has a name of its own by where it leads. Prompts are none of it. */
function inDatabricks({
  kind,
  model,
  isPrompt,
  version,
  actor,
  from,
  to,
  comment,
  data,
}: Told): { events: string[]; data: object } | undefined {
  if (isPrompt) return undefined
  const about = `version ${version} of ${model}`
  const moved = { version: String(version), from_stage: from, to_stage: to }
  const into = stages.find((stage) => stage === to?.toUpperCase())
  switch (kind) {
    case 'MODEL_CREATED':
      return { events: ['REGISTERED_MODEL_CREATED'], data: { text: `${actor} registered the model ${model}.` } }
    case 'VERSION_CREATED':
      return { events: ['MODEL_VERSION_CREATED'], data: { version: moved.version, text: `${actor} registered ${about}.` } }
    case 'VERSION_TAG_SET': {
      const set = [{ key: words(data, 'key'), value: to ?? '' }]
      return {
        events: ['MODEL_VERSION_TAG_SET'],
        data: { version: moved.version, tags: set, text: `${actor} set the tag ${set[0]!.key} of ${about} to '${set[0]!.value}'.` },
      }
    }
    case 'STAGE_CHANGED':
    case 'STAGE_CHANGED_ALONG':
      return {
        events: ['MODEL_VERSION_TRANSITIONED_STAGE', ...(into ? [`MODEL_VERSION_TRANSITIONED_TO_${into}`] : [])],
        data: { ...moved, ...(comment && { comment }), text: `${actor} moved ${about} from ${from} to ${to}.` },
      }
    case 'TRANSITION_REQUESTED':
      return {
        events: ['TRANSITION_REQUEST_CREATED', ...(into ? [`TRANSITION_REQUEST_TO_${into}_CREATED`] : [])],
        data: { ...moved, ...(comment && { comment }), text: `${actor} asked to move ${about} from ${from} to ${to}.` },
      }
    case 'COMMENT_ADDED':
      // On the model as a whole: Databricks has no such thing, and no version is named.
      if (version === null)
        return { events: ['COMMENT_CREATED'], data: { comment, text: `${actor} said of the model ${model}: ${comment}` } }
      return { events: ['COMMENT_CREATED'], data: { version: moved.version, comment, text: `${actor} said of ${about}: ${comment}` } }
    default:
      return undefined
  }
}

export interface Hook {
  uuid: string
  dialect: string
  events: readonly string[]
}

/** What one is to be told, if anything: the narrowest of its events that fits. */
export function wordFor(hook: Hook, workspace: string, told: Told): { event: string; body: string } | undefined {
  if (hook.dialect === 'MLFLOW') {
    const said = inMlflow(told)
    if (!said || !hook.events.includes(said.event)) return undefined
    const [entity, action] = said.event.split('.')
    return {
      event: said.event,
      body: JSON.stringify({ entity, action, timestamp: new Date(told.at).toISOString(), data: said.data, workspace }),
    }
  }
  const said = inDatabricks(told)
  const event = said?.events.findLast((each) => hook.events.includes(each))
  if (!said || event === undefined) return undefined
  const body = { event, webhook_id: hook.uuid, event_timestamp: told.at, model_name: told.model, ...said.data }
  return { event, body: JSON.stringify(body) }
}

/** What a test says: such an event of a model that there is not. */
export function exampleFor(hook: Hook, workspace: string, event: string): { event: string; body: string } {
  const isPrompt = /^prompt/.test(event)
  const ofVersion = /version\.created$/.test(event)
  const told: Omit<Told, 'kind'> = {
    ...{ at: Date.now(), modelId: 0, model: isPrompt ? 'example_prompt' : 'example_model', isPrompt, version: 1, actor: 'somebody' },
    ...{ from: 'None', to: 'example_value', comment: 'An example' },
    data: {
      key: 'example_key',
      alias: 'example_alias',
      source: 'models:/123',
      run: 'abcd1234abcd5678',
      tags: { example_key: 'example_value', ...(isPrompt && ofVersion && { [promptText]: 'Hello {{name}}!' }) },
      description: `An example ${isPrompt ? 'prompt' : ofVersion ? 'model' : 'registered model'}${ofVersion ? ' version' : ''}`,
    },
  }
  const stage = /TO_(STAGING|PRODUCTION|ARCHIVED)/.exec(event)?.[1]
  const to = stage ? stage[0] + stage.slice(1).toLowerCase() : 'Staging'
  const kinds: ReadonlyArray<[RegExp, ActivityKind]> = [
    [/^(registered_model|prompt)\.created$|^REGISTERED_MODEL_CREATED$/, 'MODEL_CREATED'],
    [/_version\.created$|^MODEL_VERSION_CREATED$/, 'VERSION_CREATED'],
    [/_version_tag\.set$|^MODEL_VERSION_TAG_SET$/, 'VERSION_TAG_SET'],
    [/_version_tag\.deleted$/, 'VERSION_TAG_DELETED'],
    [/^prompt_tag\.set$/, 'MODEL_TAG_SET'],
    [/^prompt_tag\.deleted$/, 'MODEL_TAG_DELETED'],
    [/_alias\.created$/, 'ALIAS_SET'],
    [/_alias\.deleted$/, 'ALIAS_DELETED'],
    [/TRANSITIONED/, 'STAGE_CHANGED'],
    [/TRANSITION_REQUEST/, 'TRANSITION_REQUESTED'],
    [/COMMENT/, 'COMMENT_ADDED'],
  ]
  const kind = kinds.find(([pattern]) => pattern.test(event))![1]
  return wordFor({ ...hook, events: [event] }, workspace, { ...told, kind, ...(/TRANSITION/.test(event) && { to }) })!
}

/** `v1,` and base64: how MLflow signs. `timestamp`: seconds since 1970, as text. */
export const signMlflow = (secret: string, { id, timestamp, body }: { id: string; timestamp: string; body: string }): string =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`

export interface Call {
  url: string
  headers: Record<string, string>
  body: string
}

/** The call by which a word is brought. `now`: ms since 1970. */
export function callOf(
  hook: { dialect: string; url: string; jobId: string | null },
  { uuid, body }: { uuid: string; body: string },
  { secret, authorization }: { secret: string | null; authorization: string | null },
  now: number,
): Call {
  const json = { 'content-type': 'application/json', 'user-agent': 'Tidegate' }
  if (hook.jobId !== null) {
    // The kinds of task each read another of these; which the job has is not known here.
    const message = { event_message: body }
    const run = {
      job_id: Number(hook.jobId),
      notebook_params: message,
      python_named_params: message,
      python_params: [body],
      jar_params: [body],
      spark_submit_params: [body],
      idempotency_token: uuid.slice(0, 64),
    }
    return {
      url: `${hook.url.replace(/\/+$/, '')}/api/2.1/jobs/run-now`,
      headers: { ...json, authorization: `Bearer ${authorization}` },
      body: JSON.stringify(run),
    }
  }
  const bearing = { ...json, ...(authorization && { authorization }) }
  const timestamp = String(Math.floor(now / 1000))
  if (hook.dialect === 'DATABRICKS')
    return {
      url: hook.url,
      // Databricks sends no id: a receiver that wants to know what comes twice finds it here.
      headers: {
        ...bearing,
        'x-mlflow-delivery-id': uuid,
        ...(secret && { 'x-databricks-signature': createHmac('sha256', secret).update(body).digest('hex') }),
      },
      body,
    }
  return {
    url: hook.url,
    headers: {
      ...bearing,
      'x-mlflow-delivery-id': uuid,
      'x-mlflow-timestamp': timestamp,
      ...(secret && { 'x-mlflow-signature': signMlflow(secret, { id: uuid, timestamp, body }) }),
    },
    body,
  }
}
