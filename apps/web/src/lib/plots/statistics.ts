/** Figures over columns: rank and linear correlation, the correlation ratio, quantiles, bins, and lines through points. */

/** Pearson's r of the pairs where both are there. NaN below three pairs or without spread. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let n = 0
  let [meanA, meanB, sumA, sumB, both] = [0, 0, 0, 0, 0]
  // Welford's way: the sums of squares lose nothing where the values are large and close.
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!]
    if (Number.isNaN(x) || Number.isNaN(y)) continue
    n++
    const [dx, dy] = [x - meanA, y - meanB]
    meanA += dx / n
    meanB += dy / n
    sumA += dx * (x - meanA)
    sumB += dy * (y - meanB)
    both += dx * (y - meanB)
  }
  return n < 3 || sumA === 0 || sumB === 0 ? Number.NaN : both / Math.sqrt(sumA * sumB)
}

/** Ranks from 1, ties share their mean; NaN stays. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN)
  const order = Array.from({ length: values.length }, (_, i) => i)
    .filter((i) => !Number.isNaN(values[i]!))
    .sort((a, b) => values[a]! - values[b]!)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) out[order[i]!] = (from + 1 + to) / 2
    from = to
  }
  return out
}

/** Spearman's rho of the pairs where both are there. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = Array.from({ length: a.length }, (_, i) => i).filter((i) => !Number.isNaN(a[i]!) && !Number.isNaN(b[i]!))
  return pearson(ranks(pairs.map((i) => a[i]!)), ranks(pairs.map((i) => b[i]!)))
}

/** Eta: the share, as a root, of the spread of `values` that lies between groups. 0 to 1, NaN without spread. */
export function correlationRatio(groups: ArrayLike<number>, values: ArrayLike<number>): number {
  const pairs = Array.from({ length: values.length }, (_, i) => i).filter((i) => !Number.isNaN(groups[i]!) && !Number.isNaN(values[i]!))
  const mean = pairs.reduce((sum, i) => sum + values[i]!, 0) / pairs.length
  const sums = new Map<number, [n: number, sum: number]>()
  let all = 0
  for (const i of pairs) {
    const group = sums.get(groups[i]!) ?? [0, 0]
    group[0]++
    group[1] += values[i]!
    sums.set(groups[i]!, group)
    all += (values[i]! - mean) ** 2
  }
  if (pairs.length < 3 || all === 0) return Number.NaN
  const between = [...sums.values()].reduce((sum, [n, total]) => sum + n * (total / n - mean) ** 2, 0)
  return Math.sqrt(Math.min(1, between / all))
}

/** Of sorted values, between the two nearest (the default of R and NumPy). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at))
}

export interface BoxFigures {
  count: number
  /** The ends of the whiskers: the furthest values within one and a half times the box, as Tukey has them. */
  low: number
  first: number
  median: number
  third: number
  high: number
  outliers: number[]
}

export function boxOf(values: readonly number[]): BoxFigures | undefined {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return undefined
  const [first, median, third] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)]
  const reach = 1.5 * (third - first)
  const within = sorted.filter((value) => value >= first - reach && value <= third + reach)
  return {
    count: sorted.length,
    low: within[0] ?? first,
    first,
    median,
    third,
    high: within.at(-1) ?? third,
    outliers: [...sorted.filter((value) => value < first - reach || value > third + reach)],
  }
}

/** Mean and standard deviation of a sample (n − 1). */
export function meanOf(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 }
}

/** How many bins show a spread: Freedman and Diaconis' width, or Sturges' where half the values are one; at most 60. */
export function binCount(sorted: ArrayLike<number>): number {
  const n = sorted.length
  if (n < 2) return 1
  const span = sorted[n - 1]! - sorted[0]!
  const width = (2 * (quantile(sorted, 0.75) - quantile(sorted, 0.25))) / Math.cbrt(n)
  const count = width > 0 ? span / width : Math.log2(n) + 1
  return Math.max(1, Math.min(60, Math.ceil(count)))
}

/** The line of least squares through the points, as its values at both ends. Undefined without spread. */
export function leastSquares(x: ArrayLike<number>, y: ArrayLike<number>): { slope: number; start: number } | undefined {
  const n = x.length
  let [meanX, meanY] = [0, 0]
  for (let i = 0; i < n; i++) {
    meanX += x[i]! / n
    meanY += y[i]! / n
  }
  let [xx, xy] = [0, 0]
  for (let i = 0; i < n; i++) {
    xx += (x[i]! - meanX) ** 2
    xy += (x[i]! - meanX) * (y[i]! - meanY)
  }
  return n < 2 || xx === 0 ? undefined : { slope: xy / xx, start: meanY - (xy / xx) * meanX }
}

/**
 * Cleveland's LOWESS without its robust steps ("Robust Locally Weighted Regression and Smoothing Scatterplots", JASA 74, 1979): at each of
 * `places` a line through the nearest share of the points, weighted by the tricube of their distance.
 */
export function lowess(x: ArrayLike<number>, y: ArrayLike<number>, places: readonly number[], share = 0.6): number[] {
  const n = x.length
  if (n < 3) return []
  const reach = Math.max(3, Math.ceil(n * share))
  return places.map((place) => {
    const distances = Float64Array.from({ length: n }, (_, i) => Math.abs(x[i]! - place))
    const furthest = Float64Array.from(distances).sort()[reach - 1]! || 1e-12
    let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const near = distances[i]! / furthest
      if (near > 1) continue
      const weight = (1 - near ** 3) ** 3 + 1e-9
      const dx = x[i]! - place
      w += weight
      wx += weight * dx
      wy += weight * y[i]!
      wxx += weight * dx * dx
      wxy += weight * dx * y[i]!
    }
    const spread = w * wxx - wx * wx
    return spread < 1e-12 * w * wxx || spread === 0 ? wy / w : (wy * wxx - wx * wxy) / spread
  })
}
