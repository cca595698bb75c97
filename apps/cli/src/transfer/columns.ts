/** Points of one metric while they are gathered: columns that grow, 24 bytes a point. */

export class Columns {
  #steps = new Float64Array(64)
  #times = new Float64Array(64)
  #values = new Float64Array(64)
  length = 0

  add(step: number, time: number, value: number): void {
    if (this.length === this.#steps.length) {
      const grown = (old: Float64Array) => {
        const larger = new Float64Array(old.length * 2)
        larger.set(old)
        return larger
      }
      this.#steps = grown(this.#steps)
      this.#times = grown(this.#times)
      this.#values = grown(this.#values)
    }
    this.#steps[this.length] = step
    this.#times[this.length] = time
    this.#values[this.length] = kept(value)
    this.length++
  }

  /** In the order of steps, times and values, each point once: the server keeps one of equal ones. */
  points(): { steps: Float64Array; times: Float64Array; values: Float64Array } {
    const n = this.length
    const [steps, times, values] = [this.#steps, this.#times, this.#values]
    const compare = (a: number, b: number) => steps[a]! - steps[b]! || times[a]! - times[b]! || compareValues(values[a]!, values[b]!)
    let ascends = true
    for (let i = 1; i < n && ascends; i++) ascends = compare(i - 1, i) < 0
    if (ascends) return { steps: steps.subarray(0, n), times: times.subarray(0, n), values: values.subarray(0, n) }
    const order = Uint32Array.from({ length: n }, (_, i) => i).sort(compare)
    const unique = order.filter((at, i) => i === 0 || compare(order[i - 1]!, at) !== 0)
    const picked = (column: Float64Array) => Float64Array.from(unique, (at) => column[at]!)
    return { steps: picked(steps), times: picked(times), values: picked(values) }
  }
}

/** A value as the server keeps it: infinities are the greatest doubles, and there is one NaN and one 0. */
export const kept = (value: number): number =>
  value === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : value === Number.NEGATIVE_INFINITY ? -Number.MAX_VALUE : value + 0

function compareValues(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}
