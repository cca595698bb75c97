/**
 * Who may do what: the only rules in the house. Permission is given on four kinds of things, and everything else belongs
 * to one of them (`roots`). The faces, the subscriptions and the jobs all ask here, through `call` in operation.ts.
 *
 * A role is what its lines below say, in one workspace. A grant gives or takes on one experiment or model, whatever the role.
 * On a loopback address without accounts the one local person holds every ability.
 */
import { AbilityBuilder, createMongoAbility, type MongoAbility, subject } from '@casl/ability'
import { AppError } from './errors.ts'

export type Action = 'read' | 'create' | 'edit' | 'delete' | 'manage'

/** What permission is given on. */
export type Securable =
  | { kind: 'System' }
  /** Whoever is signed in, about their own account. */
  | { kind: 'Self' }
  | { kind: 'Workspace'; id: number }
  | { kind: 'Experiment'; id: number; workspaceId: number }
  | { kind: 'RegisteredModel'; id: number; workspaceId: number }

/** The securable that everything else belongs to. */
export const roots = {
  Run: 'Experiment',
  Metric: 'Experiment',
  Param: 'Experiment',
  Tag: 'Experiment',
  Artifact: 'Experiment',
  Dataset: 'Experiment',
  LoggedModel: 'Experiment',
  AlertRule: 'Experiment',
  Alert: 'Experiment',
  SavedView: 'Experiment',
} as const

/** What a role may do in its workspace, on each kind. Each has what the one before it has. */
const lines = {
  VIEWER: { Workspace: ['read'], Experiment: ['read'], RegisteredModel: ['read'] },
  CONTRIBUTOR: { Workspace: ['create'], Experiment: ['edit', 'delete'], RegisteredModel: [] },
  ENGINEER: { Workspace: [], Experiment: [], RegisteredModel: ['edit', 'delete'] },
  APPROVER: { Workspace: [], Experiment: [], RegisteredModel: ['manage'] },
  ADMIN: { Workspace: ['manage'], Experiment: ['manage'], RegisteredModel: ['manage'] },
} satisfies Record<string, Record<'Workspace' | 'Experiment' | 'RegisteredModel', Action[]>>

export type Role = keyof typeof lines
export const roles = Object.keys(lines) as Role[]

/** MLflow's levels, on one thing. NO_PERMISSIONS takes what the role gives. */
export const permissions = { NO_PERMISSIONS: [], READ: ['read'], EDIT: ['read', 'edit'], MANAGE: ['manage'] } satisfies Record<
  string,
  Action[]
>
export type Permission = keyof typeof permissions

export interface Grant {
  kind: 'Experiment' | 'RegisteredModel'
  id: number
  permission: Permission
}

/** `NONE`: no account, on a server that has them. `LOCAL`: the one person of a server without. */
export interface Actor {
  /** Shown beside what they did. */
  name: string
  kind: 'LOCAL' | 'ACCOUNT' | 'NONE'
  /** The account's. */
  id?: number
}

/** What an actor holds in one workspace. */
export interface Standing {
  /** Undefined: no member. */
  role: Role | undefined
  isSystemAdmin: boolean
  grants: readonly Grant[]
  /** A token that only reads. */
  isReadOnly: boolean
}

export type Ability = MongoAbility<[Action, string | Securable]>

export const everything: Standing = { role: 'ADMIN', isSystemAdmin: true, grants: [], isReadOnly: false }
export const nothing: Standing = { role: undefined, isSystemAdmin: false, grants: [], isReadOnly: false }

/** The rules of one actor in one workspace. */
export function abilityOf(actor: Actor, workspaceId: number, standing: Standing): Ability {
  const { can, cannot, build } = new AbilityBuilder<Ability>(createMongoAbility)
  const { role, isSystemAdmin, grants, isReadOnly } = standing
  const allowed = (actions: readonly Action[]) =>
    !isReadOnly ? [...actions] : actions.some((action) => action === 'read' || action === 'manage') ? (['read'] as Action[]) : []
  if (actor.kind !== 'NONE') can(allowed(['manage']), 'Self')
  if (isSystemAdmin) can(allowed(['manage']), 'System')
  const held = isSystemAdmin ? roles : role ? roles.slice(0, roles.indexOf(role) + 1) : []
  for (const each of held) {
    for (const [kind, actions] of Object.entries(lines[each])) {
      can(allowed(actions), kind, (kind === 'Workspace' ? { id: workspaceId } : { workspaceId }) as never)
    }
  }
  // Who was granted single things lists those.
  if (held.length === 0 && grants.some(({ permission }) => permission !== 'NO_PERMISSIONS'))
    can(allowed(['read']), 'Workspace', { id: workspaceId } as never)
  // A grant outweighs a role, but for who manages the workspace: nothing in it is hidden from them.
  if (!isSystemAdmin && role !== 'ADMIN') {
    for (const { kind, id, permission } of grants) {
      cannot('manage', kind, { id, workspaceId } as never)
      can(allowed(permissions[permission]), kind, { id, workspaceId } as never)
    }
  }
  return build()
}

export const may = (ability: Ability, action: Action, on: Securable): boolean => ability.can(action, subject(on.kind, { ...on }) as never)

/** Passes, or throws: what one may not read is not found, what one may read but not change is denied. */
export function authorise(ability: Ability, action: Action, on: Securable): void {
  if (may(ability, action, on)) return
  if (on.kind !== 'System' && on.kind !== 'Self' && (action === 'read' || !may(ability, 'read', on))) {
    throw new AppError('RESOURCE_DOES_NOT_EXIST', `No ${on.kind}${'id' in on ? ` with id=${on.id}` : ''} exists`)
  }
  const what = on.kind === 'System' ? 'the installation' : on.kind === 'Self' ? 'an account' : `this ${on.kind}`
  throw new AppError('PERMISSION_DENIED', `You lack the ability '${action}' on ${what}. Ask an admin for it.`)
}
