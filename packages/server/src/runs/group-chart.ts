/**
 * The curve of a group of runs: of each metric the mean over the runs at the same steps, how far they are apart, and how many they are.
 *
 * Bounded: at most `mostRuns` runs, the newest, of which each is read as at most `mostPlaces` entries, whatever its number of points.
 */
import { z } from 'zod'
import { required, text } from '../fields.ts'
import { call, operation } from '../operation.ts'
import { findKeys } from './keys.sql.ts'
import { type MeanLine, meanOf } from './mean-line.ts'
import { onWorkspace, searchRuns, whole } from './runs.ts'

export const mostRuns = 100
export const mostPlaces = 500
export const mostKeys = 20
/** Runs that are read at a time. */
const together = 4

export interface GroupChart {
  /** Runs that the lines are of. */
  runs: number
  lines: Array<MeanLine & { key: string }>
  /** Those of the runs that go on, and where their points end in this answer. */
  live: Array<{ run: string; cursor: number }>
}

export const groupChart = operation({
  name: 'metric.group-chart',
  input: z.object({
    experimentId: required,
    filter: text,
    keys: z.array(z.string()).max(mostKeys),
    from: z.number().nullish(),
    to: z.number().nullish(),
    buckets: z.number().int().min(2).max(mostPlaces),
  }),
  action: 'read',
  on: onWorkspace,
  async run(ctx, { experimentId, filter, keys, from, to, buckets }): Promise<GroupChart> {
    const { runs } = await call(ctx, searchRuns, { experimentIds: [experimentId], filter, maxResults: mostRuns })
    const found = await findKeys(ctx.db, runs[0]?.experimentId ?? 0, 'metric', keys)
    const ids = [...found.values()]
    const range = { axis: 'step' as const, from: from ?? undefined, to: to ?? undefined, buckets }
    const read = await whole(ctx, runs, async () => {
      const lines = []
      for (let i = 0; i < runs.length; i += together)
        lines.push(...(await Promise.all(runs.slice(i, i + together).map(({ id }) => ctx.points.chart(id, ids, range)))))
      return lines
    })
    return {
      runs: runs.length,
      lines: [...found.keys()]
        .map((key, k) => ({
          key,
          ...meanOf(
            read.map((lines) => lines[k]!),
            buckets,
          ),
        }))
        .filter(({ steps }) => steps.length > 0),
      live: runs.flatMap(({ uuid, status }, i) => (status === 'RUNNING' && ids.length ? { run: uuid, cursor: read[i]![0]!.cursor } : [])),
    }
  },
})
