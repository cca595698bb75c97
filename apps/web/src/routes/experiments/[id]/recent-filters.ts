/** The filters that were used of late, by experiment: kept in this browser, the newest first. */
import { readStored, writeStored } from '#lib/stored.ts'

const stored = 'filters'
const perExperiment = 12
const experiments = 50
/** What is longer is not typed twice, but linked to. */
const longest = 2_000

function read(): [string, string[]][] {
  try {
    const kept: unknown = JSON.parse(readStored(stored) ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept.flatMap((entry) =>
      Array.isArray(entry) && typeof entry[0] === 'string' && Array.isArray(entry[1])
        ? [[entry[0], entry[1].filter((filter) => typeof filter === 'string')] as [string, string[]]]
        : [],
    )
  } catch {
    return []
  }
}

export const recentFilters = (experiment: string): string[] => read().find(([id]) => id === experiment)?.[1] ?? []

export function rememberFilter(experiment: string, filter: string): void {
  if (filter.trim() === '' || filter.length > longest) return
  const all = read()
  const before = all.find(([id]) => id === experiment)?.[1] ?? []
  const mine: [string, string[]] = [experiment, [filter, ...before.filter((other) => other !== filter)].slice(0, perExperiment)]
  writeStored(stored, JSON.stringify([mine, ...all.filter(([id]) => id !== experiment)].slice(0, experiments)))
}
