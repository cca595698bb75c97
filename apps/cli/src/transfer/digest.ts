/**
 * What some points come to, whatever their order: how many, and the sum of a hash of each. The server reckons the same over
 * what it holds (packages/server/src/transfer/digest.ts); every import holds the two together.
 *
 * It tells what was lost, doubled or changed on the way. It is no signature: who wants two sets of points with one digest
 * can make them.
 */
const primes = [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1] as const

const numbers = new Float64Array(3)
const words = new Uint32Array(numbers.buffer)

export class PointsDigest {
  count = 0
  readonly #sums = new Uint32Array(4)

  /** Points of one metric; NaN is one value and -0 is 0. */
  add(key: string, { steps, times, values }: { steps: ArrayLike<number>; times: ArrayLike<number>; values: ArrayLike<number> }): void {
    const seeds = primes.map((prime) => {
      let hash: number = prime
      for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
      return hash
    })
    for (let i = 0; i < steps.length; i++) {
      const value = values[i]!
      numbers[0] = steps[i]! + 0
      numbers[1] = times[i]! + 0
      numbers[2] = Number.isNaN(value) ? Number.NaN : value + 0
      for (let lane = 0; lane < 4; lane++) {
        let hash = seeds[lane]!
        for (let word = 0; word < 6; word++) {
          hash = Math.imul(hash ^ words[word]!, primes[lane]!)
          hash ^= hash >>> 15
        }
        hash = Math.imul(hash, 0x2c1b3c6d)
        this.#sums[lane]! += hash ^ (hash >>> 13)
      }
    }
    this.count += steps.length
  }

  /** 32 hexadecimal digits. */
  toString(): string {
    return Array.from(this.#sums, (sum) => sum.toString(16).padStart(8, '0')).join('')
  }
}
