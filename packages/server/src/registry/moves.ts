/**
 * What people and programs reach a version by is its stage and its aliases. Every change of either goes through `move`, whichever face
 * asked for it: a version that is put into a stage, the others that it sends out of it, an alias that is set, moved or taken away.
 *
 * Always true: a move is one transaction that holds the model, so that of two at once the second sees what the first has done; and what
 * it says it was moved from is what it was.
 */
import { type Ctx, inTransaction, type Tx } from '../context.ts'
import { conditionsChanged } from '../standing.ts'
import { deleteAlias, othersIn, readAlias, readStage, setAlias, setStage } from './model-versions.sql.ts'
import { holdModel, lockModel } from './registered-models.sql.ts'
import { archived } from './stages.ts'

interface On {
  /** The registered model's id. */
  model: number
}

export type Move = On &
  (
    | { kind: 'stage'; version: { id: number; version: number }; to: string; archiveOthers: boolean }
    /** `to` null: it stands for nothing any more. */
    | { kind: 'alias'; alias: string; to: { id: number; version: number } | null }
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

/** The one place where stages and aliases change. */
export async function move(ctx: Ctx, it: Move): Promise<Moved> {
  const moved = await inTransaction(ctx, (tx) => (it.kind === 'stage' ? moveStage(tx, it) : moveAlias(tx, it)))
  if (moved.done) {
    ctx.events.ring('model', it.model)
    ctx.events.ring('registry', ctx.workspace.id)
    await conditionsChanged(ctx, ctx.workspace.id)
  }
  return moved
}

async function moveStage(tx: Tx, { model, version, to, archiveOthers }: Extract<Move, { kind: 'stage' }>): Promise<Moved> {
  const now = Date.now()
  if (!(await holdModel(tx, model, now))) return gone
  const from = await readStage(tx, version.id)
  if (from === undefined) return gone
  const sentOut = archiveOthers ? await othersIn(tx, { model, stage: to, but: version.id }) : []
  for (const id of sentOut) await setStage(tx, id, archived, now)
  await setStage(tx, version.id, to, now)
  return { done: true, from, sentOut }
}

async function moveAlias(tx: Tx, { model, alias, to }: Extract<Move, { kind: 'alias' }>): Promise<Moved> {
  if (!(await lockModel(tx, model))) return gone
  const from = await readAlias(tx, model, alias)
  if (!to) await deleteAlias(tx, model, alias)
  else if ((await readStage(tx, to.id)) === undefined) return gone
  else await setAlias(tx, model, alias, to.id, Date.now())
  return { done: true, from, sentOut: [] }
}
