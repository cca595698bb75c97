/**
 * Who may do what: the only rules in the house. Permission is given on four kinds of things, and everything else belongs
 * to one of them (`roots`). The faces, the subscriptions and the jobs all ask here, through `call` in operation.ts.
 *
 * A role is what its lines below say, in one workspace; one has the highest of one's own and one's teams'. Roles of the workspace's own making
 * add rules to it. A grant gives or takes on one experiment or model, whatever the role. What such a rule denies stays denied.
 * On a loopback address without accounts the one local person holds every ability.
 */
import { AbilityBuilder, Ability as RuleSet, subject } from '@casl/ability'
import { AppError } from './errors.ts'

/**
 * `review`: to comment, to ask for a transition, and to have a say in what was asked for, where the gate counts it. `move`: to put a version into
 * a stage, or an alias on it, where no gate is in the way.
 */
export const actions = ['read', 'create', 'review', 'edit', 'move', 'rename', 'delete', 'manage'] as const
export type Action = (typeof actions)[number]

/** What permission is given on. */
export type Securable =
  | { kind: 'System' }
  /** Whoever is signed in, about their own account. */
  | { kind: 'Self' }
  | { kind: 'Workspace'; id: number }
  | { kind: 'Experiment'; id: number; workspaceId: number }
  /** `places`: what a version of it is moved out of and into, stages and `@aliases`. Without, `move` is of all there are. */
  | { kind: 'RegisteredModel'; id: number; workspaceId: number; places?: readonly string[] }

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
  RunComment: 'Experiment',
  ModelVersion: 'RegisteredModel',
  ModelAlias: 'RegisteredModel',
  TransitionRequest: 'RegisteredModel',
  VersionComment: 'RegisteredModel',
} as const

/** What a role may do in its workspace, on each kind. Each has what the one before it has. */
const lines = {
  VIEWER: { Workspace: ['read'], Experiment: ['read', 'review'], RegisteredModel: ['read', 'review'] },
  CONTRIBUTOR: { Workspace: ['create'], Experiment: ['edit', 'delete'], RegisteredModel: [] },
  ENGINEER: { Workspace: [], Experiment: [], RegisteredModel: ['create', 'edit', 'move', 'rename', 'delete'] },
  APPROVER: { Workspace: [], Experiment: [], RegisteredModel: ['manage'] },
  ADMIN: { Workspace: ['manage'], Experiment: ['manage'], RegisteredModel: ['manage'] },
} satisfies Record<string, Record<'Workspace' | 'Experiment' | 'RegisteredModel', Action[]>>

export type Role = keyof typeof lines
export const roles = Object.keys(lines) as Role[]

/**
 * MLflow's levels, and between its READ and EDIT those that Databricks has on registered models (`modelLevels`). From the least to the most.
 * NO_PERMISSIONS takes what a role gives; USE is MLflow's, and as READ but on a workspace, where it also makes things.
 */
export const permissions = {
  NO_PERMISSIONS: [],
  READ: ['read', 'review'],
  USE: ['read', 'review'],
  ADD_VERSIONS: ['read', 'review', 'edit'],
  MANAGE_STAGING: ['read', 'review', 'edit'],
  MANAGE_PRODUCTION: ['read', 'review', 'edit', 'move'],
  EDIT: ['read', 'review', 'edit', 'move', 'rename'],
  MANAGE: ['manage'],
} satisfies Record<string, Action[]>
export type Permission = keyof typeof permissions

/** Those that mean nothing on anything but a registered model. */
export const modelLevels: readonly Permission[] = ['ADD_VERSIONS', 'MANAGE_STAGING', 'MANAGE_PRODUCTION']
/** Whether a level means something on such a thing. */
export const fits = (permission: Permission, kind: 'Workspace' | Granted): boolean =>
  kind === 'RegisteredModel' || !modelLevels.includes(permission)
/** Between which stages a level moves versions, where it is not between all. */
const movesAmong: Partial<Record<Permission, readonly string[]>> = { MANAGE_STAGING: ['none', 'staging', 'archived'] }

/** What a token may do at most, where that is more than to read and less than all that its account may. */
const caps = {
  RUNS: {
    Self: ['read'],
    System: ['read'],
    Workspace: ['read', 'create'],
    Experiment: ['read', 'create', 'edit'],
    RegisteredModel: ['read'],
  },
  MODELS: {
    Self: ['read'],
    System: ['read'],
    Workspace: ['read', 'create'],
    Experiment: ['read', 'create', 'edit'],
    RegisteredModel: ['read', 'create', 'edit', 'move', 'rename'],
  },
} satisfies Record<string, Record<Securable['kind'], Action[]>>
export type Cap = keyof typeof caps
export type Granted = 'Experiment' | 'RegisteredModel'

/** On one thing, to one person: it goes before their role, and before what their teams were granted. */
export interface Grant {
  kind: Granted
  id: number
  permission: Permission
  /** Who has it: `the team 'solar'`. Undefined: themselves. */
  via?: string
}

/** A line of a role of the workspace's own making. It adds to the role; NO_PERMISSIONS takes, whatever else gives. */
export interface Rule {
  kind: 'Workspace' | Granted
  /** Undefined: each of its kind in the workspace. */
  ids: readonly number[] | undefined
  permission: Permission
  via: string
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
  /** Where the role is not their own: `the team 'solar'`. */
  roleVia?: string
  isSystemAdmin: boolean
  /** At most one of a thing. */
  grants: readonly Grant[]
  rules: readonly Rule[]
  /** A token that only reads. */
  isReadOnly: boolean
  /** A token that may not do all. */
  cap?: Cap
  /** A token of this workspace only: it knows of no other, and makes no token that does. */
  isBound?: true
}

type Where = (on: { id: number; workspaceId: number; places?: readonly string[] }) => boolean
export type Ability = RuleSet<[Action, string | Securable], Where>

export const everything: Standing = { role: 'ADMIN', isSystemAdmin: true, grants: [], rules: [], isReadOnly: false }
export const nothing: Standing = { role: undefined, isSystemAdmin: false, grants: [], rules: [], isReadOnly: false }

/** Who manages a workspace sees and may do all that is in it: nothing is taken from them. */
const holdsAll = ({ role, isSystemAdmin }: Standing) => isSystemAdmin || role === 'ADMIN'

/** Whether all of a kind may be read: then lists need not ask about each. */
export const seesAll = (standing: Standing, kind: Granted): boolean =>
  holdsAll(standing) ||
  (standing.role !== undefined &&
    ![...standing.grants, ...standing.rules].some((it) => it.kind === kind && it.permission === 'NO_PERMISSIONS'))

/** Whether there is anything for them in the workspace: else it is as if there were none. */
export const hasPlace = ({ role, isSystemAdmin, grants, rules }: Standing): boolean =>
  isSystemAdmin || role !== undefined || grants.length > 0 || rules.some(({ permission }) => permission !== 'NO_PERMISSIONS')

/** What a role gives on every registered model, as the nearest level of one. */
export const levelOfRole: Record<Role, Permission> = {
  VIEWER: 'READ',
  CONTRIBUTOR: 'READ',
  ENGINEER: 'EDIT',
  APPROVER: 'MANAGE',
  ADMIN: 'MANAGE',
}

/** Whether nothing is taken by going from one to the other: more may be granted. */
export function keepsAll(before: Standing, now: Standing): boolean {
  const bare = ({ grants: _, ...rest }: Standing) => JSON.stringify(rest)
  if (bare(before) !== bare(now)) return false
  const of = (all: readonly Grant[]) => new Map(all.map(({ kind, id, permission }) => [`${kind} ${id}`, permission]))
  const had = of(before.grants)
  const has = of(now.grants)
  return (
    [...had].every(([thing, permission]) => has.get(thing) === permission) &&
    [...has].every(([thing, permission]) => had.has(thing) || permission !== 'NO_PERMISSIONS')
  )
}

/** The grants of one standing by permission: a rule for each, however many things it is about. */
const gathered = new WeakMap<readonly Grant[], Array<{ kind: Granted; permission: Permission; ids: Set<number> }>>()
function gather(grants: readonly Grant[]) {
  let groups = gathered.get(grants)
  if (!groups) {
    const byKey = new Map<string, { kind: Granted; permission: Permission; ids: Set<number> }>()
    for (const { kind, id, permission } of grants) {
      const group = byKey.get(kind + permission)
      if (group) group.ids.add(id)
      else byKey.set(kind + permission, { kind, permission, ids: new Set([id]) })
    }
    gathered.set(grants, (groups = [...byKey.values()]))
  }
  return groups
}

/** The rules of one actor in one workspace. Of two that speak of a thing, the later decides. */
export function abilityOf(actor: Actor, workspaceId: number, standing: Standing): Ability {
  const { can, cannot, build } = new AbilityBuilder<Ability>(RuleSet)
  const { role, isSystemAdmin, grants, rules, isReadOnly, cap, isBound } = standing
  const allowed = (actions: readonly Action[], kind: Securable['kind']): Action[] => {
    const most: readonly Action[] | undefined = isReadOnly || (isBound && kind === 'Self') ? ['read'] : cap && caps[cap][kind]
    if (!most) return [...actions]
    return actions.includes('manage') ? [...most] : most.filter((action) => actions.includes(action))
  }
  const give = (actions: readonly Action[], kind: Securable['kind'], where: Where) => {
    const those = allowed(actions, kind)
    if (those.length) can(those, kind, where)
  }
  const giveLevel = (permission: Permission, kind: Securable['kind'], where: Where) => {
    give(permissions[permission], kind, where)
    const among = movesAmong[permission]
    if (among) give(['move'], kind, (on) => where(on) && on.places?.every((place) => among.includes(place.toLowerCase())) === true)
  }
  const isHere: Where = (on) => on.workspaceId === workspaceId
  const isThis: Where = (on) => on.id === workspaceId
  if (actor.kind !== 'NONE') can(allowed(['manage'], 'Self'), 'Self')
  if (isSystemAdmin) can(allowed(['manage'], 'System'), 'System')
  for (const each of isSystemAdmin ? roles : role ? roles.slice(0, roles.indexOf(role) + 1) : []) {
    for (const [kind, actions] of Object.entries(lines[each]) as Array<[Granted | 'Workspace', Action[]]>)
      give(actions, kind, kind === 'Workspace' ? isThis : isHere)
  }
  if (holdsAll(standing)) return build({ conditionsMatcher: (where) => where as never })

  const among = (ids: readonly number[] | undefined): Where => {
    if (!ids) return isHere
    const set = new Set(ids)
    return (on) => isHere(on) && set.has(on.id)
  }
  // Who was given single things lists those.
  if (!role && hasPlace(standing)) give(['read'], 'Workspace', isThis)
  for (const { kind, ids, permission } of rules) {
    if (kind !== 'Workspace') giveLevel(permission, kind, among(ids))
    else {
      give(permission === 'USE' ? ['read', 'create'] : permissions[permission], kind, isThis)
      for (const each of ['Experiment', 'RegisteredModel'] as const) give(['read'], each, isHere)
    }
  }
  for (const { kind, permission, ids } of gather(grants)) {
    const where: Where = (on) => isHere(on) && ids.has(on.id)
    cannot('manage', kind, where)
    giveLevel(permission, kind, where)
  }
  for (const { kind, ids, permission } of rules) if (permission === 'NO_PERMISSIONS') cannot('manage', kind, among(ids))
  return build({ conditionsMatcher: (where) => where as never })
}

/** Why they may or may not: the rule that decides in `abilityOf`, in words. */
export function reasonOf(standing: Standing, action: Action, on: Securable, workspace: string): string {
  const { role, roleVia, isSystemAdmin, grants, rules } = standing
  const byRole = `they are ${role} of the workspace '${workspace}'${roleVia ? `, by ${roleVia}` : ''}`
  if (isSystemAdmin) return 'they manage the installation'
  if (role === 'ADMIN') return byRole
  const id = 'id' in on ? on.id : undefined
  const speaks = rules.filter(({ kind, ids }) => kind === on.kind && (!ids || ids.includes(id!)))
  const taken = speaks.find(({ permission }) => permission === 'NO_PERMISSIONS')
  if (taken) return `${taken.via} takes it, whatever else they were given`
  const grant = on.kind === 'Workspace' ? undefined : grants.find((it) => it.kind === on.kind && it.id === id)
  if (grant) return `${grant.via ? `${grant.via} was` : 'they were'} granted ${grant.permission} on it, which goes before their role`
  const ability = (parts: Partial<Standing>) =>
    may(abilityOf({ kind: 'ACCOUNT', name: '' }, 'workspaceId' in on ? on.workspaceId : (id ?? 0), { ...nothing, ...parts }), action, on)
  if (role && ability({ role })) return byRole
  const given = rules.find((rule) => ability({ rules: [rule] }))
  if (given) return `${given.via} says so`
  return role ? byRole : rules.length ? `${rules[0]!.via} does not say so` : `they are no member of the workspace '${workspace}'`
}

/** Whom a gate names: who has at least this role in the workspace, these accounts, and who is in these teams. */
export interface People {
  role: Role | null
  accounts: string[]
  teams: string[]
}

/** Whether somebody is among them. Who manages the installation has every role. */
export function isAmong({ role, accounts, teams }: People, who: { actor: Actor; standing: Standing; teams: readonly string[] }): boolean {
  const held = who.standing.isSystemAdmin ? 'ADMIN' : who.standing.role
  return (
    (role !== null && held !== undefined && roles.indexOf(held) >= roles.indexOf(role)) ||
    (who.actor.kind === 'ACCOUNT' && accounts.includes(who.actor.name)) ||
    teams.some((team) => who.teams.includes(team))
  )
}

/** Which things of a kind may be read: those named or all others. What `may` says of each, for statements that can't ask it. */
export type Reach = { only: readonly number[] } | { but: readonly number[] }

export function reachOf(standing: Standing, kind: Granted): Reach {
  if (holdsAll(standing)) return { but: [] }
  const takes = ({ permission }: { permission: Permission }) => permission === 'NO_PERMISSIONS'
  const grants = standing.grants.filter((it) => it.kind === kind)
  const rules = standing.rules.filter((it) => it.kind === kind)
  const ofRules = (taking: boolean) => rules.filter((it) => takes(it) === taking)
  if (ofRules(true).some(({ ids }) => !ids)) return { only: [] }
  const denied = new Set([...grants.filter(takes).map(({ id }) => id), ...ofRules(true).flatMap(({ ids }) => ids ?? [])])
  const givesAll =
    standing.role !== undefined || ofRules(false).some(({ ids }) => !ids) || standing.rules.some((it) => it.kind === 'Workspace')
  if (givesAll) return { but: [...denied] }
  const given = [...grants.filter((it) => !takes(it)).map(({ id }) => id), ...ofRules(false).flatMap(({ ids }) => ids ?? [])]
  return { only: given.filter((id) => !denied.has(id)) }
}

export const may = (ability: Ability, action: Action, on: Securable): boolean => ability.can(action, subject(on.kind, { ...on }) as never)

/** Passes, or throws: what one may not read is not found, what one may read but not change is denied. */
export function authorise(ability: Ability, action: Action, on: Securable): void {
  if (may(ability, action, on)) return
  if (on.kind !== 'System' && on.kind !== 'Self' && (action === 'read' || !may(ability, 'read', on))) {
    throw new AppError('RESOURCE_DOES_NOT_EXIST', `No ${on.kind}${'id' in on ? ` with id=${on.id}` : ''} exists`)
  }
  const what = on.kind === 'System' ? 'the installation' : on.kind === 'Self' ? 'an account' : `this ${on.kind}`
  const places = 'places' in on && on.places ? ` (${on.places.join(' to ')})` : ''
  throw new AppError('PERMISSION_DENIED', `You lack the ability '${action}'${places} on ${what}. Ask an admin for it.`)
}

/** Throws for a token that only reads. */
export function authoriseWriting({ isReadOnly }: Standing): void {
  if (isReadOnly) throw new AppError('PERMISSION_DENIED', 'This token only reads. Use one that may do all that you may.')
}
