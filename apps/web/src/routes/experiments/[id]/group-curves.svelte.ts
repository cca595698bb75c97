/**
 * The curves of groups: of each its runs' mean along x, with a band around it, as the server reckons it. What is shown is asked for again, at most so often, when a run of them logs a point or changes; while the tab is hidden nothing is asked.
 */
import { untrack } from 'svelte'
import { type ApiError, live, query, type ResultOf, toApiError } from '#lib/api.ts'
import { calmly } from '#lib/calmly.ts'
import type { ChartLine, Range } from '#lib/chart/lines.ts'
import { PointsOfRuns } from '#lib/chart/live-series.svelte.ts'
import { seriesRange, toNumber } from '#lib/chart/points.ts'
import { connection } from '#lib/connection.svelte.ts'
import { formatCount, formatNumber } from '#lib/format.ts'
import { joinClauses, splitClauses } from './clauses.ts'
import { GroupCurves } from './documents.ts'
import type { Groups } from './groups.svelte.ts'
import type { Axis, Band } from './view.ts'

interface Wanted {
  experiment: string
  filter: string
  groups: Groups
  keys: readonly string[]
  axis: Axis
  /** The metric whose values are x; undefined: `axis` says. */
  along: string | undefined
  band: Band
  range: Range | null
  buckets: number
}

type Line = ResultOf<typeof GroupCurves>['groupSeries']['lines'][number]

interface Curve {
  runs: number
  lines: Map<string, Line>
  live: { run: string; after: string }[]
}

const axisNames = { step: 'STEP', time: 'TIME', relative: 'RELATIVE' } as const
/** What is shown around a mean, in words. */
const bandWords: Record<Band, string> = { range: ', min – max', sd: ' ± sd', none: '' }
/** What the server takes. */
const keysPerQuery = 20
const mostPlaces = 500
const mostFollowed = 200
/** Curves are asked for again at most so often, ms. */
const pause = 2_000
/** Charts come on screen one by one: what is wanted within so long is asked for together, ms. */
const gather = 20

/** Called while a component is set up. Undefined: nothing is asked. */
export function followMeans(read: () => Wanted | undefined) {
  let curves = $state.raw<ReadonlyMap<string, Curve>>(new Map())
  let loading = $state(false)
  let error = $state.raw<ApiError | undefined>()
  let stop = new AbortController()
  let unfollow = () => {}

  // Compared as text, so that what changes nothing here asks for nothing.
  const question = $derived.by(() => {
    const wanted = read()
    if (!wanted || wanted.keys.length === 0) return undefined
    const { experiment, filter, keys, axis, along, range, buckets, groups } = wanted
    const within = range && along === undefined ? seriesRange(axis, range, 0) : {}
    return JSON.stringify({
      experiment,
      filter,
      keys: keys.filter((key) => key !== along),
      axis: along === undefined ? axis : 'step',
      along,
      within,
      buckets: Math.min(mostPlaces, buckets),
      groups: groups.drawn.map((group) => group.filter),
    })
  })

  async function load(): Promise<void> {
    const text = question
    stop.abort()
    stop = new AbortController()
    const { signal } = stop
    if (text === undefined || document.visibilityState === 'hidden') return
    const { experiment, filter, keys, axis, along, within, buckets, groups } = JSON.parse(text) as {
      experiment: string
      filter: string
      keys: string[]
      axis: Axis
      along?: string
      within: { from?: number; to?: number }
      buckets: number
      groups: string[]
    }
    const parts = Array.from({ length: Math.ceil(keys.length / keysPerQuery) }, (_, i) =>
      keys.slice(i * keysPerQuery, (i + 1) * keysPerQuery),
    )
    loading = true
    try {
      const found = await Promise.all(
        groups.map(async (group): Promise<[string, Curve]> => {
          const whole = joinClauses([...splitClauses(filter), group])
          const answers = await Promise.all(
            parts.map((some) =>
              query(
                GroupCurves,
                {
                  experiment,
                  filter: whole,
                  keys: some,
                  axis: axisNames[axis],
                  along: along ?? null,
                  buckets,
                  from: within.from ?? null,
                  to: within.to ?? null,
                },
                { signal },
              ),
            ),
          )
          // A run that is followed from the first of its cursors misses nothing.
          const cursors = new Map<string, string>()
          for (const { groupSeries } of answers)
            for (const { run, cursor } of groupSeries.live)
              if (!cursors.has(run) || Number(cursor) < Number(cursors.get(run))) cursors.set(run, cursor)
          return [
            group,
            {
              runs: answers[0]!.groupSeries.runs,
              lines: new Map(answers.flatMap(({ groupSeries }) => groupSeries.lines.map((line): [string, Line] => [line.key, line]))),
              live: [...cursors].map(([run, after]) => ({ run, after })),
            },
          ]
        }),
      )
      signal.throwIfAborted()
      curves = new Map(found)
      error = undefined
      follow(along === undefined ? keys : [...keys, along])
    } catch (caught) {
      if (signal.aborted) return
      error = toApiError(caught)
    }
    loading = false
  }

  /** The points of runs that go on are a bell: what they make of the mean is the server's to say. */
  function follow(keys: readonly string[]): void {
    unfollow()
    const running = [...curves.values()].flatMap((curve) => curve.live).slice(0, mostFollowed)
    const after = new Map(running.map((each) => [each.run, each.after]))
    unfollow =
      after.size === 0
        ? () => {}
        : live(
            PointsOfRuns,
            () => ({ runs: [...after].map(([run, after]) => ({ run, after })), keys: [...keys] }),
            ({ points: { points, cursors } }) => {
              for (const { run, cursor } of cursors) after.set(run, cursor)
              if (points.length > 0) again.ring()
            },
          )
  }

  const again = calmly(pause, load)

  $effect(() => {
    void connection.returns
    if (question === undefined) {
      stop.abort()
      unfollow()
      curves = new Map()
      loading = false
      return
    }
    const timer = setTimeout(() => void load(), gather)
    return () => clearTimeout(timer)
  })
  // A run may come to a group, or leave it.
  $effect(() => {
    const changes = read()?.groups.list.changes
    if (changes) untrack(() => again.ring())
  })
  $effect(() => {
    const see = () => {
      if (document.visibilityState === 'visible') again.ring()
      else unfollow()
    }
    document.addEventListener('visibilitychange', see)
    return () => {
      document.removeEventListener('visibilitychange', see)
      stop.abort()
      again.stop()
      unfollow()
    }
  })

  return {
    get loading() {
      return loading
    },
    get error() {
      return error
    },
    reload: () => void load(),
    /** What is to be said below the lines; undefined where none is drawn. */
    get note(): string | undefined {
      if (curves.size === 0) return undefined
      const wanted = read()
      const cut = wanted?.groups.drawn.find(({ filter, count }) => (curves.get(filter)?.runs ?? count) < count)
      return `mean${bandWords[wanted?.band ?? 'range']}${cut ? ` of the newest ${formatCount(curves.get(cut.filter)!.runs)} runs` : ''}`
    },
    /** The groups' lines of a metric. */
    lines(key: string): ChartLine[] {
      const { groups, band } = read() ?? {}
      return (groups?.drawn ?? []).flatMap((group): ChartLine[] => {
        const curve = curves.get(group.filter)
        const line = curve?.lines.get(key)
        if (!curve || !line) return []
        const mean = line.mean.map(toNumber)
        const sd = line.sd.map(toNumber)
        const around =
          band === 'range'
            ? { min: line.min.map(toNumber), max: line.max.map(toNumber), band: 'range' as const }
            : band === 'sd'
              ? { min: mean.map((y, i) => y - (sd[i] || 0)), max: mean.map((y, i) => y + (sd[i] || 0)), band: 'sd' as const }
              : {}
        return [
          {
            id: `group ${group.filter}`,
            name: group.values.map((value) => value ?? 'none').join(' · '),
            color: groups!.color(group) ?? 'var(--text-3)',
            x: line.x,
            y: mean,
            ...around,
            breaks: line.breaks,
            said: line.count.map((n, i) => `${n > 1 ? `± ${formatNumber(sd[i], 2)} ` : ''}n ${n}`),
            many: true,
            live: curve.live.length > 0,
          },
        ]
      })
    },
  }
}
