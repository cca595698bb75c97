/**
 * Who may do what: the only rules in the house. Permission is given on four kinds of things, and everything else belongs
 * to one of them (`roots`). The faces, the subscriptions and the jobs all ask here, through `call` in operation.ts.
 *
 * Until there are accounts, the one actor is whoever reaches this loopback address: that person holds every ability in
 * the workspace the request names.
 */
import { AbilityBuilder, createMongoAbility, type MongoAbility, subject } from '@casl/ability'
import { AppError } from './errors.ts'

export type Action = 'read' | 'create' | 'edit' | 'delete' | 'manage'

/** What permission is given on. */
export type Securable =
  | { kind: 'System' }
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

export interface Actor {
  /** Shown beside what they did. */
  name: string
}

export type Ability = MongoAbility<[Action, string | Securable]>

/** The rules of one actor in one workspace. */
export function abilityOf(_actor: Actor, workspaceId: number): Ability {
  const { can, build } = new AbilityBuilder<Ability>(createMongoAbility)
  can('manage', 'System')
  can('manage', 'Workspace', { id: workspaceId } as never)
  can('manage', 'Experiment', { workspaceId } as never)
  can('manage', 'RegisteredModel', { workspaceId } as never)
  return build()
}

export const may = (ability: Ability, action: Action, on: Securable): boolean => ability.can(action, subject(on.kind, { ...on }) as never)

/** Passes, or throws: what one may not read is not found, what one may read but not change is denied. */
export function authorise(ability: Ability, action: Action, on: Securable): void {
  if (may(ability, action, on)) return
  if (action === 'read' || !may(ability, 'read', on)) {
    throw new AppError('RESOURCE_DOES_NOT_EXIST', `No ${on.kind}${'id' in on ? ` with id=${on.id}` : ''} exists`)
  }
  throw new AppError('PERMISSION_DENIED', `You lack the ability '${action}' on this ${on.kind}. Ask an admin of the workspace for it.`)
}
