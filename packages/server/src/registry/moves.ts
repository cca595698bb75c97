/**
 * What people and programs reach a version by is its stage and its aliases. Every change of either goes through `move`, whichever face
 * asked for it: a version that is put into a stage, the others that it sends out of it, an alias that is set, moved or taken away.
 *
 * Always true: a move is one transaction that holds the model, so that of two at once the second sees what the first has done; what
 * it says it was moved from is what it was; and it is written down as an activity with it.
 */
import { authorise } from '../access.ts'
import { type Ctx, type Doer, inTransaction, type Tx } from '../context.ts'
import { AppError } from '../errors.ts'
import { gateOf, isOfAliases, type Policy, policyOf } from '../gates/effective.ts'
import { isOneOf, type Voter, voterOf } from '../gates/people.ts'
import { keepPolicies } from '../gates/policy.sql.ts'
import { movedUnder } from '../gates/queue.ts'
import { supersede } from '../gates/requests.sql.ts'
import { conditionsChanged } from '../standing.ts'
import { record } from './activity.ts'
import { deleteAlias, othersIn, readAlias, readStage, setAlias, setStage } from './model-versions.sql.ts'
import { holdModel, keepModel } from './registered-models.sql.ts'
import { archived, stageNamed } from './stages.ts'
import { securableOf } from './targets.ts'

interface On {
  /** The registered model's id. */
  model: number
  /** What is said of it. */
  comment?: string
}

export type Move = On &
  /** `request`: the transition request whose gate has opened. Without, only whom the gate lets through goes there. */
  (
    | { kind: 'stage'; version: { id: number; version: number }; to: string; archiveOthers: boolean; request?: number }
    /** `to` null: it stands for nothing any more. */
    | { kind: 'alias'; alias: string; to: { id: number; version: number } | null; request?: number }
  )

export interface Moved {
  /** False where the model, or the version, is gone by now. */
  done: boolean
  /** The stage it was in, or the number of the version the alias stood for. */
  from: string | number | undefined
  /** The ids of the versions that were sent out. */
  sentOut: number[]
}

const gone: Moved = { done: false, from: undefined, sentOut: [] }

/** Tells who looks at the model, and who may see what where that depends on it. */
export async function rangMove(ctx: Pick<Ctx, 'db' | 'events' | 'workspace'>, model: number): Promise<void> {
  ctx.events.ring('model', model)
  ctx.events.ring('registry', ctx.workspace.id)
  await conditionsChanged(ctx, ctx.workspace.id)
}

/** The one place where stages and aliases change. */
export async function move(ctx: Ctx, it: Move): Promise<Moved> {
  const mover = await voterOf(ctx)
  const moved = await inTransaction(ctx, (tx) => (it.kind === 'stage' ? moveStage(tx, ctx, it, mover) : moveAlias(tx, ctx, it, mover)))
  if (moved.done) await rangMove(ctx, it.model)
  return moved
}

/** Within a transaction. Whoever calls it rings after the commit (`rangMove`). `mover`: who does it, where no request does. */
export async function moveStage(tx: Tx, ctx: Doer, it: Extract<Move, { kind: 'stage' }>, mover?: Voter): Promise<Moved> {
  const { version, to, archiveOthers, comment = '', request = null } = it
  const now = Date.now()
  const model = await holdModel(tx, it.model, now)
  if (!model) return gone
  const from = await readStage(tx, version.id)
  if (from === undefined) return gone
  await keepPolicies(tx, ctx.workspace.id)
  const policy = await policyOf(tx, ctx.workspace.id, model.id)
  // It may have been taken away since it was asked for.
  stageNamed(to, policy.stages)
  // It may have come into another stage since that was asked.
  if (mover && request === null)
    authorise(mover.ability, 'move', { ...securableOf({ id: model.id, workspaceId: ctx.workspace.id }), places: [from, to] })
  const unasked = request === null && from !== to && checkOpen(mover, policy, to)
  const sentOut = archiveOthers ? await othersIn(tx, { model: model.id, stage: to, but: version.id }) : []
  for (const { id } of sentOut) await setStage(tx, id, archived, now)
  await setStage(tx, version.id, to, now)
  const ended =
    from === to && request === null
      ? []
      : await supersede(tx, [version.id, ...sentOut.map(({ id }) => id)], { but: request, by: ctx.actor.name, at: now })
  if (from !== to || sentOut.length > 0) await movedUnder(tx, model.id)
  await record(
    tx,
    ctx,
    { kind: 'STAGE_CHANGED', model, version: version.version, from, to, comment, request, ...(unasked && { data: { unasked } }) },
    ...sentOut.map((other) => ({
      ...({ kind: 'STAGE_CHANGED_ALONG', model, version: other.version, from: to, to: archived } as const),
      data: { by: version.version },
    })),
    ...ended.map((it) => ({ kind: 'TRANSITION_SUPERSEDED', model, version: it.version, to: it.to, request: it.id }) as const),
  )
  return { done: true, from, sentOut: sentOut.map(({ id }) => id) }
}

/** True where a gate lets the mover through. Throws where it does not: the way in is to ask for it. */
function checkOpen(mover: Voter | undefined, policy: Policy, place: string): boolean {
  const gate = gateOf(policy, place)
  if (!gate) return false
  if (mover && gate.passers && isOneOf(mover, gate.passers)) return true
  const wants = [
    ...(gate.approvals ? [`${gate.approvals} ${gate.approvals === 1 ? 'approval' : 'approvals'}`] : []),
    ...(gate.checks.length ? [`the ${gate.checks.length === 1 ? 'check' : 'checks'} ${gate.checks.join(', ')}`] : []),
  ]
  throw new AppError('PERMISSION_DENIED', `'${place}' has a gate: ask for the transition, and ${wants.join(' and ')} open it.`, {
    field: isOfAliases(place) ? 'alias' : 'stage',
  })
}

/** Within a transaction, as `moveStage`. */
export async function moveAlias(tx: Tx, ctx: Doer, it: Extract<Move, { kind: 'alias' }>, mover?: Voter): Promise<Moved> {
  const { model: id, alias, to, comment = '', request = null } = it
  const model = await keepModel(tx, id)
  if (!model) return gone
  const before = await readAlias(tx, model.id, alias)
  const from = before === undefined ? null : String(before)
  await keepPolicies(tx, ctx.workspace.id)
  const isMove = (to?.version ?? undefined) !== before
  const unasked = request === null && isMove && checkOpen(mover, await policyOf(tx, ctx.workspace.id, model.id), `@${alias}`)
  const told = { model, from, comment, request, data: { alias, ...(unasked && { unasked }) } }
  if (!to) {
    if (before !== undefined) {
      await deleteAlias(tx, model.id, alias)
      await movedUnder(tx, model.id)
      await record(tx, ctx, { kind: 'ALIAS_DELETED', version: before, ...told })
    }
  } else if ((await readStage(tx, to.id)) === undefined) return gone
  else {
    const now = Date.now()
    await setAlias(tx, model.id, alias, to.id, now)
    const ended = isMove ? await supersede(tx, [to.id], { but: request, by: ctx.actor.name, at: now, alias }) : []
    if (isMove) await movedUnder(tx, model.id)
    await record(
      tx,
      ctx,
      { kind: 'ALIAS_SET', version: to.version, to: String(to.version), ...told },
      ...ended.map((it) => ({ kind: 'TRANSITION_SUPERSEDED', model, version: it.version, to: it.to, request: it.id }) as const),
    )
  }
  return { done: true, from: before, sentOut: [] }
}
