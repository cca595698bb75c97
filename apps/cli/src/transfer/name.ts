/** Names that other tools allow, as the server can have them; and ids for runs that have none of their own. */
import { createHash } from 'node:crypto'

/** The most characters of a name. */
const longest = 250

/** A name of a metric or a param with nothing in it that the server refuses. */
export function cleanName(name: string): string {
  const parts = name
    .replace(/[^/\p{L}\p{N}_.\- :]/gu, '_')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (part === '..' ? '__' : part))
  return parts.join('/').slice(0, longest).replace(/\/$/, '') || '_'
}

/** Names of one run: two that would become one stay two. */
export class Names {
  readonly #given = new Map<string, string>()
  readonly #taken = new Set<string>()

  of(name: string): string {
    let clean = this.#given.get(name)
    if (clean === undefined) {
      const first = cleanName(name)
      clean = first
      for (let i = 2; this.#taken.has(clean); i++) clean = `${first.slice(0, longest - 8)}_${i}`
      this.#given.set(name, clean)
      this.#taken.add(clean)
    }
    return clean
  }
}

/** The run id of what is called so elsewhere: always the same. */
export const runIdOf = (...parts: string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

export const isRunId = (id: string): boolean => /^[0-9a-f]{32}$/.test(id)
