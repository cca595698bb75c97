/** What one may do with a registered model in Databricks' levels. What MLflow calls EDIT is CAN_MANAGE_PRODUCTION_VERSIONS there. */
import { may, type Permission } from '../access.ts'
import type { Ctx } from '../context.ts'
import type { securableOf } from './targets.ts'

export const levels = {
  CAN_READ: { permission: 'READ', description: 'Can see the model and its versions, ask for transitions and comment' },
  CAN_EDIT: { permission: 'ADD_VERSIONS', description: 'Can add versions, and change descriptions and tags' },
  CAN_MANAGE_STAGING_VERSIONS: {
    permission: 'MANAGE_STAGING',
    description: 'Can move versions between None, Staging and Archived, and decide what was asked for between them',
  },
  CAN_MANAGE_PRODUCTION_VERSIONS: {
    permission: 'MANAGE_PRODUCTION',
    description: 'Can move versions between all stages, and decide what was asked for',
  },
  CAN_MANAGE: { permission: 'MANAGE', description: 'Can rename and delete the model, and say who may do what with it' },
} as const satisfies Record<string, { permission: Permission; description: string }>
export type Level = keyof typeof levels

export const levelNamed: Partial<Record<Permission, Level>> = {
  ...Object.fromEntries(Object.entries(levels).map(([level, { permission }]) => [permission, level])),
  USE: 'CAN_READ',
  EDIT: 'CAN_MANAGE_PRODUCTION_VERSIONS',
}

export const isLevel = (value: unknown): value is Level => typeof value === 'string' && Object.hasOwn(levels, value)

/** The highest that whoever asks has. */
export function levelOf({ ability }: Ctx, on: ReturnType<typeof securableOf>): Level {
  if (may(ability, 'manage', on)) return 'CAN_MANAGE'
  if (may(ability, 'move', on)) return 'CAN_MANAGE_PRODUCTION_VERSIONS'
  if (may(ability, 'move', { ...on, places: ['None', 'Staging'] })) return 'CAN_MANAGE_STAGING_VERSIONS'
  return may(ability, 'edit', on) ? 'CAN_EDIT' : 'CAN_READ'
}
