/** The registry as rows and columns: as it is now, or as it stood at a time. */
import { isOfAliases } from '#lib/stages.ts'
import type { Gate, ModelFacts } from './documents.ts'
import { tellShort } from './gate-words.ts'

export interface BoardVersion {
  version: number
  stage: string
  since: number
  /** Whose it is, or where it comes from. */
  from: string
  aliases: readonly string[]
}

export interface BoardModel {
  id: string
  name: string
  about: string
  stages: readonly string[]
  gates: readonly Gate[]
  /** One of each stage that has any. */
  versions: readonly BoardVersion[]
  count: number | undefined
}

/** The first line of what is written of a model, without Markdown's marks. */
const lineOf = (text: string): string =>
  text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.replace(/[#*_`>]/g, '')
    .trim() ?? ''

/** `above` are the gates of the workspace, which hold where a model has none of its own. */
export const boardOf = (model: ModelFacts, above: readonly Gate[]): BoardModel => ({
  ...{ id: model.id, name: model.name, about: lineOf(model.description) || model.owner, stages: model.stages },
  gates: (model.ownPolicy?.gates ?? above).filter(({ stage }) => isOfAliases(stage) || model.stages.includes(stage)),
  versions: model.latestVersions.map(({ version, stage, stagedAt, run, createdBy, aliases }) => ({
    ...{ version, stage, since: stagedAt, from: run?.name ?? createdBy, aliases },
  })),
  count: model.versionCount,
})

export interface Moment {
  id: string
  name: string
  stages: ReadonlyArray<{ version: number; stage: string; since: number; by: string }>
  aliases: ReadonlyArray<{ alias: string; version: number }>
}

/** In the order of the stages that there are now; those that are gone by now stand before the archive. */
export function boardAt({ id, name, stages, aliases }: Moment, order: readonly string[]): BoardModel {
  const past = [...new Set(stages.map(({ stage }) => stage))].filter((stage) => !order.includes(stage))
  return {
    ...{ id, name, about: '', stages: [...order.slice(0, -1), ...past, ...order.slice(-1)], gates: [], count: undefined },
    versions: stages.map(({ version, stage, since, by }) => ({
      ...{ version, stage, since, from: `by ${by}` },
      aliases: aliases.filter((alias) => alias.version === version).map(({ alias }) => alias),
    })),
  }
}

export interface Column {
  stage: string
  /** What stands before it, where it is the same for most; null: no model has a gate there. */
  gate: Gate | null
}

/** All stages there are, in the order of the first model that has each, and the gate that most have before it. */
export function columnsOf(models: readonly BoardModel[]): Column[] {
  const stages = [...new Set(models.flatMap((model) => model.stages))]
  // What only one model has comes before the archive all the same.
  const last = stages.filter((stage) => stage === 'Archived')
  return [...stages.filter((stage) => stage !== 'Archived'), ...last].map((stage) => {
    const gates = models.flatMap((model) => model.gates.filter((gate) => gate.stage === stage))
    const counts = Map.groupBy(gates, (gate) => tellShort(gate).join())
    const most = [...counts.values()].sort((a, b) => b.length - a.length)[0]
    return { stage, gate: most?.[0] ?? null }
  })
}

/** What is shown of a request in the cell of its gate. */
export interface GateRequest {
  id: string
  to: string
  state: string
  closedAt: number | null
  approvalsNeeded: number
  approvals: readonly unknown[]
  checks: ReadonlyArray<{ isMet: boolean }>
  version: { name: string; version: number }
}

/** How long a gate shows that it has opened, or that it was closed in somebody's face, ms. */
const shown = { APPROVED: 3_600_000, REJECTED: 3 * 86_400_000 } as const

/** What stands at each gate of each model, by the model's name and the stage: what is open, else what was decided just now. */
export function atGates(open: readonly GateRequest[], closed: readonly GateRequest[], now: number): Map<string, GateRequest[]> {
  const recent = closed.filter(({ state, closedAt }) => closedAt !== null && now - closedAt < (shown[state as keyof typeof shown] ?? 0))
  const at = Map.groupBy(open, ({ version, to }) => `${version.name}/${to}`)
  // The newest first: it alone says how it ended.
  for (const request of recent) {
    const key = `${request.version.name}/${request.to}`
    if (!at.has(key)) at.set(key, [request])
  }
  return at
}

/** For those who can't see ticks. */
export function tellRequest({ state, version, to, checks, approvals, approvalsNeeded }: GateRequest, isMine: boolean): string {
  const who = `v${version.version}`
  if (state === 'APPROVED') return `${who} passed into ${to}`
  if (state === 'REJECTED') return `${who} was rejected for ${to}`
  const met = checks.filter(({ isMet }) => isMet).length
  return `${who} asks for ${to}: ${checks.length ? `${met} of ${checks.length} checks, ` : ''}${approvals.length} of ${approvalsNeeded} approvals${isMine ? ', waits on you' : ''}`
}
