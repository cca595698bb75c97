/**
 * Databricks' permissions on registered models, which its clients name by number: who may do what, in its levels. What MLflow calls EDIT is
 * CAN_MANAGE_PRODUCTION_VERSIONS here. Who is denied a thing has no level of it, and is in no list.
 */
import { invalid } from '../errors.ts'
import { get, patch, put, type Route, type Wire } from '../rest.ts'
import { isLevel, levelNamed, levels } from './levels.ts'
import { all, type Given, getModelAccess, listLevels, type Standings, setModelAccess } from './permissions.ts'

const root = `/registered-models/${all}`

function nameOf(who: Given['who']) {
  if ('team' in who) return { group_name: who.team.name }
  const { name, serviceOf } = who.account
  return serviceOf === null ? { user_name: name, display_name: name } : { service_principal_name: name, display_name: name }
}

function out({ model, given }: Standings) {
  const lists = new Map<string, { name: object; all_permissions: object[] }>()
  for (const { who, permission, by } of given) {
    const permission_level = levelNamed[permission]
    if (!permission_level) continue
    const name = nameOf(who)
    const list = lists.get(JSON.stringify(name)) ?? { name, all_permissions: [] }
    lists.set(JSON.stringify(name), list)
    const isOwn = by === (model ? 'grant' : 'level')
    list.all_permissions.push({ permission_level, inherited: !isOwn, ...(!isOwn && { inherited_from_object: [root] }) })
  }
  return {
    object_id: model ? `/registered-models/${model.id}` : root,
    object_type: 'registered-model',
    access_control_list: [...lists.values()].map(({ name, all_permissions }) => ({ ...name, all_permissions })),
  }
}

/** One principal and a level. */
function entryIn(item: unknown) {
  if (typeof item !== 'object' || item === null) return item
  const { user_name, service_principal_name, group_name, permission_level } = item as Wire
  const level = isLevel(permission_level) ? levels[permission_level] : null
  if (!level)
    throw invalid(
      `'${String(permission_level)}' is no level of a registered model. There are ${Object.keys(levels).join(', ')}.`,
      'permission_level',
    )
  if ([user_name, service_principal_name, group_name].filter((name) => name != null && name !== '').length !== 1)
    throw invalid("Give 'user_name', 'group_name' or 'service_principal_name': one of them.", 'access_control_list')
  return { account: user_name || service_principal_name, team: group_name, permission: level.permission }
}

const path = '/api/2.0/permissions/registered-models/{registered_model_id}'
const id = ({ registered_model_id }: Wire) => ({ id: registered_model_id })
const setting = (replaces: boolean) => ({
  in: (input: Wire): Wire => {
    const list = input.access_control_list ?? []
    if (!Array.isArray(list)) throw invalid("'access_control_list' has to be a list.", 'access_control_list')
    return { ...id(input), entries: list.map(entryIn), replaces }
  },
  out,
})

export const permissionRoutes: Route[] = [
  get(path, getModelAccess, { in: id, out }),
  put(path, setModelAccess, setting(true)),
  patch(path, setModelAccess, setting(false)),
  get(`${path}/permissionLevels`, listLevels, {
    in: id,
    out: (given) => ({
      permission_levels: Object.entries(levels)
        .filter(([, { permission }]) => given.includes(permission))
        .map(([permission_level, { description }]) => ({ permission_level, description })),
    }),
  }),
]
