/**
 * The registry as it stood at a time: which version was in which stage, who had put it there, what the aliases stood for. Always true: it is
 * told from the activity, so models and versions that were deleted since are in it, by the names that they had then.
 */
import { z } from 'zod'
import { reachOf } from '../access.ts'
import type { Ctx } from '../context.ts'
import { operation, type Target } from '../operation.ts'
import { aliasesAt, type ModelTenure, namesAt, tenuresAt } from './moment.sql.ts'
import { modelName } from './names.ts'
import type { Alias } from './registered-models.sql.ts'
import { modelTarget } from './targets.ts'

export interface ModelMoment {
  id: number
  /** Then. */
  name: string
  tenures: ModelTenure[]
  aliases: Alias[]
}

export const registryAt = operation({
  name: 'activity.registry-at',
  input: z.object({ model: modelName.nullish(), at: z.int(), first: z.int().min(1).max(1_000) }),
  action: 'read',
  on: async (ctx: Ctx, { model }): Promise<Target<{ id: number } | null>> =>
    model ? modelTarget(ctx, model) : { securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null },
  async run(ctx, { at, first }, model): Promise<ModelMoment[]> {
    const tenures = await tenuresAt(ctx.db, {
      ...{ workspace: ctx.workspace.id, reach: reachOf(ctx.standing, 'RegisteredModel') },
      ...{ model: model?.id, at, limit: first },
    })
    const byModel = Map.groupBy(tenures, ({ modelId }) => modelId)
    const ids = [...byModel.keys()]
    const [names, aliases] = [await namesAt(ctx.db, ids, at), await aliasesAt(ctx.db, ids, at)]
    const nameOf = new Map(names.map(({ modelId, name }) => [modelId, name]))
    return ids
      .map((id) => {
        const stood = byModel.get(id)!
        const there = new Set(stood.map(({ version }) => version))
        return {
          ...{ id, name: nameOf.get(id) ?? '', tenures: stood },
          aliases: aliases.filter(({ modelId, version }) => modelId === id && there.has(version)),
        }
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  },
})
