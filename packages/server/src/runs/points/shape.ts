/** What goes into the store of points and comes out of it. */

/** Points in four parallel arrays, in any order; keys may repeat. Steps and times are safe integers, values finite or NaN. */
export interface PointColumns {
  keys: readonly number[]
  steps: readonly number[]
  /** ms since 1970 */
  times: readonly number[]
  values: readonly number[]
}

/** What writing points did beside: `grew` where the run has a metric that it did not have before. */
export interface Appended {
  grew: boolean
}

/** Points of one metric, ordered by step, time and value. */
export interface Series {
  key: number
  steps: number[]
  times: number[]
  values: number[]
}

/** All of a run's points up to here were seen. 0 is before the first. */
export interface RunCursor {
  run: number
  after: number
}

export interface NewPoints {
  /** Runs whose cursor moved; `series` may be empty, where what came was nothing new or of other keys. */
  runs: Array<{ run: number; cursor: number; series: Series[] }>
  /** There is more to read at once, from the new cursors. */
  more: boolean
}

export interface HistoryOptions {
  /** The most points to answer. */
  limit: number
  /** `next` of the page before. */
  after?: string | undefined
}

/** Points ordered by time, step and value. Later pages hold what was there at the first. */
export interface HistoryPage {
  steps: number[]
  times: number[]
  values: number[]
  /** Null on the last page. */
  next: string | null
}

export interface ChartRange {
  axis: 'step' | 'time'
  /** First and last step, or time in ms, both inclusive. @default all there is */
  from?: number | undefined
  to?: number | undefined
  /** The most entries of each column, at least 1. */
  buckets: number
}

/** An exponential mean: after one usual interval along that axis a point weighs `weight` of what it did, in (0, 1). */
export interface Smoothing {
  weight: number
  along: 'step' | 'time'
}

/** A line smoothed over all of its points, those before the range too, and what the mean goes on with. */
export interface Smoothed {
  /** At the last point of each entry; NaN where that is no finite number. */
  values: number[]
  /** The median distance of its points that is not zero; 0 where there is none. */
  interval: number
  /** Of the whole line: its mean at its last finite point, the sum of the weights there, and where that is. */
  mean: number
  weights: number
  at: number
}

/**
 * One metric's line in at most `buckets` entries. Entry i stands for the points after entry i - 1 and up to its own step
 * and time, which are those of its last point. Where the range holds no more points than that, they are the points.
 */
export interface ChartLine {
  key: number
  steps: number[]
  times: number[]
  /** Least and greatest value; NaN only where all are NaN. */
  min: number[]
  max: number[]
  /** The value of the last point, maybe NaN. */
  last: number[]
  /** Points in the range. */
  count: number
  /** False when every entry is one point. */
  sampled: boolean
  /** The run's cursor at that moment: `since` goes on from here. */
  cursor: number
  /** Where smoothing was asked for and there are points. */
  smoothed?: Smoothed
}

export interface SampleRange {
  /** First and last step, inclusive. @default all there is */
  from?: number | undefined
  to?: number | undefined
  /** The most points of each run. */
  max: number
}

export interface Sample {
  run: number
  steps: number[]
  times: number[]
  values: number[]
}
