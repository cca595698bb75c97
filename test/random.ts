/** Chance that comes out the same every time: mulberry32, small and seeded. */
export interface Random {
  /** A whole number from 0, below this. */
  (below: number): number
  pick<T>(of: readonly T[]): T
  /** Happens so often of a hundred times. */
  chance(percent: number): boolean
}

export function generator(seed: number): Random {
  let state = seed
  const next = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  return Object.assign(next, {
    pick: <T>(of: readonly T[]): T => of[next(of.length)]!,
    chance: (percent: number) => next(100) < percent,
  })
}
