/** Times and lengths of time as people write them. Days begin at midnight UTC, so that a filter means the same everywhere. */

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const day = units.d!

/** Milliseconds of `5m`, `1h30m`, `500ms`. Undefined for anything else. */
export function readDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[smhdw])/g)) total += Number(count) * units[unit!]!
  return total
}

/** Milliseconds since 1970 of `now`, `today`, `yesterday`, `-7d`, `2026-01-05`, `2026-01-05 10:00`. Undefined for anything else. */
export function readTime(text: string, now: number): number | undefined {
  const midnight = now - (now % day)
  const words: Record<string, number> = { now, today: midnight, yesterday: midnight - day }
  const word = text.toLowerCase()
  if (Object.hasOwn(words, word)) return words[word]
  if (text.startsWith('-')) {
    const back = readDuration(text.slice(1))
    return back === undefined ? undefined : now - back
  }
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[-+]\d\d:?\d\d)?)?$/.exec(text)
  if (!iso) return undefined
  const [, date, time = '00:00', zone = 'Z'] = iso
  const start = Date.parse(`${date}T00:00Z`)
  const at = Date.parse(`${date}T${time}${zone.replace(/^([-+]\d\d)(\d\d)$/, '$1:$2')}`)
  // Date.parse takes the 31st of February for the 3rd of March.
  if (Number.isNaN(at) || Number.isNaN(start) || !new Date(start).toISOString().startsWith(date!)) return undefined
  return at
}
