/**
 * What to send to an operation or a field, found out from its own declaration: ids by the names of their fields, and of the rest the least that
 * is taken. Who adds an operation need say nothing here, unless its input can't be guessed (`samples`).
 */
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Ids } from './ids.ts'

type Json = any

/** Which id a field of this name wants, of those that mean the same everywhere. */
const wants: Record<string, keyof Ids> = {
  experiment: 'experiment',
  experimentId: 'experiment',
  experimentIds: 'experiment',
  experiments: 'experiment',
  experimentName: 'experimentName',
  run: 'run',
  runId: 'run',
  runIds: 'run',
  runs: 'run',
  sourceRunId: 'run',
  modelId: 'model',
  models: 'model',
  viewId: 'view',
  ruleId: 'rule',
  workspace: 'workspace',
  path: 'path',
  account: 'account',
  team: 'team',
  role: 'customRole',
  rule: 'roleRule',
}

const plain: Record<string, Json> = {
  key: 'k',
  tagKey: 'k',
  metricKey: 'loss',
  name: 'a-name',
  newName: 'a new name',
  current: 'a long tide rises',
  next: 'another long tide',
  condition: { kind: 'not-finite' },
  by: 'status',
  columns: 'status',
  id: 'f0'.repeat(16),
  modelJson: '{}',
  first: 5,
  expiresAt: undefined,
  to: 'somebody@example.com',
  version: '1',
  alias: 'champion',
  stage: 'Staging',
}

/** Where a name says too little. The key is the operation's name. */
export const samples: Record<string, (at: Ids) => Json> = {
  'artifact.put': (at) => ({ path: at.path, body: Readable.from(['x']) }),
  'artifact.put-of-run': (at) => ({ runId: at.run, path: 'more.txt', body: Readable.from(['x']) }),
  'artifact.get-of-run': (at) => ({ runId: at.run, path: 'plain.txt' }),
  'artifact.list-of-run': (at) => ({ runId: at.run }),
  'artifact.get-of-model': (at) => ({ modelId: at.model, path: 'plain.txt' }),
  'artifact.list-of-model': (at) => ({ modelId: at.model }),
  'artifact.list': (at) => ({ path: at.path.split('/').slice(0, 3).join('/') }),
  'artifact.presign-upload': (at) => ({ runId: at.run, path: 'x.txt' }),
  'artifact.presign-download': (at) => ({ runId: at.run, path: 'x.txt' }),
  'experiment.restore': (at) => ({ experimentId: at.deletedExperiment }),
  'run.restore': (at) => ({ runId: at.deletedRun }),
  'runs.restore': (at) => ({ runIds: [at.deletedRun] }),
  'logged-model.restore': (at) => ({ modelId: at.deletedModel }),
  'run.log-metric': (at) => ({ runId: at.run, key: 'm', value: 1, timestamp: 1 }),
  'run.log-batch': (at) => ({ runId: at.run, tags: [{ key: 'k', value: 'v' }] }),
  'run.log-model': (at) => ({
    runId: at.run,
    modelJson: JSON.stringify({ run_id: at.run, artifact_path: 'model', flavors: {}, utc_time_created: 'now' }),
  }),
  'run.create': (at) => ({
    experimentId: at.experiment,
    name: 'a run',
    startTime: 1,
    tags: [{ key: 'mlflow.parentRunId', value: at.run }],
  }),
  'logged-model.create': (at) => ({ experimentId: at.experiment, name: 'n', sourceRunId: at.run }),
  'workspace.get': (at) => ({ name: at.workspace }),
  'alert.read': (at) => ({ ids: [at.alert] }),
  'alert.list': (at) => ({ experimentId: at.experiment, runId: at.run }),
  'token.create': (at) => ({ account: at.service, name: 'a token' }),
  'token.renew': (at) => ({ account: at.service, id: at.serviceToken }),
  'token.revoke': (at) => ({ id: at.token }),
  'service.create': () => ({ name: 'a-program' }),
  'service.update': (at) => ({ account: at.service, about: 'other' }),
  'service.delete': (at) => ({ account: at.service }),
  'import.states': (at) => ({ ids: [at.run] }),
  'import.runs': (at) => ({ experimentId: at.experiment, runs: [{ id: at.run, status: 'FINISHED', startTime: 1 }] }),
  'import.points': (at) => ({ experimentId: at.experiment, series: [{ run: at.begun, key: 'k', steps: [1], times: [1], values: [1] }] }),
  'import.finish': (at) => ({
    experimentId: at.experiment,
    runs: [{ id: at.begun, params: 0, tags: 0, inputs: 0, points: 0, digest: '' }],
  }),
  'import.models': (at) => ({ experimentId: at.experiment, links: [{ run: at.run, model: at.model, output: true, step: 0 }] }),
  'import.finish-experiment': (at) => ({ experimentId: at.experiment, deletedAt: 1 }),
  'trash.purge': (at) => ({ runs: [at.deletedRun], models: [at.deletedModel], experiments: [at.deletedExperiment] }),
  'experiments.rename': (at) => ({ names: [{ experimentId: at.experiment, name: 'renamed' }] }),
  'run.group': (at) => ({ experimentIds: [at.experiment], by: ['status'], metrics: [], descending: false, limit: 5, offset: 0 }),
  'run.search': (at) => ({ experimentIds: [at.experiment] }),
  'run.log-inputs': (at) => ({ runId: at.run, models: [{ modelId: at.model }] }),
  'column.compare': (at) => ({ experimentIds: [at.experiment], columns: ['params.lr'] }),
  'experiment.search': () => ({ maxResults: 10 }),
  'filter.complete': (at) => ({ experimentIds: [at.experiment] }),
  'metric.history-bulk': (at) => ({ runIds: [at.run], metricKey: 'loss' }),
  'logged-model.search': (at) => ({ experimentIds: [at.experiment] }),
  'runs.tag': (at) => ({ key: 'k', changes: [{ runs: [at.run], value: 'v' }] }),
  'account.reset-password': (at) => ({ id: at.accountId }),
  'account.update': (at) => ({ id: at.accountId, email: 'other@example.com' }),
  'grant.set': (at) => ({ experimentId: at.experiment, account: at.account, permission: 'READ' }),
  'role.add-rule': (at) => ({ role: at.customRole, kind: 'Experiment', objectId: at.experiment, permission: 'READ' }),
  'role.assign': (at) => ({ role: at.customRole, team: at.team }),
  'role.unassign': (at) => ({ role: at.customRole, account: at.account }),
  'role.update': (at) => ({ role: at.customRole, description: 'other' }),
  'team.update': (at) => ({ team: at.team, description: 'other' }),
  'account.create-user': () => ({ name: 'another', password: 'a long tide rises' }),
  'account.delete': (at) => ({ name: at.account }),
  'account.get': (at) => ({ name: at.account }),
  'account.permission': (at) => ({ name: at.account, kind: 'Experiment', id: at.experiment }),
  'account.roles': (at) => ({ name: at.account }),
  'account.set-password': (at) => ({ name: at.account, password: 'a long tide rises' }),
  'activity.list': (at) => ({ model: at.registered, first: 5 }),
  'check.override': (at) => ({ request: Number(at.request), check: 'ci', reason: 'because' }),
  'check.report': (at) => ({ name: at.registered, version: '1', check: 'ci', state: 'PASSED' }),
  'check.rerun': (at) => ({ request: Number(at.request), check: 'tidegate/card' }),
  'comment.add': (at) => ({ name: at.registered, version: '1', text: 'said' }),
  'comment.add-to-model': (at) => ({ name: at.registered, text: 'said' }),
  'comment.add-to-request': (at) => ({ request: Number(at.request), text: 'said' }),
  'run-comment.add': (at) => ({ runId: at.run, text: 'said' }),
  'run-comment.edit': (at) => ({ comment: Number(at.runComment), text: 'said otherwise' }),
  'run-comment.delete': (at) => ({ comment: Number(at.runComment) }),
  'comment.edit': (at) => ({ comment: Number(at.comment), text: 'said otherwise' }),
  'comment.delete': (at) => ({ comment: Number(at.comment) }),
  'inbox.list': () => ({ first: 5 }),
  'inbox.mark': () => ({ ids: ['1'], read: true }),
  'inbox.set-letters': () => ({ letters: 'OFF' }),
  'model-access.get': (at) => ({ id: at.registeredId }),
  'model-access.levels': (at) => ({ id: at.registeredId }),
  'model-access.set': (at) => ({ id: at.registeredId, entries: [{ account: at.account, permission: 'READ' }], replaces: false }),
  'registered-model.follow': (at) => ({ name: at.registered, state: 'MUTED' }),
  'registry.check-policy': (at) => ({ model: at.registered, gates: [] }),
  'registry.set-policy': (at) => ({ model: at.registered, gates: [] }),
  'transition.request': (at) => ({ name: at.registered, version: '1', stage: 'Staging' }),
  'transition.approve': (at) => ({ request: Number(at.request) }),
  'transition.reject': (at) => ({ request: Number(at.request) }),
  'transition.cancel': (at) => ({ request: Number(at.request) }),
  'transition.get': (at) => ({ request: Number(at.request) }),
  'transition.list': (at) => ({ model: at.registered, first: 5 }),
  'account.withdraw': (at) => ({ id: at.invitedId }),
  'model-version.create': (at) => ({ name: at.registered, source: `runs:/${at.run}/model`, runId: at.run }),
  'model-version.get-artifact': (at) => ({ name: at.registered, version: '1', path: 'plain.txt' }),
  'registered-model.set-alias': (at) => ({ name: at.registered, alias: 'challenger', version: '1' }),
  'webhook.create': () => ({ dialect: 'MLFLOW', name: 'hook', events: ['model_version.created'], url: 'https://example.com/' }),
  'webhook.get': (at) => ({ id: at.webhook }),
  'webhook.update': (at) => ({ id: at.webhook, name: 'other' }),
  'webhook.delete': (at) => ({ id: at.webhook }),
  'webhook.test': (at) => ({ id: at.webhook }),
  'webhook.deliveries': (at) => ({ id: at.webhook, first: 5 }),
  'webhook.redeliver': (at) => ({ id: at.webhook, delivery: at.delivery }),
  'team.create': () => ({ name: 'a team' }),
  'sso.set': () => ({ name: 'Login' }),
  'sso.add': () => ({ name: 'Campus', issuer: 'http://127.0.0.1:9/', clientId: 'tidegate', clientSecret: 'kept secret' }),
  'account.link-sso': () => ({ provider: '1', account: '1', query: new URLSearchParams(), attemptSecret: 'x' }),
  'account.unlink-sso': (at) => ({ id: at.identity }),
}

function fill(schema: Json, name: string, at: Ids): Json {
  const id = wants[name]
  const isList = schema.type === 'array' || schema.items
  if (id && !isList && !schema.properties && !schema.enum) return at[id]
  if (name in plain && !isList) return plain[name]
  const choices = (schema.anyOf ?? schema.oneOf) as Json[] | undefined
  if (choices) return fill(choices.find((each) => each.type !== 'null')!, name, at)
  if (schema.enum) return schema.enum[0]
  if ('const' in schema) return schema.const
  if (isList) return [fill(schema.items ?? {}, name, at)]
  if (schema.properties) {
    const needed = new Set<string>(schema.required ?? [])
    const given = Object.entries<Json>(schema.properties).filter(([key]) => needed.has(key) || key in wants)
    return Object.fromEntries(given.map(([key, value]) => [key, fill(value, key, at)]))
  }
  const type = [schema.type].flat().find((each) => each !== 'null')
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1)
  if (type === 'boolean') return false
  return 'text'
}

/** An input of `operation`, about `at`. */
export function inputOf(operation: { name: string; input: z.ZodType }, at: Ids): Json {
  const sample = samples[operation.name]
  if (sample) return sample(at)
  const input = fill(z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }), '', at)
  // The registry's things are known by name.
  const isOfRegistry = 'version' in input || /^(registered-model|model-version|activity)\.(?!create)/.test(operation.name)
  return isOfRegistry && 'name' in input ? { ...input, name: at.registered } : input
}

/** The same with another that never was behind an id, wherever it is in a list. Undefined where it is in none. */
export function besideNone(input: Json, id: string): Json {
  let isListed = false
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) {
      if (!value.includes(id)) return value.map(walk)
      isListed = true
      return [...value, /^m-/.test(id) ? `m-${'c'.repeat(32)}` : /^\d+$/.test(id) ? '987654399' : 'c'.repeat(32)]
    }
    const isPlain = typeof value === 'object' && value && Object.getPrototypeOf(value) === Object.prototype
    return isPlain ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)])) : value
  }
  const both = walk(input)
  return isListed ? both : undefined
}

/** The ids that `make` looks at. */
export function idsIn(make: (at: Ids) => unknown, at: Ids): Array<keyof Ids> {
  const used = new Set<keyof Ids>()
  const get = (target: Ids, key: keyof Ids) => {
    used.add(key)
    return target[key]
  }
  make(new Proxy(at, { get }))
  return [...used]
}

/** Text of an answer, without what names a thing or a time of its own: so that of two things of one kind the answers are the same text. */
export function masked(answer: unknown, at: Ids): string {
  let text = JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? String(answer)
  const places = at.path.split('/').slice(0, 2)
  const ids = [...Object.values(at), ...places].filter((value) => typeof value === 'string' && value !== '')
  // The id of one may begin as that of another.
  for (const id of ids.sort((a, b) => b.length - a.length)) text = text.replaceAll(id, 'ID')
  return text
    .replace(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replace(/\b1\d{12}\b/g, 'NOW')
    .replace(/"id":\d+/g, '"id":N')
}
