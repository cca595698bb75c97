/** The searches of the registry: MLflow's filter and order, a page at a time, and only what the caller may read. */
import { z } from 'zod'
import { reachOf } from '../access.ts'
import type { Ctx } from '../context.ts'
import { checkPage, int64, text } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { type Order, parseOrderBy } from '../search/column.ts'
import { type Filter, parseFilter } from '../search/filter.ts'
import { offsetOf, pageToken } from '../search/page-token.ts'
import { patiently } from '../search/patterns.sql.ts'
import { type ModelVersion, readVersions } from './model-versions.sql.ts'
import { modelName } from './names.ts'
import { type RegisteredModel, readModels } from './registered-models.sql.ts'
import { type RegistryPage, searchModels, searchVersions } from './search.sql.ts'

export interface ModelPage {
  models: RegisteredModel[]
  total: number | undefined
  nextPageToken: string | undefined
}

export interface VersionPage {
  versions: ModelVersion[]
  total: number | undefined
  nextPageToken: string | undefined
}

/** Results a page may have, and has where it is not said. */
const sizes = { registered: { usual: 100, most: 1000 }, versions: { usual: 10_000, most: 200_000 } }

const input = (usual: number) =>
  z.object({
    filter: text,
    orderBy: z.array(z.string()).nullish(),
    maxResults: int64.nullish().transform((value) => value ?? usual),
    pageToken: text,
    /** Count all that match. */
    count: z.boolean().default(false),
  })

type Input = z.output<ReturnType<typeof input>>

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

const named = (name: string): Filter => ({
  type: 'comparison',
  column: { kind: 'attribute', key: 'name' },
  comparator: '=',
  value: name,
  start: 0,
  end: 0,
})
const both = (one: Filter | null, other: Filter | null): Filter | null =>
  one && other ? { type: 'and', of: [one, other] } : (one ?? other)

async function page(
  ctx: Ctx,
  { filter: asked, orderBy, maxResults, pageToken: token, count }: Input,
  { of, usual, model }: { of: 'registered' | 'versions'; usual: readonly Order[]; model?: string | null | undefined },
): Promise<RegistryPage & { nextPageToken: string | undefined }> {
  checkPage(maxResults, sizes[of].most)
  const offset = offsetOf(token)
  const filter = both(parseFilter(asked, of), model ? named(model) : null)
  const order = parseOrderBy(orderBy ?? [], of)
  const reach = reachOf(ctx.standing, 'RegisteredModel')
  const find = of === 'registered' ? searchModels : searchVersions
  const it = {
    workspace: ctx.workspace.id,
    reach,
    filter,
    orderBy: order.length ? order : usual,
    limit: maxResults,
    offset,
    count,
    withPrompts: Boolean(model),
  }
  const found = await patiently(ctx.db, filter, (sql) => find(sql, it))
  return { ...found, nextPageToken: found.hasMore ? pageToken(offset + maxResults) : undefined }
}

export const searchRegisteredModels = operation({
  name: 'registered-model.search',
  input: input(sizes.registered.usual),
  action: 'read',
  on: here,
  async run(ctx, it): Promise<ModelPage> {
    const { ids, total, nextPageToken } = await page(ctx, it, { of: 'registered', usual: [] })
    return { models: await readModels(ctx.db, ids), total, nextPageToken }
  },
})

export const searchModelVersions = operation({
  name: 'model-version.search',
  /** `model`: of this one only, prompt or not. */
  input: input(sizes.versions.usual).extend({ model: modelName.nullish() }),
  action: 'read',
  on: here,
  async run(ctx, it): Promise<VersionPage> {
    const usual = [{ column: { kind: 'attribute', key: 'last_updated_timestamp' }, descending: true }] as const
    const { ids, total, nextPageToken } = await page(ctx, it, { of: 'versions', usual, model: it.model })
    return { versions: await readVersions(ctx.db, ids), total, nextPageToken }
  },
})
