/** The stages and gates that hold for a model: its own, else the workspace's, else MLflow's four and none. */
import type { Sql } from '@tidegate/db'
import { stages as usual } from '../registry/stages.ts'
import { type Gate, type PolicyRow, readPolicies } from './policy.sql.ts'

export interface Policy {
  /** In their order: the first is where versions begin, the last where they end. */
  stages: readonly string[]
  gates: readonly Gate[]
}

export const effective = (own: PolicyRow | undefined, above: PolicyRow | undefined): Policy => {
  const stages = own?.stages ?? above?.stages ?? usual
  const gates = own?.gates ?? above?.gates ?? []
  return { stages, gates: gates.filter(({ stage }) => isOfAliases(stage) || stages.includes(stage)) }
}

/** Of each of these models. */
export async function policiesOf(sql: Sql, workspace: number, models: readonly number[]): Promise<Map<number, Policy>> {
  const rows = await readPolicies(sql, workspace, models)
  const above = rows.find(({ modelId }) => modelId === null)
  const own = new Map(rows.map((row) => [row.modelId, row]))
  return new Map(models.map((id) => [id, effective(own.get(id), above)]))
}

/** Of models that have none of their own. */
export const workspacePolicy = async (sql: Sql, workspace: number): Promise<Policy> =>
  effective(undefined, (await readPolicies(sql, workspace, []))[0])

export const policyOf = async (sql: Sql, workspace: number, model: number): Promise<Policy> =>
  (await policiesOf(sql, workspace, [model])).get(model)!

/** Whether it is no stage but an alias, or a pattern of aliases: `@champion`, `@champ*`. */
export const isOfAliases = (place: string): boolean => place.startsWith('@')

/** A pattern has nothing in it that means something else in an expression. */
const matches = (pattern: string, alias: string): boolean => new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'iu').test(alias)

/** The gate that stands before a stage, or before an alias (`@champion`): the one that names it, else the first whose pattern it is of. */
export const gateOf = ({ gates }: Policy, place: string): Gate | undefined =>
  gates.find(({ stage }) => stage === place) ?? (isOfAliases(place) ? gates.find(({ stage }) => matches(stage, place)) : undefined)
