/**
 * Smoothing for the eye only: never for what is stored, exported, or called best or last. It is exact where all points are here; of a line
 * of which the page has a sample the server smooths all of it, and this is what is seen until it has.
 */

/**
 * A debiased exponential mean that fades with distance instead of with the count of points: after one `interval` a point weighs `weight`
 * of what it did, so that gaps forget and dense stretches are averaged. With even steps it is the plain EMA, without its pull to the start:
 * s(i) = Σ wᵈ⁽ⁱʲ⁾·y(j) / Σ wᵈ⁽ⁱʲ⁾, d(i, j) = (x(i) − x(j)) / interval. `weight` from 0 (as it is) to 0.99. Every `y` is finite, `x` ascends.
 */
export function smooth(x: ArrayLike<number>, y: readonly number[], weight: number, interval: number): number[] {
  const w = Math.min(0.99, weight)
  if (!(w > 0)) return [...y]
  const unit = interval > 0 ? interval : 1
  const out = new Array<number>(y.length)
  let mean = 0
  let weights = 0
  for (let i = 0; i < y.length; i++) {
    const away = i === 0 ? 0 : x[i]! - x[i - 1]!
    // Most steps are even: a power for each would be most of the work.
    weights = 1 + weights * (away === unit ? w : w ** (away / unit))
    mean += (y[i]! - mean) / weights
    out[i] = mean
  }
  return out
}
