/**
 * Users, roles and permissions on MLflow's wire: what AuthServiceClient and `mlflow server --app-name basic-auth` have
 * (mlflow/server/auth/routes.py). MLflow's DENY is NO_PERMISSIONS here; a role's resource is an experiment, a registered model or its workspace.
 */
import type { Account, RoleRule } from '@tidegate/db'
import { modelLevels, type Permission } from '../access.ts'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { call } from '../operation.ts'
import { get, patch, post, type Route, remove, type Wire } from '../rest.ts'
import { changePassword, deleteAccount, getAccount, listAccounts, ownId, setPassword, updateAccount } from '../users/accounts.ts'
import { setGrant } from '../workspaces/grants.ts'
import { createUser, listUserRoles, permissionOf, resourceTypes } from './mlflow-users.ts'
import {
  addRule,
  assignRole,
  createRole,
  deleteRole,
  getRole,
  type Holding,
  listAllRoles,
  listRoles,
  namesOf,
  type RuleKind,
  removeRule,
  unassignRole,
  updateRole,
  updateRule,
  type WholeRole,
} from './roles.ts'

const text = (value: unknown) => (typeof value === 'number' ? String(value) : value)
const asName = ({ username, ...rest }: Wire): Wire => ({ ...rest, name: username })

/** As our words have it. Throws where it is a resource that is not guarded by itself here. */
function kindOf(type: unknown): RuleKind {
  if (typeof type === 'string' && type in resourceTypes) return resourceTypes[type as keyof typeof resourceTypes]
  throw invalid(
    `Invalid resource type '${String(type)}'. Valid resource types are: ${Object.keys(resourceTypes).join(', ')}. What is in an experiment or a model goes with it.`,
    'resource_type',
  )
}
const typeOf = (kind: string) => Object.entries(resourceTypes).find(([, each]) => each === kind)![0]
const permissionIn = (value: unknown) => {
  if (value === 'NO_PERMISSIONS' || modelLevels.includes(value as Permission))
    throw invalid(`Invalid permission '${value}'. Valid permissions are: READ, USE, EDIT, MANAGE, DENY.`, 'permission')
  return value === 'DENY' ? 'NO_PERMISSIONS' : value
}
/** MLflow has nothing between READ and EDIT. */
const permissionOut = (value: string) => (value === 'NO_PERMISSIONS' ? 'DENY' : modelLevels.includes(value as Permission) ? 'EDIT' : value)

const user = ({ id, name, isAdmin }: Account) => ({ id, username: name, is_admin: isAdmin })
/** MLflow has `*` or one thing. What asks for more must not look as if it were about all. */
function whichOut({ tags, stage, alias, isOwn }: Pick<RoleRule, 'tags' | 'stage' | 'alias' | 'isOwn'>): string {
  const asked = [
    ...Object.entries(tags as Record<string, string>).map(([key, value]) => `tags.${key} = '${value}'`),
    ...(stage === null ? [] : [`stage = '${stage}'`]),
    ...(alias === null ? [] : [`alias = '${alias}'`]),
    ...(isOwn ? ['owner = self'] : []),
  ]
  return asked.length ? `where ${asked.join(' AND ')}` : '*'
}
const rules = async (ctx: Ctx, all: readonly RoleRule[]) => {
  const names = await namesOf(ctx, all)
  return all.map(({ id, roleId, kind, permission, ...which }) => ({
    id,
    role_id: roleId,
    resource_type: typeOf(kind),
    resource_pattern: names.get(id) ?? whichOut(which),
    permission: permissionOut(permission),
  }))
}
const oneRule = async (it: RoleRule, ctx: Ctx) => ({ role_permission: (await rules(ctx, [it]))[0] })
const role = async ({ id, name, workspace, description, rules: all }: WholeRole, ctx: Ctx) => ({
  id,
  name,
  workspace: workspace.name,
  description: description || null,
  permissions: await rules(ctx, all),
})
const oneRole = async (it: WholeRole, ctx: Ctx) => ({ role: await role(it, ctx) })
const allRoles = async (all: WholeRole[], ctx: Ctx) => ({ roles: await Promise.all(all.map((it) => role(it, ctx))) })
const assignment = ({ id, accountId, roleId }: Pick<Holding, 'id' | 'accountId' | 'roleId'>) => ({
  id,
  user_id: accountId,
  role_id: roleId,
})

/** A row for each rule of each role, and for each grant: MLflow holds those in a role of the user's own. */
async function permissionRows(it: { account: Account; roles: WholeRole[]; granted: RoleRule[] }, ctx: Ctx) {
  const own = { name: `__user_${it.account.id}__`, rules: it.granted }
  const rows = [...it.roles, own].map(async ({ name, rules: all }) =>
    (await rules(ctx, all)).map(({ id: _, ...row }) => ({ ...row, role_name: name, workspace: ctx.workspace.name })),
  )
  return { is_admin: it.account.isAdmin, permissions: (await Promise.all(rows)).flat() }
}

const roleIn = ({ role_id, ...rest }: Wire): Wire => ({ ...rest, role: text(role_id) })
const ruleIn = ({ role_permission_id, permission }: Wire): Wire => ({
  rule: text(role_permission_id),
  ...(permission !== undefined && { permission: permissionIn(permission) }),
})
const holderIn = ({ role_id, username }: Wire): Wire => ({ role: text(role_id), account: username })

function grantIn(permission: unknown, isNew: boolean): (input: Wire) => Wire {
  return ({ username, resource_type, resource_id, ...rest }) => {
    const kind = kindOf(resource_type)
    if (kind === 'Workspace') throw invalid('What a user may do with a workspace is given by a role.', 'resource_type')
    if (resource_id === '*')
      throw invalid("A grant is of one thing; for each of a kind make a role with resource_pattern '*'.", 'resource_id')
    const on = kind === 'Experiment' ? { experimentId: text(resource_id) } : { model: resource_id }
    return { account: username, ...on, permission: permission === null ? null : permissionIn(rest.permission), isNew }
  }
}

/** Throws where the server has no accounts. */
function ownName(ctx: Ctx): string {
  ownId(ctx)
  return ctx.actor.name
}

function patternIn(pattern: unknown): unknown {
  if (pattern === undefined || pattern === '') throw invalid("Missing value for required parameter 'resource_pattern'.", 'resource_pattern')
  return pattern === '*' ? null : text(pattern)
}

const paths = (version: string) => (path: string) => [`/api/${version}/mlflow/${path}`, `/ajax-api/${version}/mlflow/${path}`]
const [two, three] = [paths('2.0'), paths('3.0')]

const routes: Route[][] = [
  two('users/create').map((path) => post(path, createUser, { in: asName, out: (it) => ({ user: user(it) }) })),
  two('users/get').map((path) => get(path, getAccount, { in: asName, out: (it) => ({ user: user(it) }) })),
  two('users/list').map((path) => get(path, listAccounts, { in: () => ({}), out: (all) => ({ users: all.map(user) }) })),
  two('users/current').map(
    (path): Route => ({
      ...get(path, getAccount),
      handle: async (ctx) => ({ user: user(await call(ctx, getAccount, { name: ownName(ctx) })), is_basic_auth: true }),
    }),
  ),
  two('users/update-admin').map(
    (path): Route => ({
      ...patch(path, updateAccount),
      async handle(ctx, { username, is_admin }) {
        if (typeof is_admin !== 'boolean') throw invalid("'is_admin' has to be true or false.", 'is_admin')
        const { id } = await call(ctx, getAccount, { name: username })
        await call(ctx, updateAccount, { id: String(id), isAdmin: is_admin })
        return {}
      },
    }),
  ),
  two('users/update-password').map(
    (path): Route => ({
      ...patch(path, setPassword),
      async handle(ctx, { username, password, current_password }) {
        const isOwn = typeof username === 'string' && username.toLowerCase() === ctx.actor.name
        if (isOwn && !current_password) throw invalid('Current password is required when changing your own password.', 'current_password')
        if (isOwn) await call(ctx, changePassword, { current: current_password, next: password })
        else await call(ctx, setPassword, { name: username, password })
        return {}
      },
    }),
  ),
  two('users/delete').map((path) => remove(path, deleteAccount, { in: asName })),

  three('users/current/permissions').map(
    (path): Route => ({
      ...get(path, listUserRoles),
      handle: async (ctx) => permissionRows(await call(ctx, listUserRoles, { name: ownName(ctx) }), ctx),
    }),
  ),
  three('users/permissions/list').map((path) => get(path, listUserRoles, { in: asName, out: permissionRows })),
  three('users/permissions/get').map((path) =>
    get(path, permissionOf, {
      in: ({ username, resource_type, resource_id }) => ({ name: username, kind: kindOf(resource_type), id: text(resource_id) }),
      out: (permission) => ({ allowed: ['USE', 'EDIT', 'MANAGE'].includes(permission), permission }),
    }),
  ),
  three('users/permissions/grant').map((path) => post(path, setGrant, { in: grantIn(undefined, true) })),
  three('users/permissions/revoke').map((path) => post(path, setGrant, { in: grantIn(null, false) })),
  three('users/roles/list').map((path) => get(path, listUserRoles, { in: asName, out: ({ roles }, ctx) => allRoles(roles, ctx) })),

  three('roles/create').map((path) => post(path, createRole, { out: oneRole })),
  three('roles/get').map((path) => get(path, getRole, { in: roleIn, out: oneRole })),
  three('roles/list').map(
    (path): Route => ({
      ...get(path, listRoles),
      async handle(ctx, { workspace }) {
        const asked = workspace === undefined ? undefined : [workspace].flat()
        const all = asked
          ? (await Promise.all(asked.map((each) => call(ctx, listRoles, { workspace: each })))).flat()
          : await call(ctx, listAllRoles, {})
        return allRoles(all, ctx)
      },
    }),
  ),
  three('roles/update').map((path) => patch(path, updateRole, { in: roleIn, out: oneRole })),
  three('roles/delete').map((path) => remove(path, deleteRole, { in: roleIn })),
  three('roles/permissions/add').map((path) =>
    post(path, addRule, {
      in: ({ role_id, resource_type, resource_pattern, permission }) => ({
        role: text(role_id),
        kind: kindOf(resource_type),
        objectId: patternIn(resource_pattern),
        permission: permissionIn(permission),
      }),
      out: oneRule,
    }),
  ),
  three('roles/permissions/remove').map((path) => remove(path, removeRule, { in: ruleIn })),
  three('roles/permissions/list').map((path) =>
    get(path, getRole, { in: roleIn, out: async (it, ctx) => ({ role_permissions: await rules(ctx, it.rules) }) }),
  ),
  three('roles/permissions/update').map((path) => patch(path, updateRule, { in: ruleIn, out: oneRule })),
  three('roles/assign').map((path) => post(path, assignRole, { in: holderIn, out: (it) => ({ assignment: assignment(it) }) })),
  three('roles/unassign').map((path) => remove(path, unassignRole, { in: holderIn })),
  three('roles/users/list').map((path) =>
    get(path, getRole, {
      in: roleIn,
      out: ({ holders }) => ({ assignments: holders.filter(({ accountId }) => accountId !== null).map(assignment) }),
    }),
  ),
]

export default routes.flat()
