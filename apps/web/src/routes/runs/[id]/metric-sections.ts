/** A run's metrics in the order a reader wants them: validation first, then training, the machine apart. */

const byName = new Intl.Collator('en', { numeric: true })

/** Metrics of the machine, as MLflow's system metrics are called. */
export const isSystem = (key: string): boolean => key.startsWith('system/')

/** What stands before the first slash; empty where there is none. */
export function prefixOf(key: string): string {
  const slash = key.indexOf('/')
  return slash > 0 ? key.slice(0, slash) : ''
}

function rank(prefix: string): number {
  if (/^(val|valid|validation|eval|test)/i.test(prefix)) return 0
  if (/^train/i.test(prefix)) return 1
  return prefix === '' ? 3 : 2
}

/** Compares keys by that order. */
export function compareKeys(a: string, b: string): number {
  const [prefixA, prefixB] = [prefixOf(a), prefixOf(b)]
  return rank(prefixA) - rank(prefixB) || byName.compare(prefixA, prefixB) || byName.compare(a, b)
}

export interface Section {
  /** The prefix; empty for metrics without one. */
  name: string
  keys: string[]
}

export function toSections(keys: readonly string[]): Section[] {
  const sections = new Map<string, string[]>()
  for (const key of [...keys].sort(compareKeys)) {
    const name = prefixOf(key)
    sections.set(name, [...(sections.get(name) ?? []), key])
  }
  return [...sections].map(([name, keys]) => ({ name, keys }))
}

/** The metrics to look at first: those that are a curve before those that may be one number. */
export function firstKeys(metrics: readonly { key: string; step: number }[], most: number): string[] {
  const curves = new Set(metrics.filter((metric) => metric.step !== 0).map((metric) => metric.key))
  const keys = metrics.map((metric) => metric.key).filter((key) => !isSystem(key))
  return keys.sort((a, b) => Number(curves.has(b)) - Number(curves.has(a)) || compareKeys(a, b)).slice(0, most)
}

/** A machine's metric in words, with the unit its values are in. */
export function systemLabel(key: string): { text: string; unit: '%' | 'MB' | 'W' | '' } {
  const name = key.slice('system/'.length)
  const [, rest, suffix] = /^(.*?)(?:_(percentage|megabytes|watts))?$/.exec(name) ?? []
  const words = (rest ?? name)
    .replace(/_(utilization|usage)$/, '')
    .replace(/^system_/, '')
    .replace(/_/g, ' ')
  const text = words.replace(/\b(gpu|cpu)\b/g, (word) => word.toUpperCase())
  const unit = suffix === 'percentage' ? '%' : suffix === 'megabytes' ? 'MB' : suffix === 'watts' ? 'W' : ''
  return {
    text: text.charAt(0).toUpperCase() + text.slice(1) + (suffix === 'percentage' && !key.includes('utilization') ? ' %' : ''),
    unit,
  }
}

/** The machine's metrics by what most limits a training: GPU, CPU, memory, then the rest. */
export function systemKeys(keys: readonly string[]): string[] {
  const weight = (key: string) => {
    const place = [
      /gpu.*utilization/,
      /gpu.*memory.*(megabytes)/,
      /cpu_util/,
      /system_memory.*megabytes/,
      /network_receive/,
      /disk/,
    ].findIndex((pattern) => pattern.test(key))
    return place < 0 ? 9 : place
  }
  return keys.filter(isSystem).sort((a, b) => weight(a) - weight(b) || byName.compare(a, b))
}
