/**
 * Following a model or a version as it changes, and what happens to models: by their ids, so that they may be renamed meanwhile. Always true: the right to read it is asked
 * anew each time, and after it is deleted or hidden nothing comes but that.
 */
import { reachOf } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid } from '../errors.ts'
import { call } from '../operation.ts'
import { type Activity, readActivities } from './activity.sql.ts'
import { listActivities } from './activity.ts'
import type { ModelVersion } from './model-versions.sql.ts'
import { getModelVersion } from './model-versions.ts'
import { type RegisteredModel, readModels } from './registered-models.sql.ts'
import { getRegisteredModel } from './registered-models.ts'

/** What `read` gives of the model by the name it has by then, null where it is gone. */
async function* follow<T>(ctx: Ctx, id: number, signal: AbortSignal, read: (name: string) => Promise<T>): AsyncGenerator<T | null> {
  for await (const _ of ctx.events.listen([['model', id]], signal, 250)) {
    const [row] = await readModels(ctx.db, [id])
    try {
      if (row) {
        yield await read(row.name)
        continue
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error
    }
    return yield null
  }
}

export async function* followModel(ctx: Ctx, name: string, signal: AbortSignal): AsyncGenerator<{ model: RegisteredModel | null }> {
  const { id } = await call(ctx, getRegisteredModel, { name })
  for await (const model of follow(ctx, id, signal, (name) => call(ctx, getRegisteredModel, { name }))) yield { model }
}

export async function* followVersion(
  ctx: Ctx,
  it: { name: string; version: number },
  signal: AbortSignal,
): AsyncGenerator<{ version: ModelVersion | null }> {
  const version = String(it.version)
  const { modelId } = await call(ctx, getModelVersion, { name: it.name, version })
  for await (const found of follow(ctx, modelId, signal, (name) => call(ctx, getModelVersion, { name, version }))) yield { version: found }
}

/** Entries of one event. */
const batch = 200

export interface ActivityEvent {
  entries: Activity[]
  cursor: string
}

/** What happens, from a cursor. Always true: the first event says where it begins, be it empty. */
export async function* followActivity(
  ctx: Ctx,
  { model, after }: { model?: string | null | undefined; after?: string | null | undefined },
  signal: AbortSignal,
): AsyncGenerator<ActivityEvent> {
  if (after && !/^\d{1,15}$/.test(after)) throw invalid('`after` is no cursor: give back that of an event.', 'after')
  const id = model ? (await call(ctx, getRegisteredModel, { name: model })).id : undefined
  const wanted = { workspace: ctx.workspace.id, reach: reachOf(ctx.standing, 'RegisteredModel'), model: id }
  // Asked also where it is begun from a cursor: it says whether they may.
  const newest = (await call(ctx, listActivities, { model, first: 1 })).entries[0]?.id ?? 0
  let cursor = after ? Number(after) : newest
  let isFirst = true
  const bell = id === undefined ? (['registry', ctx.workspace.id] as const) : (['model', id] as const)
  for await (const _ of ctx.events.listen([[...bell]], signal, 500)) {
    for (;;) {
      const entries = await readActivities(ctx.db, { ...wanted, after: cursor, limit: batch })
      cursor = entries.at(-1)?.id ?? cursor
      if (entries.length || isFirst) yield { entries, cursor: String(cursor) }
      isFirst = false
      if (entries.length < batch) break
    }
  }
}
