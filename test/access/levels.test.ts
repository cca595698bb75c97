/** Each cell of the table in levels.ts, tried: by MLflow's and Databricks' wire, and in GraphQL. Every column has a model of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, peopleOf, type Who } from '../people.ts'
import { type Platform, startPlatform } from '../platform.ts'
import { columns, isRole, type Right, table, tableOfLevels } from './levels.ts'

let platform: Platform
const { send, data, ask, first, make } = peopleOf(() => platform)
/** What each signs in by: tokens, because a password is looked at for longer. */
const people = new Map<string, Who>()
const ada = () => people.get('ada')!

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  const tokenOf = async (who: Who) =>
    bearer((await data(who, 'mutation { createToken(name: "all", scope: ALL) { secret } }')).createToken.secret)
  people.set('ada', await tokenOf(await first()))
  // Who is denied a thing has a role that would give it.
  for (const column of columns) {
    const who = await make(whose(column), rolesOf(column))
    // Who has no place in the workspace signs in nowhere.
    await modelOf(column)
    people.set(column, await tokenOf(who))
  }
})
afterAll(() => platform?.stop())

const rolesOf = (column: string): Record<string, string> =>
  isRole(column) ? { default: column } : column === 'NO_PERMISSIONS' ? { default: 'ENGINEER' } : {}
const whose = (column: string) => column.toLowerCase().replaceAll('_', '-')

/** A call of the wire, or a field of GraphQL. */
type Try = { method: string; path: string; input: Record<string, unknown> } | { graphql: string; variables: Record<string, unknown> }
interface Thing {
  name: string
  id: string
  version: number
  request: string
  /** Another name than any there is. */
  fresh: string
}

const wire = (method: string, path: string, input: Record<string, unknown>): Try => ({ method, path, input })
const field = (graphql: string, variables: Record<string, unknown>): Try => ({ graphql, variables })

async function outcome(who: Record<string, string>, it: Try): Promise<string> {
  let code: string
  if ('graphql' in it) {
    const { data, errors } = await ask(who, it.graphql, it.variables)
    code = errors?.[0]?.extensions.code ?? (Object.values(data as object)[0] === null ? 'RESOURCE_DOES_NOT_EXIST' : 'OK')
  } else {
    const whole = it.path.startsWith('/') ? it.path : `/api/2.0/mlflow/${it.path}`
    const query = it.method === 'GET' ? `?${new URLSearchParams(it.input as Record<string, string>)}` : ''
    const { status, json } = await send(it.method, whole + query, { headers: who, ...(it.method !== 'GET' && { body: it.input }) })
    code = status === 200 ? 'OK' : json.error_code
  }
  return { OK: '+', PERMISSION_DENIED: '-', RESOURCE_DOES_NOT_EXIST: '.' }[code] ?? `(${code})`
}

const requestTransition = 'mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { id } } }'
const move = 'mutation ($input: TransitionModelVersionStageInput!) { transitionModelVersionStage(input: $input) { version { id } } }'
const decide = (verb: string) => `mutation ($id: ID!) { ${verb}(request: $id) { request { id } } }`
const transition = /from (\w+) to (\w+)$/

interface Row {
  /** Where the version stands before. @default None */
  from?: string
  /** What was asked for before, and by whom: the admin, or who tries. */
  asked?: { stage: string; by: 'admin' | 'own' }
  /** What was done it to is not there any more, or not by its name. */
  isLast?: true
  /** Each alone, on a version of its own. */
  wire: Array<(at: Thing) => Try>
  graphql: Array<(at: Thing) => Try>
}

const moving = (right: string): Row => {
  const [, from, stage] = transition.exec(right)!
  return {
    from: from!,
    wire: ['model-versions/transition-stage', 'databricks/model-versions/transition-stage'].map(
      (path) =>
        ({ name, version }) =>
          wire('POST', path, { name, version: String(version), stage, archive_existing_versions: false }),
    ),
    graphql: [({ name, version }) => field(move, { input: { name, version, stage } })],
  }
}
const deciding = (right: string): Row => {
  const stage = transition.exec(right)![2]!
  return {
    asked: { stage, by: 'admin' },
    wire: ['approve', 'reject'].map(
      (verb) =>
        ({ name, version }) =>
          wire('POST', `transition-requests/${verb}`, { name, version: String(version), stage }),
    ),
    graphql: ['approveTransition', 'rejectTransition'].map(
      (verb) =>
        ({ request }) =>
          field(decide(verb), { id: request }),
    ),
  }
}
const cancelling = (by: 'admin' | 'own'): Row => ({
  asked: { stage: 'Production', by },
  wire: [({ name, version }) => wire('DELETE', 'transition-requests/delete', { name, version: String(version), stage: 'Production' })],
  graphql: [({ request }) => field(decide('cancelTransition'), { id: request })],
})

const rows: Record<Right, Row> = {
  'see it, its versions, requests, activities and where its files are': {
    wire: [
      ({ name }) => wire('GET', 'registered-models/get', { name }),
      ({ name }) => wire('GET', 'databricks/registered-models/get', { name }),
      ({ name, version }) => wire('GET', 'model-versions/get', { name, version }),
      ({ name, version }) => wire('GET', 'model-versions/get-download-uri', { name, version }),
      ({ name, version }) => wire('GET', 'transition-requests/list', { name, version }),
      ({ id }) => wire('GET', `/api/2.0/permissions/registered-models/${id}/permissionLevels`, {}),
    ],
    graphql: [
      ({ name }) => field('query ($name: String!) { registeredModel(name: $name) { activity(first: 1) { nodes { kind } } } }', { name }),
      ({ name, version }) =>
        field('query ($name: String!, $version: Int!) { modelVersion(name: $name, version: $version) { location requests { id } } }', {
          name,
          version,
        }),
    ],
  },
  'ask for a transition, comment': {
    wire: [
      ({ name, version }) => wire('POST', 'transition-requests/create', { name, version: String(version), stage: 'Production' }),
      ({ name, version }) => wire('POST', 'comments/create', { name, version: String(version), comment: 'said' }),
    ],
    graphql: [
      ({ name, version }) => field(requestTransition, { input: { name, version, stage: 'Production' } }),
      ({ name }) => field('mutation ($name: String!) { addModelComment(name: $name, text: "said") { comment { id } } }', { name }),
    ],
  },
  'add a version': {
    wire: [({ name }) => wire('POST', 'model-versions/create', { name, source: 's3://bucket/model' })],
    graphql: [
      ({ name }) =>
        field('mutation ($input: CreateModelVersionInput!) { createModelVersion(input: $input) { version { id } } }', {
          input: { name, source: 's3://bucket/model' },
        }),
    ],
  },
  'change descriptions and tags': {
    wire: [
      ({ name }) => wire('PATCH', 'registered-models/update', { name, description: 'other' }),
      ({ name }) => wire('POST', 'registered-models/set-tag', { name, key: 'k', value: 'v' }),
      ({ name, version }) => wire('PATCH', 'model-versions/update', { name, version: String(version), description: 'other' }),
      ({ name, version }) => wire('POST', 'model-versions/set-tag', { name, version: String(version), key: 'k', value: 'v' }),
      ({ name, version }) => wire('DELETE', 'model-versions/delete-tag', { name, version: String(version), key: 'k' }),
    ],
    graphql: [
      ({ name, version }) =>
        field(
          'mutation ($name: String!, $version: Int!) { describeModelVersion(name: $name, version: $version, description: "other") { version { id } } }',
          { name, version },
        ),
      ({ name }) =>
        field('mutation ($name: String!) { setRegisteredModelTag(name: $name, key: "k", value: "v") { model { id } } }', { name }),
    ],
  },
  'move a version from None to Staging': moving('from None to Staging'),
  'move a version from Staging to Archived': moving('from Staging to Archived'),
  'move a version from None to Production': moving('from None to Production'),
  'move a version from Production to Staging': moving('from Production to Staging'),
  'decide what was asked for from None to Staging': deciding('from None to Staging'),
  'decide what was asked for from None to Production': deciding('from None to Production'),
  'set an alias, take it away': {
    wire: [
      ({ name, version }) => wire('POST', 'registered-models/alias', { name, alias: 'champion', version: String(version) }),
      ({ name }) => wire('DELETE', 'registered-models/alias', { name, alias: 'champion' }),
    ],
    graphql: [
      ({ name, version }) =>
        field(
          'mutation ($name: String!, $version: Int!) { setModelAlias(name: $name, alias: "champion", version: $version) { version { id } } }',
          { name, version },
        ),
      ({ name }) => field('mutation ($name: String!) { deleteModelAlias(name: $name, alias: "champion") { model { id } } }', { name }),
    ],
  },
  'take back what one asked for': cancelling('own'),
  'take back what another asked for': cancelling('admin'),
  'rename it': {
    isLast: true,
    wire: [({ name, fresh }) => wire('POST', 'registered-models/rename', { name, new_name: fresh })],
    graphql: [
      ({ name, fresh }) =>
        field('mutation ($name: String!, $newName: String!) { renameRegisteredModel(name: $name, newName: $newName) { model { id } } }', {
          name,
          newName: fresh,
        }),
    ],
  },
  'delete a version, delete it': {
    isLast: true,
    wire: [
      ({ name, version }) => wire('DELETE', 'model-versions/delete', { name, version: String(version) }),
      ({ name }) => wire('DELETE', 'registered-models/delete', { name }),
    ],
    graphql: [
      ({ name, version }) =>
        field('mutation ($name: String!, $version: Int!) { deleteModelVersion(name: $name, version: $version) { version } }', {
          name,
          version,
        }),
      ({ name }) => field('mutation ($name: String!) { deleteRegisteredModel(name: $name) { name } }', { name }),
    ],
  },
  'say who may do what with it': {
    wire: [
      ({ id }) => wire('GET', `/api/2.0/permissions/registered-models/${id}`, {}),
      ({ id }) =>
        wire('PATCH', `/api/2.0/permissions/registered-models/${id}`, {
          access_control_list: [{ user_name: 'ada', permission_level: 'CAN_READ' }],
        }),
    ],
    graphql: [
      ({ name }) =>
        field('mutation ($name: String!) { setGrant(model: $name, account: "ada", permission: READ) { grant { permission } } }', { name }),
    ],
  },
}

/** By column: it is made when it is first needed, and anew where it was deleted or has another name. */
const models = new Map<string, { name: string; id: string }>()
let count = 0

async function modelOf(column: string): Promise<{ name: string; id: string }> {
  let model = models.get(column)
  if (model) return model
  const name = `model ${++count}`
  const create = 'mutation ($name: String!) { createRegisteredModel(input: { name: $name }) { model { id } } }'
  model = { name, id: (await data(ada(), create, { name })).createRegisteredModel.model.id }
  if (!isRole(column))
    await data(
      ada(),
      'mutation ($name: String!, $who: String!, $permission: Permission) { setGrant(model: $name, account: $who, permission: $permission) { grant { permission } } }',
      { name, who: whose(column), permission: column },
    )
  models.set(column, model)
  return model
}

/** A version that stands as a row wants it, of the column's model. */
async function made(column: string, { from, asked }: Row): Promise<Thing> {
  const { name, id } = await modelOf(column)
  const create = 'mutation ($name: String!) { createModelVersion(input: { name: $name, source: "s3://b/m" }) { version { version } } }'
  const { version } = (await data(ada(), create, { name })).createModelVersion.version
  if (from && from !== 'None') await data(ada(), move, { input: { name, version, stage: from } })
  const thing = { name, id, version, request: '987654321', fresh: `${name} anew` }
  if (!asked) return thing
  const by = asked.by === 'own' && column !== 'NO_PERMISSIONS' ? people.get(column)! : ada()
  const { requestTransition: it } = await data(by, requestTransition, { input: { name, version, stage: asked.stage } })
  return { ...thing, request: it.request.id }
}

describe.each(['wire', 'graphql'] as const)('by %s', (face) => {
  it.each(Object.entries(rows) as Array<[Right, Row]>)('%s', async (right, row) => {
    const found: string[] = []
    for (const column of columns) {
      const signs = new Set<string>()
      for (const each of row[face]) signs.add(await outcome(people.get(column)!, each(await made(column, row))))
      if (row.isLast) models.delete(column)
      found.push([...signs].join(''))
    }
    expect(found.join(' ')).toBe(table[right])
  })
})

it('docs/access.md has the table of the levels', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'access.md'), 'utf8')
  expect(text.includes(tableOfLevels()), `docs/access.md should have:\n${tableOfLevels()}`).toBe(true)
})
