/**
 * The doors: every route and transfer of the wire, every root field of GraphQL, with a request that holds the least that it takes, about the
 * things of one workspace. Nothing is chosen: a new one is here by itself, and where its request can't be guessed it says so below.
 */
import { type GraphQLField, getNamedType, isNonNullType, isObjectType } from 'graphql'
import { buildSchema } from '../../packages/server/src/graphql.ts'
import { routes, transfers } from '../../packages/server/src/modules.ts'
import { Plain } from './draw.ts'
import { argsOf, type Kind } from './graphql-requests.ts'
import type { Ids, World } from './ids.ts'
import { everything } from './wire-requests.ts'

type Json = any

export interface Door {
  face: 'wire' | Kind
  /** `POST runs/create`, `mutation createRun`. */
  name: string
  changes: boolean
  request(at: Ids): { method: string; path: string; body?: string; type?: string }
}

const folderOf = ({ path }: Ids) => path.split('/').slice(0, 3).join('/')
const undefinedKeys = (...names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]))
/** Of several ways to name a thing one: what it is said by is no part of what is asked here. */
const http = { http_url_spec: { url: 'https://example.com/hook' }, ...undefinedKeys('status', 'model_name') }

/** What of everything that any route takes one takes otherwise. By its path, without what stands before it. */
const wire: Record<string, (at: Ids) => Record<string, Json>> = {
  '/api/2.0/mlflow-artifacts/artifacts': (at) => ({ path: folderOf(at) }),
  'artifacts/presigned-upload-url': () => ({ path: 'x.txt', ...undefinedKeys('model_id') }),
  'artifacts/presigned-download-url': () => ({ path: 'x.txt', ...undefinedKeys('model_id') }),
  'experiments/create': () => ({ name: 'made' }),
  'experiments/update': () => ({ new_name: 'renamed' }),
  'experiments/restore': (at) => ({ experiment_id: at.deletedExperiment }),
  'runs/create': (at) => ({ tags: [{ key: 'mlflow.parentRunId', value: at.run }] }),
  'runs/restore': (at) => ({ run_id: at.deletedRun }),
  'runs/log-metric': () => undefinedKeys('model_id', 'run_uuid'),
  'metrics/get-history': () => ({ metric_key: 'acc' }),
  'logged-models/search': () => undefinedKeys('order_by', 'filter'),
  'logged-models/{model_id}': () => ({ status: 'LOGGED_MODEL_READY' }),
  'registered-models/rename': () => ({ new_name: 'renamed' }),
  'registered-models/alias': () => ({ alias: 'champion' }),
  'registered-models/get-latest-versions': () => ({ stages: ['None'] }),
  'model-versions/create': (at) => ({ source: `mlflow-artifacts:/${folderOf(at)}`, ...undefinedKeys('model_id') }),
  'transition-requests/approve': () => ({ stage: 'Production' }),
  'transition-requests/reject': () => ({ stage: 'Production' }),
  'transition-requests/delete': () => ({ stage: 'Production', creator: 'root' }),
  'registry-webhooks/create': () => http,
  'registry-webhooks/update': () => undefinedKeys('events', 'status'),
  'registry-webhooks/test': () => ({ event: undefined }),
  webhooks: () => ({ name: 'a-hook', ...undefinedKeys('status') }),
  'webhooks/{webhook_id}': () => ({ name: 'other', ...undefinedKeys('events', 'status') }),
  'users/create': () => ({ username: 'another', password: 'a long tide rises' }),
  'users/get': () => ({}),
  'users/update-admin': () => ({ is_admin: false }),
  'users/update-password': () => ({ password: 'another long tide', current_password: 'a long tide rises' }),
  'users/permissions/grant': (at) => ({ resource_id: at.experiment }),
  'users/permissions/revoke': (at) => ({ resource_id: at.experiment }),
  workspaces: () => ({ name: 'another-place' }),
}

const bare = (path: string) => path.replace(/^\/(ajax-)?api\/\d\.0\/mlflow\//, '')

function queryOf(input: Record<string, Json>): string {
  const pairs = Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) =>
      [value].flat().map((each): [string, string] => [key, typeof each === 'object' ? JSON.stringify(each) : String(each)]),
    )
  return new URLSearchParams(pairs).toString()
}

/** What is there for scripts and for pages, under two names, is one door. */
const isOnce = (path: string) => !path.startsWith('/ajax-api/') || !everyPath.has(path.replace('/ajax-api/', '/api/'))
const everyPath = new Set([...routes.map(({ path }) => path), ...transfers.map(({ prefix }) => prefix)])

const wireDoors = (own: World): Door[] =>
  routes
    .filter(({ path }) => isOnce(path))
    .map(({ method, path }) => ({
      face: 'wire',
      name: `${method} ${path}`,
      changes: method !== 'GET' && !/search|get-|list$|presigned-download/.test(path),
      request(at) {
        const draw = new Plain(own, at)
        const input = { ...everything(path, draw), ...wire[bare(path)]?.(at) }
        const filled = path.replace(/\{(\w+)(\.\.\.)?\}/g, (_, name: string) => {
          const key = name.replace(/_([a-z])/g, (_, x: string) => x.toUpperCase())
          return encodeURIComponent(String(draw.named(key) ?? 'k'))
        })
        const whole = filled.startsWith('/') ? filled : `/api/2.0/mlflow/${filled}`
        if (method === 'GET') return { method, path: `${whole}?${queryOf(input)}` }
        return { method, path: whole, body: JSON.stringify(input), type: 'application/json' }
      },
    }))

/** All that any of the ways in takes, and is refused for. */
const signsIn = JSON.stringify({ name: 'no-such-person', password: 'a long tide rises', token: 'x'.repeat(43), provider: '1' })

const transferDoors: Door[] = transfers
  .filter(({ prefix }) => isOnce(prefix))
  .map(({ method, prefix }) => ({
    face: 'wire',
    name: `${method} ${prefix}`,
    changes: !/GET|HEAD/.test(method),
    request(at) {
      const file = /presigned|mpu|artifacts\/$/.test(prefix)
        ? `${folderOf(at)}/${method === 'PUT' ? 'more' : 'plain'}.txt`
        : /logged-models\/$/.test(prefix)
          ? `${at.model}/artifacts/files`
          : ''
      const byModel = /logged-models/.test(prefix)
      const named = byModel ? { artifact_file_path: 'plain.txt' } : { path: 'plain.txt', name: at.registered, version: '1' }
      const isOfPages = /^\/(auth|sso)\//.test(prefix)
      const query = queryOf({ ...(byModel ? {} : { run_id: at.run, run_uuid: at.run }), ...named })
      return {
        method,
        path: `${prefix}${file}?${query}`,
        ...(!/GET|HEAD|DELETE/.test(method) && { body: signsIn, ...(isOfPages && { type: 'application/json' }) }),
      }
    },
  }))

const text = JSON.stringify
/** The arguments of a field, where the least that it takes is not enough. */
const graphql: Record<string, (at: Ids) => string> = {
  access: (at) => `account: ${text(at.account)}, may: READ, experiment: ${text(at.experiment)}`,
  addRule: (at) => `role: ${text(at.customRole)}, kind: EXPERIMENT, permission: READ`,
  addSso: () => 'input: { name: "Campus", issuer: "http://127.0.0.1:9/", clientId: "tidegate", clientSecret: "kept secret" }',
  alerts: (at) => `experiment: ${text(at.experiment)}`,
  alertRules: (at) => `experiment: ${text(at.experiment)}`,
  assignRole: (at) => `role: ${text(at.customRole)}, team: ${text(at.team)}`,
  createAccount: () => 'name: "another"',
  createAlertRule: (at) => `input: { experimentId: ${text(at.experiment)}, name: "a rule", condition: { kind: NOT_FINITE } }`,
  createExperiment: () => 'input: { name: "made" }',
  createModelVersion: (at) => `input: { name: ${text(at.registered)}, source: ${text(`mlflow-artifacts:/${folderOf(at)}`)} }`,
  createRole: () => 'name: "a role"',
  createSavedView: (at) => `experiment: ${text(at.experiment)}, name: "a view", query: "q=1"`,
  createServiceAccount: () => 'name: "a-program"',
  createTeam: () => 'name: "a team"',
  createToken: (at) => `account: ${text(at.service)}, name: "a token"`,
  createWebhook: () => 'input: { dialect: MLFLOW, name: "hook", events: ["model_version.created"], url: "https://example.com/" }',
  createWorkspace: () => 'name: "another-place"',
  createRun: (at) => `input: { experimentId: ${text(at.experiment)}, tags: [{ key: "mlflow.parentRunId", value: ${text(at.run)} }] }`,
  deleteModelAlias: (at) => `name: ${text(at.registered)}, alias: "champion"`,
  experiment: (at) => `id: ${text(at.experiment)}`,
  followModel: (at) => `name: ${text(at.registered)}, state: FOLLOWING`,
  finishExperiment: (at) => `id: ${text(at.experiment)}, deletedAt: 1`,
  finishImport: (at) =>
    `input: { experimentId: ${text(at.experiment)}, runs: [{ id: ${text(at.begun)}, params: 0, tags: 0, inputs: 0, points: 0, digest: "" }] }`,
  grants: (at) => `experiment: ${text(at.experiment)}`,
  importPoints: (at) =>
    `input: { experimentId: ${text(at.experiment)}, series: [{ run: ${text(at.begun)}, key: "k", steps: [1], times: [1], values: [1] }] }`,
  importModels: (at) =>
    `input: { experimentId: ${text(at.experiment)}, links: [{ run: ${text(at.run)}, model: ${text(at.model)}, output: true, step: 0 }] }`,
  importRuns: (at) =>
    `input: { experimentId: ${text(at.experiment)}, runs: [{ id: ${text(at.run)}, name: "a run", status: FINISHED, startedAt: 1 }] }`,
  leaveTeam: (at) => `team: ${text(at.team)}, account: ${text(at.account)}`,
  logOutputs: (at) => `runId: ${text(at.run)}, models: [{ modelId: ${text(at.model)}, step: 0 }]`,
  purge: (at) => `input: { runs: [${text(at.deletedRun)}] }`,
  redeliver: (at) => `id: ${text(at.webhook)}, delivery: ${text(at.delivery)}`,
  renameExperiments: (at) => `names: [{ id: ${text(at.experiment)}, name: "renamed" }]`,
  renewToken: (at) => `account: ${text(at.service)}, id: ${text(at.serviceToken)}`,
  rerunCheck: (at) => `request: ${text(at.request)}, check: "tidegate/card"`,
  restoreExperiment: (at) => `id: ${text(at.deletedExperiment)}`,
  restoreLoggedModel: (at) => `id: ${text(at.deletedModel)}`,
  restoreRun: (at) => `id: ${text(at.deletedRun)}`,
  restoreRuns: (at) => `ids: [${text(at.deletedRun)}]`,
  runGroups: (at) => `experiments: [${text(at.experiment)}], by: ["status"]`,
  runTable: (at) => `experiments: [${text(at.experiment)}], columns: ["status"]`,
  compareColumns: (at) => `experiments: [${text(at.experiment)}], columns: ["params.lr"]`,
  searchLoggedModels: (at) => `experiments: [${text(at.experiment)}]`,
  searchRuns: (at) => `experiments: [${text(at.experiment)}]`,
  completions: (at) => `experiments: [${text(at.experiment)}]`,
  explainFilter: () => 'filter: "metrics.loss < 1"',
  groupSeries: (at) => `experiment: ${text(at.experiment)}, keys: ["acc"]`,
  setGrant: (at) => `experiment: ${text(at.experiment)}, account: ${text(at.account)}, permission: READ`,
  setRegistryPolicy: (at) => `input: { model: ${text(at.registered)}, gates: [] }`,
  setRegistryPolicyYaml: (at) => `model: ${text(at.registered)}, yaml: "gates: []"`,
  checkRegistryPolicy: (at) => `model: ${text(at.registered)}, yaml: "gates: []"`,
  setRetention: () => 'input: { days: 30 }',
  setSso: () => 'input: { name: "Login" }',
  tagRuns: (at) => `input: { key: "k", changes: [{ runs: [${text(at.run)}], value: "v" }] }`,
  testMail: () => 'to: "somebody@example.com"',
  unassignRole: (at) => `role: ${text(at.customRole)}, account: ${text(at.account)}`,
  updateAccount: (at) => `id: ${text(at.accountId)}, email: "other@example.com"`,
  updateRule: (at) => `rule: ${text(at.roleRule)}, permission: EDIT`,
  updateTeam: (at) => `team: ${text(at.team)}, description: "other"`,
  updateRole: (at) => `role: ${text(at.customRole)}, description: "other"`,
  updateServiceAccount: (at) => `account: ${text(at.service)}, about: "other"`,
  updateWebhook: (at) => `input: { id: ${text(at.webhook)}, name: "other" }`,
  updateWorkspace: (at) => `workspace: ${text(at.workspace)}, description: "other"`,
  addRunComment: (at) => `run: ${text(at.run)}, text: "said"`,
  addVersionComment: (at) => `name: ${text(at.registered)}, version: 1, text: "said"`,
  addRequestComment: (at) => `request: ${text(at.request)}, text: "said"`,
  addModelComment: (at) => `name: ${text(at.registered)}, text: "said"`,
  editVersionComment: (at) => `id: ${text(at.comment)}, text: "said otherwise"`,
  editRunComment: (at) => `id: ${text(at.runComment)}, text: "said otherwise"`,
  deleteRunComment: (at) => `id: ${text(at.runComment)}`,
  changePassword: () => 'current: "a long tide rises", next: "another long tide"',
}

/** What has to be asked of an answer, so that all the operations behind the field are: some are asked only where they are wanted. */
const selections: Record<string, string> = {
  loggedModel: 'artifacts { __typename }',
  modelVersion: 'artifacts { __typename } manifest { __typename }',
  registeredModel: 'stageHistory(stage: "None") { __typename } version(alias: "champion") { __typename }',
  run: 'artifacts { __typename } series(keys: ["acc"]) { __typename }',
  viewer: 'workspaces { __typename }',
  webhook: 'deliveries { __typename }',
}

const documentOf = (query: string) => ({ method: 'POST', path: '/graphql', body: JSON.stringify({ query }), type: 'application/json' })

function fieldDoor(kind: Kind, field: GraphQLField<unknown, unknown>, own: World): Door {
  return {
    face: kind,
    name: `${kind} ${field.name}`,
    changes: kind === 'mutation',
    request(at) {
      const needed = field.args.filter((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined)
      const args = graphql[field.name]?.(at) ?? argsOf(needed, field.name, new Plain(own, at))
      const selection = isObjectType(getNamedType(field.type)) ? ` { __typename ${selections[field.name] ?? ''} }` : ''
      const query = `${kind} { ${field.name}${args && `(${args})`}${selection} }`
      return documentOf(query)
    },
  }
}

export async function doorsOf(own: World): Promise<Door[]> {
  const schema = await buildSchema()
  const types = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }
  const fields = Object.entries(types).flatMap(([kind, type]) =>
    Object.values(type!.getFields()).map((field) => fieldDoor(kind as Kind, field, own)),
  )
  /** By another way of naming what is asked for: there is another operation behind it. */
  const also: Door[] = [
    {
      face: 'wire',
      name: 'GET roles/list, of all workspaces',
      changes: false,
      request: () => ({ method: 'GET', path: '/api/3.0/mlflow/roles/list' }),
    },
    {
      face: 'query',
      name: 'query experiment, by its name',
      changes: false,
      request: (at) => documentOf(`query { experiment(name: ${text(at.experimentName)}) { __typename } }`),
    },
  ]
  return [...wireDoors(own), ...transferDoors, ...fields, ...also]
}
