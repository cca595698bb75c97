/** What is done to many runs at once, across experiments: to all of them or to none. */
import { z } from 'zod'
import { may } from '../access.ts'
import { type Ctx, inTransaction, type Tx } from '../context.ts'
import { AppError, invalid, notFound, show } from '../errors.ts'
import { cutText, limits, required, key as tagKey } from '../fields.ts'
import { operation } from '../operation.ts'
import { deleteRows, findPlaces, lockHeads, type RunPlace, restoreRows, type TagColumns, writeTag } from './bulk.sql.ts'
import { ensureKeys, findKeys } from './keys.sql.ts'
import { readRuns } from './read.sql.ts'
import type { Run } from './run.ts'
import { nameTag, parentTag } from './runs.ts'

/** Runs in one request. */
export const mostRuns = 10_000

const runIds = z
  .array(required)
  .min(1, 'Name at least one run.')
  .max(mostRuns, `At most ${mostRuns} runs are changed at once. Send the rest in another request.`)

/** The runs, in the order asked, each once; permission is asked of all their experiments. Of one that may not be seen it is said that there is none. */
async function onRuns(ctx: Ctx, uuids: readonly string[]) {
  const wanted = [...new Set(uuids)]
  const places = new Map((await findPlaces(ctx.db, wanted)).map((place) => [place.uuid, place]))
  const row = wanted.map((uuid) => {
    const place = places.get(uuid)
    if (place?.workspaceId !== ctx.workspace.id || !maySee(ctx, place)) throw missing(uuid)
    return place
  })
  const experiments = new Map(row.map(({ experimentId, workspaceId }) => [experimentId, workspaceId]))
  return { securable: [...experiments].map(([id, workspaceId]) => ({ kind: 'Experiment' as const, id, workspaceId })), row }
}

const maySee = (ctx: Ctx, { experimentId, workspaceId }: RunPlace) =>
  may(ctx.ability, 'read', { kind: 'Experiment', id: experimentId, workspaceId })

const missing = (uuid: string) => notFound(`Run with id=${uuid} not found. Nothing was changed.`)

/** Does `work` while no other writes to the runs, where all of them are still there. */
function together<T>(ctx: Ctx, places: RunPlace[], work: (tx: Tx, closed: ReadonlySet<number>) => Promise<T>): Promise<T> {
  return inTransaction(ctx, async (tx) => {
    const heads = new Map(
      (
        await lockHeads(
          tx,
          places.map(({ id }) => id),
        )
      ).map(({ id, closed }) => [id, closed]),
    )
    const gone = places.find(({ id }) => !heads.has(id))
    if (gone) throw missing(gone.uuid)
    return work(tx, new Set([...heads].flatMap(([id, closed]) => (closed ? id : []))))
  })
}

function ring(tx: Tx, places: readonly RunPlace[], changed: ReadonlySet<number>, isShownInWorkspace: boolean): void {
  const experiments = new Map<number, number>()
  for (const { id, experimentId, workspaceId } of places) {
    if (!changed.has(id)) continue
    tx.ring('run', id)
    experiments.set(experimentId, workspaceId)
  }
  for (const id of experiments.keys()) tx.ring('experiment', id)
  if (isShownInWorkspace) for (const id of new Set(experiments.values())) tx.ring('workspace', id)
}

export const deleteRuns = operation({
  name: 'runs.delete',
  input: z.object({ runIds }),
  action: 'delete',
  on: (ctx, { runIds }) => onRuns(ctx, runIds),
  /** Those that were not deleted before. */
  async run(ctx, _, places): Promise<Run[]> {
    const ids = await together(ctx, places, async (tx) => {
      const ids = await deleteRows(
        tx,
        places.map(({ id }) => id),
        Date.now(),
        ctx.actor.name,
      )
      ring(tx, places, new Set(ids), true)
      return ids
    })
    return readRuns(ctx.db, ids)
  },
})

export const restoreRuns = operation({
  name: 'runs.restore',
  input: z.object({ runIds }),
  action: 'delete',
  on: (ctx, { runIds }) => onRuns(ctx, runIds),
  /** Those that were deleted before. */
  async run(ctx, _, places): Promise<Run[]> {
    const ids = await together(ctx, places, async (tx, closed) => {
      const wanted = places.filter(({ id }) => closed.has(id))
      const ids = await restoreRows(
        tx,
        wanted.map(({ id }) => id),
      )
      // What stays closed belongs to an experiment past return.
      const done = new Set(ids)
      const gone = wanted.find(({ id }) => !done.has(id))
      if (gone) throw missing(gone.uuid)
      ring(tx, places, done, true)
      return ids
    })
    return readRuns(ctx.db, ids)
  },
})

export interface TagChange {
  runs: string[]
  /** Null: none. */
  value: string | null
}

export interface Tagged {
  runs: Run[]
  before: TagChange[]
}

const tagValue = z.union([z.null(), z.undefined(), cutText(limits.tagValue)]).transform((value) => value ?? null)

export const tagRuns = operation({
  name: 'runs.tag',
  input: z
    .object({
      key: required,
      changes: z
        .array(z.object({ runs: z.array(required).min(1, 'Name at least one run.'), value: tagValue }))
        .min(1, 'Name at least one change.'),
    })
    .superRefine(({ key, changes }, context) => {
      // A run may begin with a tag of any name, so any can be taken away.
      const fault = changes.some(({ value }) => value !== null) ? tagKey.safeParse(key).error?.issues[0] : undefined
      if (fault) context.addIssue({ ...fault, code: 'custom', path: ['key'] } as never)
    }),
  action: 'edit',
  on: (ctx, { changes }) => {
    const all = changes.flatMap(({ runs }) => runs)
    const field = ctx.spell('changes')
    if (all.length > mostRuns)
      throw invalid(`At most ${mostRuns} runs are changed at once, and ${all.length} were named. Send the rest in another request.`, field)
    const seen = new Set<string>()
    const double = all.find((uuid) => seen.size === seen.add(uuid).size)
    if (double !== undefined) throw invalid(`Run ${show(double)} is named twice: a tag has one value.`, field)
    return onRuns(ctx, all)
  },
  async run(ctx, { key, changes }, places): Promise<Tagged> {
    const values = new Map(changes.flatMap(({ runs, value }) => runs.map((uuid) => [uuid, value] as const)))
    const keys = new Map<number, number | undefined>()
    for (const id of new Set(places.map(({ experimentId }) => experimentId))) {
      const isSet = places.some(({ uuid, experimentId }) => experimentId === id && values.get(uuid) !== null)
      keys.set(id, (await (isSet ? ensureKeys : findKeys)(ctx.db, id, 'tag', [key])).get(key))
    }
    // A key that its experiment does not know is on none of its runs.
    const touched = places.filter(({ experimentId }) => keys.get(experimentId) !== undefined)
    const columns: TagColumns = {
      runs: touched.map(({ id }) => id),
      keys: touched.map(({ experimentId }) => keys.get(experimentId)!),
      values: touched.map(({ uuid }) => values.get(uuid) ?? null),
    }
    const was = await together(ctx, places, async (tx, closed) => {
      const deleted = places.find(({ id }) => closed.has(id))
      if (deleted)
        throw new AppError(
          'INVALID_PARAMETER_VALUE',
          `The run ${deleted.uuid} is deleted and takes no tags. Nothing was changed: restore it, or leave it out.`,
          { field: ctx.spell('changes') },
        )
      const rows = await writeTag(tx, columns, key === nameTag ? 'name' : key === parentTag ? 'parent' : undefined)
      ring(tx, places, new Set(rows.map(({ run }) => run)), false)
      return new Map(rows.map(({ run, was }) => [run, was]))
    })
    const before = new Map<string | null, string[]>()
    for (const { id, uuid } of places) {
      const value = was.get(id)
      if (value === undefined) continue
      const same = before.get(value)
      if (same) same.push(uuid)
      else before.set(value, [uuid])
    }
    return {
      runs: await readRuns(ctx.db, [...was.keys()]),
      before: [...before].map(([value, runs]) => ({ value, runs })),
    }
  },
})
