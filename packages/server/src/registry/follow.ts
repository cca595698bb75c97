/**
 * Following a model or a version as it changes: by its id, so that it may be renamed meanwhile. Always true: the right to read it is asked
 * anew each time, and after it is deleted or hidden nothing comes but that.
 */
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
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
