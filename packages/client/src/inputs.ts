/** Data sets that a run used. */
import { callWire } from './exchange.ts'

/** A data set, and how the run used it. Of one name and digest an experiment knows one. */
export interface DatasetUse {
  name: string
  /** A fingerprint of its content, at most 36 characters. */
  digest: string
  /** Where it comes from: a URL, a path, or what JSON can write. */
  source: unknown
  /** @default http for a URL, local for other text, else code */
  sourceType?: string
  /** What JSON can write, or JSON. */
  schema?: unknown
  /** What JSON can write, or JSON: counts and the like. */
  profile?: unknown
  /** What it was used for: training, evaluation, … */
  context?: string
  tags?: Readonly<Record<string, string>>
}

const json = (value: unknown) => (value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value))

function toWire({ name, digest, source, sourceType, schema, profile, context, tags }: DatasetUse) {
  const isUrl = typeof source === 'string' && URL.canParse(source)
  const type = sourceType ?? (isUrl ? 'http' : typeof source === 'string' ? 'local' : 'code')
  const all = { ...(context && { 'mlflow.data.context': context }), ...tags }
  return {
    tags: Object.entries(all).map(([key, value]) => ({ key, value })),
    dataset: {
      name,
      digest,
      source_type: type,
      // As MLflow's own sources write themselves.
      source: typeof source === 'string' ? JSON.stringify(isUrl ? { url: source } : { uri: source }) : JSON.stringify(source),
      schema: json(schema),
      profile: json(profile),
    },
  }
}

/** Links data sets to a run. Safe to send again. Throws a TypeError where one has no name, digest or source. */
export async function sendInputs(origin: string, runId: string, uses: readonly DatasetUse[]): Promise<void> {
  await callWire(origin, 'POST', 'runs/log-inputs', { run_id: runId, datasets: uses.map(toWire) })
}

/** Throws a TypeError where a data set lacks what it needs. */
export function checkUses(uses: readonly DatasetUse[]): void {
  for (const use of uses) {
    for (const field of ['name', 'digest'] as const) {
      if (typeof use[field] !== 'string' || use[field] === '') {
        throw new TypeError(
          `A data set's ${field} is ${JSON.stringify(use[field])}: give text, such as ${field === 'name' ? "'mnist'" : 'a hash of its content'}.`,
        )
      }
    }
    if (JSON.stringify(use.source) === undefined)
      throw new TypeError(`The source of data set '${use.name}' is ${use.source}: give a URL, a path, or what JSON can write.`)
  }
}
