/** Reads by many ids at once, for lists whose entries each ask for one. They batch and never remember. */
import type { Experiment } from '@tidegate/db'
import DataLoader from 'dataloader'
import { may } from '../access.ts'
import { type Ctx, checkSignedIn } from '../context.ts'
import { notFound } from '../errors.ts'
import { countRuns, latestOf } from '../runs/write.sql.ts'

const perContext = <T extends object>(make: (ctx: Ctx) => T) => {
  const made = new WeakMap<Ctx, T>()
  return (ctx: Ctx): T => {
    const known = made.get(ctx)
    if (known) return known
    const loader = make(ctx)
    made.set(ctx, loader)
    return loader
  }
}

/** A loader of the context's lifetime. */
export const loader = <K, V>(load: (ctx: Ctx, keys: readonly K[]) => Promise<ArrayLike<V | Error>>) =>
  perContext(
    (ctx) =>
      new DataLoader<K, V>(
        async (keys) => {
          checkSignedIn(ctx)
          return load(ctx, keys)
        },
        { cache: false },
      ),
  )

export const runCounts = loader<number, { runs: number; live: number }>(async (ctx, ids) => {
  const rows = await countRuns(ctx.db, [...ids])
  const byId = new Map(rows.map((row) => [row.experiment, row]))
  return ids.map((id) => byId.get(id) ?? { runs: 0, live: 0 })
})

/** What last happened in experiments that have runs. */
export const latest = loader<number, { changedAt: number; user: string } | undefined>(async (ctx, ids) => {
  const byId = new Map((await latestOf(ctx.db, [...ids])).map((row) => [row.experiment, row]))
  return ids.map((id) => byId.get(id))
})

export const experimentById = loader<number, Experiment>(async (ctx, ids) => {
  const rows = await ctx.db.prisma.experiment.findMany({ where: { id: { in: [...ids] }, workspaceId: ctx.workspace.id, purgedAt: null } })
  const seen = rows.filter(({ id, workspaceId }) => may(ctx.ability, 'read', { kind: 'Experiment', id, workspaceId }))
  const byId = new Map(seen.map((row) => [row.id, row]))
  return ids.map((id) => byId.get(id) ?? notFound(`No Experiment with id=${id} exists`))
})
