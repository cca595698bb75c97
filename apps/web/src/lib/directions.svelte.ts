/** Which way each metric is better: what its name says, unless the reader said otherwise, which this browser keeps. */
import { SvelteMap } from 'svelte/reactivity'
import { type Direction, guessDirection } from '#lib/direction.ts'
import { readStored, writeStored } from '#lib/stored.ts'

type Choice = Direction | 'none'

const stored = 'directions'
const isChoice = (value: unknown): value is Choice => value === 'lower' || value === 'higher' || value === 'none'

function read(): [string, Choice][] {
  try {
    return Object.entries(JSON.parse(readStored(stored) ?? '{}') as Record<string, unknown>).filter((entry): entry is [string, Choice] =>
      isChoice(entry[1]),
    )
  } catch {
    return []
  }
}

const chosen = new SvelteMap(read())
/** In this order by one click after the other. */
const next: Record<Choice, Choice> = { lower: 'higher', higher: 'none', none: 'lower' }

export const directions = {
  of(key: string): Direction | undefined {
    const choice = chosen.get(key) ?? guessDirection(key)
    return choice === 'none' ? undefined : choice
  },
  turn(key: string): void {
    const choice = next[this.of(key) ?? 'none']
    if (choice === (guessDirection(key) ?? 'none')) chosen.delete(key)
    else chosen.set(key, choice)
    writeStored(stored, chosen.size === 0 ? null : JSON.stringify(Object.fromEntries(chosen)))
  },
}
