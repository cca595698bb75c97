/**
 * The curve of a group of runs: of each metric the mean over the runs at the same x, how far they are apart, and how many they are. x is the
 * step, the clock, the time since each run began, or what another metric was.
 *
 * Bounded: at most `mostRuns` runs, the newest, of which each is read as at most `mostPlaces` entries, whatever its number of points.
 */
import { z } from 'zod'
import { required, text } from '../fields.ts'
import { call, operation } from '../operation.ts'
import { findKeys } from './keys.sql.ts'
import { against, type Line, type MeanLine, meanOf } from './mean-line.ts'
import type { ChartLine } from './points/points.ts'
import type { Run } from './run.ts'
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
    axis: z
      .enum(['STEP', 'TIME', 'RELATIVE'])
      .nullish()
      .transform((axis) => axis ?? 'STEP'),
    along: text,
    from: z.number().nullish(),
    to: z.number().nullish(),
    buckets: z.number().int().min(2).max(mostPlaces),
  }),
  action: 'read',
  on: onWorkspace,
  async run(ctx, { experimentId, filter, keys, axis, along, buckets, ...bounds }): Promise<GroupChart> {
    const { runs } = await call(ctx, searchRuns, { experimentIds: [experimentId], filter, maxResults: mostRuns })
    const found = await findKeys(ctx.db, runs[0]?.experimentId ?? 0, 'metric', along === undefined ? keys : [...keys, along])
    const ids = [...found.values()]
    const names = [...found.keys()]
    const from = bounds.from ?? undefined
    const to = bounds.to ?? undefined
    const rangeOf = ({ startTime }: Run) => {
      // What is along another metric is cut by that metric's values, after it was read.
      if (along !== undefined || axis === 'STEP') return { axis: 'step' as const, ...(along === undefined ? { from, to } : {}), buckets }
      const origin = axis === 'RELATIVE' ? startTime : 0
      return { axis: 'time' as const, from: from === undefined ? from : from + origin, to: to === undefined ? to : to + origin, buckets }
    }
    const read = await whole(ctx, runs, async () => {
      const lines = []
      for (let i = 0; i < runs.length; i += together)
        lines.push(...(await Promise.all(runs.slice(i, i + together).map((run) => ctx.points.charts([run.id], ids, rangeOf(run))))).flat())
      return lines
    })
    const place = along === undefined ? -1 : names.indexOf(along)
    const lineOf = (run: number, line: ChartLine): Line => {
      if (along === undefined) {
        if (axis === 'STEP') return { x: line.steps, y: line.last }
        const origin = axis === 'RELATIVE' ? runs[run]!.startTime : 0
        return { x: origin === 0 ? line.times : line.times.map((time) => time - origin), y: line.last }
      }
      return place < 0 ? { x: [], y: [] } : within(against(line, read[run]![place]!), from, to)
    }
    return {
      runs: runs.length,
      lines: names
        .map((key, k) => ({
          key,
          ...meanOf(
            read.map((lines, run) => lineOf(run, lines[k]!)),
            buckets,
            axis === 'STEP' && along === undefined ? 'even' : 'dense',
          ),
        }))
        .filter(({ key, x }) => x.length > 0 && keys.includes(key)),
      live: runs.flatMap(({ uuid, status }, i) => (status === 'RUNNING' && ids.length ? { run: uuid, cursor: read[i]![0]!.cursor } : [])),
    }
  },
})

function within({ x, y }: Line, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Line {
  const inside = (_: number, i: number) => x[i]! >= from && x[i]! <= to
  return { x: x.filter(inside), y: y.filter(inside) }
}
