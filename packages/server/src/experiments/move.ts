/**
 * Experiments are in folders by their names alone: what stands before the last slash. So moving one, or a folder with all that is in it, is
 * giving them other names, and given back the old ones they are where they were. All of them move, or none.
 */
import { z } from 'zod'
import type { Securable } from '../access.ts'
import { type Ctx, inTransaction } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { experimentNumber, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { type ExperimentWithTags, experimentName, taken, withTags } from './experiments.ts'
import { type ExperimentPlace, findExperiments, namesTaken, renameAll } from './move.sql.ts'

/** How many are renamed at once. */
export const mostRenamed = 10_000

interface Rename {
  experimentId: string
  name: string
}

async function places(ctx: Ctx, names: readonly Rename[]): Promise<Target<ExperimentPlace[], Securable[]>> {
  const found = new Map(
    (
      await findExperiments(
        ctx.db,
        ctx.workspace.id,
        names.map(({ experimentId }) => experimentNumber(experimentId)),
      )
    ).map((place) => [place.id, place]),
  )
  const row = names.map(({ experimentId }) => {
    const place = found.get(experimentNumber(experimentId))
    if (!place) throw notFound(`No Experiment with id=${experimentId} exists`)
    return place
  })
  return { securable: row.map(({ id, workspaceId }) => ({ kind: 'Experiment', id, workspaceId })), row }
}

export const renameExperiments = operation({
  name: 'experiments.rename',
  input: z
    .object({ names: z.array(z.object({ experimentId: required, name: experimentName })).min(1) })
    .superRefine(({ names }, context) => {
      if (names.length > mostRenamed) {
        context.addIssue({
          code: 'custom',
          params: { plain: true },
          path: ['names'],
          message: `'names' has ${names.length} experiments; ${mostRenamed} at most are renamed at once. Move the folders inside one by one`,
        })
      }
    }),
  action: 'edit',
  on: (ctx, { names }) => places(ctx, names),
  // Of a folder with very many the first are told: an entry is short.
  state: async (ctx, _, rows) => {
    const found = await findExperiments(
      ctx.db,
      ctx.workspace.id,
      rows.slice(0, 20).map(({ id }) => id),
    )
    return Object.fromEntries(found.map(({ id, name }) => [id, name]))
  },
  async run(ctx, { names }, rows): Promise<ExperimentWithTags[]> {
    const ids = rows.map(({ id }) => id)
    const wanted = names.map(({ name }) => name)
    const firstTwice = (list: readonly unknown[]) => list.findIndex((each, i) => list.indexOf(each) !== i)
    if (new Set(ids).size < ids.length) {
      const i = firstTwice(ids)
      throw invalid(`Experiment ${ids[i]} is named twice. Give each experiment once.`, `names[${i}].id`)
    }
    if (new Set(wanted).size < wanted.length) {
      const i = firstTwice(wanted)
      throw invalid(`Two experiments would be called '${wanted[i]}'. Give each a name of its own.`, `names[${i}].name`)
    }
    const gone = (id: number) => new AppError('INVALID_STATE', `Cannot rename experiment ${id}: it is deleted. Restore it first.`)
    const deleted = rows.find(({ isDeleted }) => isDeleted)
    if (deleted) throw gone(deleted.id)
    try {
      await inTransaction(ctx, async (tx) => {
        const other = await namesTaken(tx, ctx.workspace.id, ids, wanted)
        if (other !== undefined) throw taken(other)
        const active = new Set(await renameAll(tx, ids, wanted, Date.now()))
        const left = ids.find((id) => !active.has(id))
        if (left !== undefined) throw gone(left)
        for (const id of ids) tx.ring('experiment', id)
        tx.ring('workspace', ctx.workspace.id)
      })
    } catch (error) {
      // Somebody took it between the look and the writing.
      if ((error as { code?: string }).code !== '23505') throw error
      throw taken((await namesTaken(ctx.db, ctx.workspace.id, ids, wanted)) ?? wanted[0]!)
    }
    return ctx.db.prisma.experiment.findMany({ where: { id: { in: ids } }, include: withTags })
  },
})
