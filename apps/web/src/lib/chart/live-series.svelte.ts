/**
 * The points of some metrics of some runs, kept current: each is loaded once as at most so many buckets, then followed from the cursor of
 * that very answer, so that nothing is lost or counted twice, also when the line drops. New points are folded in once per animation
 * frame. While the tab is hidden nothing is followed; on return the gap is fetched, or all of it again after a long absence.
 */
import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import { type ApiError, graphql, live, query, toApiError } from '#lib/api.ts'
import type { Axis, Range } from '#lib/chart/lines.ts'
import { type Arrivals, fold, noPoints, type Points, pointsOf, seriesRange, unpacked } from '#lib/chart/points.ts'

const SeriesOfRuns = graphql(`
  query SeriesOfRuns($runs: [ID!]!, $keys: [String!]!, $axis: SeriesAxis, $from: Float, $to: Float, $buckets: Int, $smoothing: Smoothing) {
    runs(ids: $runs) {
      id
      series(keys: $keys, axis: $axis, from: $from, to: $to, buckets: $buckets, smoothing: $smoothing) {
        key count sampled cursor
        packed { steps times min max last }
        smoothed { packed interval mean weights at }
      }
    }
  }
`)

const CursorsOfRuns = graphql(`
  query CursorsOfRuns($runs: [ID!]!) {
    runs(ids: $runs) { id cursor }
  }
`)

export const PointsOfRuns = graphql(`
  subscription PointsOfRuns($runs: [RunCursor!]!, $keys: [String!]) {
    points(runs: $runs, keys: $keys) {
      points { run key steps times values }
      cursors { run cursor }
    }
  }
`)

export interface Wanted {
  /** At most 200. */
  runs: readonly string[]
  keys: readonly string[]
  /** Only this part of the axis. @default all of it */
  range?: Range | null
  /** Of `range`. @default 'step' */
  axis?: Axis
  /** When a run began, in ms since 1970: where a range of `relative` counts from. */
  startedAt?: (run: string) => number
  /** About two per pixel of width. Read when something is loaded. @default 1 000 */
  buckets?: number
  /** Smoothed along `axis` over all points, 0–0.99. @default 0 */
  smoothing?: number
}

interface Series {
  readonly run: string
  readonly key: string
  /** Another object after each change, so that what is derived from it is derived again; the columns are the same arrays. */
  points: Points
  /** What of it is shown: points outside a zoom are left for the next load. */
  readonly within: { axis: 'STEP' | 'TIME'; from: number; to: number } | undefined
}

/** Series whose runs stand at one cursor each, followed by one subscription. */
interface Group {
  readonly cursors: Map<string, string>
  readonly members: Set<string>
  readonly keys: Set<string>
  stop: () => void
}

const nameOf = (run: string, key: string) => `${run}/${key}`
/** One query asks for no more than this many series, and no more keys than the server takes. */
const seriesPerQuery = 200
const keysPerQuery = 100
/** More subscriptions than this are made into one again. */
const mostGroups = 6
/** Charts come on screen one by one within a frame: what is wanted within so long is asked for together, ms. */
const gather = 4
/** After a longer absence all is loaded anew: replaying an hour of points would take longer. */
const longAbsence = 30_000
/** A slider rests so long before lines are smoothed anew; so often, at most, a mean that was lost is asked for again, ms. */
const smoothAfter = 200
const smoothAgain = 2_000

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

export class LiveSeries {
  #wanted: Wanted = { runs: [], keys: [] }
  #rangeKey = ''
  #smoothKey = ''
  #smoothTimer: ReturnType<typeof setTimeout> | undefined
  readonly #series = new Map<string, Series>()
  /** Grows with each change of a series: what readers of it depend on. */
  readonly #versions = new SvelteMap<string, number>()
  #groups = new Set<Group>()
  /** Names asked for and not yet answered, with the load that asks. */
  readonly #asked = new Map<string, number>()
  #load = 0
  #queue: { name: string; arrivals: Arrivals }[] = []
  #frame: number | undefined
  #hiddenAt: number | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #disposed = false

  /** Why the last load failed; undefined when it did not. */
  error: ApiError | undefined = $state.raw()
  /** True while something wanted has never been answered. */
  loading: boolean = $state(false)

  /** The points of a metric of a run; undefined until they are loaded. Another object after each change. */
  points(run: string, key: string): Points | undefined {
    const name = nameOf(run, key)
    void this.#versions.get(name)
    return this.#series.get(name)?.points
  }

  /** Says what to show from now on. What is no longer wanted is forgotten. */
  want(wanted: Wanted): void {
    const runs = [...new Set(wanted.runs)]
    const keys = [...new Set(wanted.keys)]
    const range = wanted.range ?? null
    const rangeKey = range ? `${wanted.axis ?? 'step'} ${range.from} ${range.to}` : ''
    const smoothKey = wanted.smoothing ? `${wanted.axis ?? 'step'} ${wanted.smoothing}` : ''
    const isSmoother = smoothKey !== '' && smoothKey !== this.#smoothKey
    const hasNewKeys = keys.some((key) => !this.#wanted.keys.includes(key))
    this.#smoothKey = smoothKey
    this.#wanted = { ...wanted, runs, keys, range }
    this.#forget(new Set(runs.flatMap((run) => keys.map((key) => nameOf(run, key)))))
    if (rangeKey !== this.#rangeKey) {
      this.#rangeKey = rangeKey
      this.reload()
    } else if (runs.some((run) => keys.some((key) => this.#isNew(run, key)))) {
      if (hasNewKeys) this.#timer ??= setTimeout(() => this.#complete(), gather)
      else if (this.#timer === undefined) this.#complete()
      this.#settle()
    }
    if (isSmoother) this.#smooth(smoothAfter)
  }

  /** Has what the page has a sample of smoothed anew, in a moment. */
  #smooth(after: number): void {
    clearTimeout(this.#smoothTimer)
    this.#smoothTimer = setTimeout(() => {
      this.#smoothTimer = undefined
      const wanted = this.#smoothing()
      const isAmiss = ({ points: { count, sampled, smoothed }, within }: Series) =>
        (sampled || (within !== undefined && count > 0)) &&
        (smoothed?.weight !== wanted?.weight || smoothed?.along !== wanted?.along || smoothed?.isLost)
      if (wanted && [...this.#series.values()].some(isAmiss)) this.reload()
    }, after)
  }

  #smoothing(): { weight: number; along: 'STEP' | 'TIME' } | undefined {
    const { smoothing, axis = 'step' } = this.#wanted
    return smoothing ? { weight: smoothing, along: axis === 'step' ? 'STEP' : 'TIME' } : undefined
  }

  /** Asks for what is wanted and neither here nor under way. */
  #complete(): void {
    this.#timer = undefined
    const { runs, keys } = this.#wanted
    // Runs that lack all the keys and keys that lack some runs are asked for apart, so that nothing is loaded twice.
    const newRuns = runs.filter((run) => keys.every((key) => this.#isNew(run, key)))
    const oldRuns = runs.filter((run) => !newRuns.includes(run))
    const newKeys = keys.filter((key) => oldRuns.some((run) => this.#isNew(run, key)))
    if (newRuns.length > 0 && keys.length > 0) void this.#begin(newRuns, keys)
    if (newKeys.length > 0) void this.#begin(oldRuns, newKeys)
    this.#settle()
  }

  #isNew(run: string, key: string): boolean {
    const name = nameOf(run, key)
    return !this.#asked.has(name) && ![...this.#groups].some((group) => group.members.has(name))
  }

  /** Loads all of it anew. What is shown stays until the answer is there. */
  reload(): void {
    this.#asked.clear()
    const before = [...this.#groups]
    void this.#begin(this.#wanted.runs, this.#wanted.keys, () => {
      for (const group of before) this.#end(group)
    })
  }

  /** Stops following while nobody looks, and goes on where it was. */
  show(visible: boolean): void {
    if (!visible) {
      this.#hiddenAt ??= Date.now()
      for (const group of this.#groups) group.stop()
    } else if (this.#hiddenAt !== undefined) {
      const away = Date.now() - this.#hiddenAt
      this.#hiddenAt = undefined
      if (away > longAbsence) this.reload()
      else for (const group of this.#groups) this.#listen(group)
    }
  }

  dispose(): void {
    this.#disposed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#smoothTimer)
    for (const group of this.#groups) group.stop()
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
  }

  get #most(): number {
    return 4 * (this.#wanted.buckets ?? 1_000)
  }

  #changed(name: string): void {
    untrack(() => this.#versions.set(name, (this.#versions.get(name) ?? 0) + 1))
  }

  #forget(names: ReadonlySet<string>): void {
    for (const name of this.#asked.keys()) if (!names.has(name)) this.#asked.delete(name)
    for (const name of this.#series.keys()) {
      if (names.has(name)) continue
      this.#series.delete(name)
      this.#changed(name)
    }
    for (const group of this.#groups) {
      const before = group.members.size
      for (const name of group.members) if (!names.has(name)) group.members.delete(name)
      if (group.members.size === 0) this.#end(group)
      else if (group.members.size < before) this.#narrow(group)
    }
    this.#settle()
  }

  /** Listens to fewer runs and keys than before. */
  #narrow(group: Group): void {
    const runs = new Set([...group.members].map((name) => name.slice(0, name.indexOf('/'))))
    const keys = new Set([...group.members].map((name) => name.slice(name.indexOf('/') + 1)))
    if (runs.size === group.cursors.size && keys.size === group.keys.size) return
    for (const run of group.cursors.keys()) if (!runs.has(run)) group.cursors.delete(run)
    for (const key of group.keys) if (!keys.has(key)) group.keys.delete(key)
    this.#listen(group)
  }

  #settle(): void {
    const loading = this.#asked.size > 0 || this.#timer !== undefined
    if (untrack(() => this.loading) !== loading) this.loading = loading
  }

  async #begin(runs: readonly string[], keys: readonly string[], done?: () => void): Promise<void> {
    const load = ++this.#load
    const names = runs.flatMap((run) => keys.map((key) => nameOf(run, key)))
    for (const name of names) this.#asked.set(name, load)
    this.#settle()
    /** What is still asked for by this load: the rest was given up, or is being loaded by a later one. */
    const isMine = (name: string) => this.#asked.get(name) === load
    try {
      const found = await this.#ask(runs, keys)
      if (this.#disposed) return
      // What waits for a frame belongs to the columns that are about to be replaced.
      this.#apply()
      done?.()
      for (const { series } of found) {
        const name = nameOf(series.run, series.key)
        if (!isMine(name)) continue
        this.#series.set(name, series)
        this.#changed(name)
      }
      this.#follow(found.filter(({ series }) => isMine(nameOf(series.run, series.key))))
      this.error = undefined
    } catch (caught) {
      if (this.#disposed) return
      if (names.some(isMine)) this.error = toApiError(caught)
    }
    for (const name of names) if (isMine(name)) this.#asked.delete(name)
    this.#settle()
    // Once all is quiet; a reload that leaves as many would not help.
    if (this.#groups.size > mostGroups && this.#asked.size === 0 && done === undefined) this.reload()
  }

  /** The series as they are, each with the cursor that its answer ends at. */
  async #ask(runs: readonly string[], keys: readonly string[]): Promise<{ series: Series; cursor: string }[]> {
    const found = await this.#query(runs, keys)
    const known = new Set(found.map(({ series }) => nameOf(series.run, series.key)))
    const lacking = runs.filter((run) => keys.some((key) => !known.has(nameOf(run, key))))
    if (lacking.length === 0) return found
    // A metric without points has no series, so no cursor. The run's own is good for it if taken before we look a second time.
    const cursors = new Map<string, string>()
    for (const run of (await query(CursorsOfRuns, { runs: lacking })).runs) if (run) cursors.set(run.id, run.cursor)
    // Runs that lack the same are asked for together.
    const alike = new Map<string, { runs: string[]; keys: string[] }>()
    for (const run of lacking) {
      const lacks = keys.filter((key) => !known.has(nameOf(run, key)))
      const sort = JSON.stringify(lacks)
      if (!alike.has(sort)) alike.set(sort, { runs: [], keys: lacks })
      alike.get(sort)!.runs.push(run)
    }
    const late = (await Promise.all([...alike.values()].map((some) => this.#query(some.runs, some.keys)))).flat()
    for (const { series } of late) known.add(nameOf(series.run, series.key))
    const empty = lacking.flatMap((run) => {
      const cursor = found.find(({ series }) => series.run === run)?.cursor ?? cursors.get(run)
      if (cursor === undefined) return []
      return keys
        .filter((key) => !known.has(nameOf(run, key)))
        .map((key) => ({ series: { run, key, points: noPoints(), within: this.#within(run) }, cursor }))
    })
    return [...found, ...late, ...empty]
  }

  #within(run: string): Series['within'] {
    const { range, axis = 'step', startedAt } = this.#wanted
    return range ? seriesRange(axis, range, startedAt?.(run) ?? 0) : undefined
  }

  async #query(runs: readonly string[], keys: readonly string[]): Promise<{ series: Series; cursor: string }[]> {
    const { axis, range, buckets = 1_000 } = this.#wanted
    const smoothing = this.#smoothing()
    // Each run has a range of its own on the relative axis.
    const together = range && axis === 'relative' ? 1 : Math.max(1, Math.floor(seriesPerQuery / Math.min(keys.length, keysPerQuery)))
    const asked = chunks(runs, together).flatMap((some) => chunks(keys, keysPerQuery).map((few) => ({ some, few })))
    const answers = await Promise.all(
      asked.map(async ({ some, few }) => {
        const within = this.#within(some[0]!)
        const answer = await query(SeriesOfRuns, { runs: some, keys: few, buckets, ...(within ?? {}), smoothing: smoothing ?? null })
        return answer.runs.flatMap((run) =>
          (run?.series ?? []).map((series) => ({
            series: { run: run!.id, key: series.key, points: pointsOf(unpacked(series), smoothing), within },
            cursor: series.cursor,
          })),
        )
      }),
    )
    return answers.flat()
  }

  /** One group for all that can be followed from one cursor per run; a second where an answer came between. */
  #follow(found: readonly { series: Series; cursor: string }[]): void {
    const groups: Group[] = []
    for (const { series, cursor } of found) {
      let group = groups.find(({ cursors }) => (cursors.get(series.run) ?? cursor) === cursor)
      if (group === undefined) groups.push((group = { cursors: new Map(), members: new Set(), keys: new Set(), stop: () => {} }))
      group.cursors.set(series.run, cursor)
      group.members.add(nameOf(series.run, series.key))
      group.keys.add(series.key)
    }
    for (const group of groups) {
      this.#groups.add(group)
      this.#listen(group)
    }
  }

  #listen(group: Group): void {
    group.stop()
    if (this.#hiddenAt !== undefined || this.#disposed) return
    group.stop = live(
      PointsOfRuns,
      () => ({ runs: [...group.cursors].map(([run, after]) => ({ run, after })), keys: [...group.keys] }),
      ({ points: { points, cursors } }) => {
        for (const { run, key, ...arrivals } of points) {
          const name = nameOf(run, key)
          if (group.members.has(name)) this.#queue.push({ name, arrivals })
        }
        for (const { run, cursor } of cursors) if (group.cursors.has(run)) group.cursors.set(run, cursor)
        if (this.#queue.length > 0) this.#frame ??= requestAnimationFrame(() => this.#apply())
      },
      (error) => {
        this.error = error
      },
    )
  }

  #end(group: Group): void {
    group.stop()
    this.#groups.delete(group)
  }

  #apply(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
    const queue = this.#queue
    this.#queue = []
    const changed = new Set<string>()
    for (const { name, arrivals } of queue) {
      const series = this.#series.get(name)
      if (series === undefined) continue
      if (!changed.has(name)) series.points = { ...series.points }
      fold(series.points, arrivals, this.#most, insideOf(series.within))
      changed.add(name)
      const { sampled, smoothed } = series.points
      // A line that has become too long is smoothed by the server from now on.
      if (this.#wanted.smoothing && (smoothed ? smoothed.isLost : sampled)) {
        if (this.#smoothTimer === undefined) this.#smooth(smoothAgain)
      }
    }
    for (const name of changed) this.#changed(name)
  }
}

function insideOf(within: Series['within']): ((step: number, time: number) => boolean) | undefined {
  if (within === undefined) return undefined
  const { axis, from, to } = within
  return (step, time) => (axis === 'STEP' ? step : time) >= from && (axis === 'STEP' ? step : time) <= to
}

/** Called while a component is set up: follows what `read` says, and stops with the component. */
export function followSeries(read: () => Wanted): LiveSeries {
  const series = new LiveSeries()
  $effect(() => {
    const wanted = read()
    untrack(() => series.want(wanted))
  })
  $effect(() => {
    const see = () => series.show(document.visibilityState === 'visible')
    see()
    document.addEventListener('visibilitychange', see)
    return () => {
      document.removeEventListener('visibilitychange', see)
      series.dispose()
    }
  })
  return series
}
