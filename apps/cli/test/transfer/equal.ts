/** Holds two dumps of dump.py together. */
import { expect } from 'vitest'

interface Dump {
  [experiment: string]: {
    tags: Record<string, string>
    stage: string
    runs: Record<string, Record<string, unknown>>
    models: Record<string, unknown>
  }
}

/** Experiment by experiment, run by run and part by part, so that a difference is seen. */
export function expectEqual(here: Dump, there: Dump): void {
  expect(Object.keys(here)).toEqual(Object.keys(there))
  for (const [name, { runs, models, tags, stage }] of Object.entries(there)) {
    const found = here[name]!
    expect({ name, tags: found.tags, stage: found.stage }).toEqual({ name, tags, stage })
    expect({ name, models: found.models }).toEqual({ name, models })
    expect(Object.keys(found.runs).sort()).toEqual(Object.keys(runs).sort())
    for (const [id, run] of Object.entries(runs)) {
      for (const part of Object.keys(run)) expect({ name, id, [part]: found.runs[id]![part] }).toEqual({ name, id, [part]: run[part] })
    }
  }
}
