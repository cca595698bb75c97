/**
 * The log of a run, kept current: lines by page as they are looked at, what is new as it comes, and, while something is searched for,
 * the lines that hold it. A line never changes, so what is here once is right.
 */
import { untrack } from 'svelte'
import { type ApiError, live, query, toApiError } from '#lib/api.ts'
import { LogLines, type LogPage, ReadLog } from './documents.ts'

export type LogLine = LogPage['lines'][number]
export type Level = 'WARNING' | 'ERROR'
export interface Search {
  text: string
  level: Level | undefined
}

/** Lines that are asked for at once. */
const page = 500
/** Pages that are kept, beside the one that is asked for. */
const mostPages = 200

const grave: Record<Level, ReadonlySet<string>> = { WARNING: new Set(['WARNING', 'ERROR']), ERROR: new Set(['ERROR']) }

/** Called while a component is set up. */
export function openLog(run: () => string, search: () => Search) {
  let total = $state<number | undefined>()
  let bytes = $state(0)
  let error = $state.raw<ApiError | undefined>()
  /** By the number of the page. */
  let pages = $state.raw<ReadonlyMap<number, readonly LogLine[]>>(new Map())
  const asked = new Set<number>()
  let matches = $state.raw<readonly LogLine[] | undefined>()
  /** Where the search goes on; null when it has come to the end. */
  let next = $state<number | null>(null)
  let searching: AbortController | undefined

  const id = $derived(run())
  const isSearch = $derived(search().text !== '' || search().level !== undefined)
  const isMatch = ({ text, level }: LogLine) => {
    const wanted = search()
    return (wanted.level === undefined || grave[wanted.level].has(level)) && text.toLowerCase().includes(wanted.text.toLowerCase())
  }

  function keep(lines: readonly LogLine[]): void {
    const changed = new Map(pages)
    for (const line of lines) {
      const of = Math.floor(line.number / page)
      const known = changed.get(of) ?? []
      const place = line.number % page
      if (known[place]) continue
      const copy = known === pages.get(of) ? [...known] : (known as LogLine[])
      copy[place] = line
      changed.set(of, copy)
    }
    for (const of of changed.keys()) {
      if (changed.size <= mostPages) break
      changed.delete(of)
      asked.delete(of)
    }
    pages = changed
  }

  async function load(of: number): Promise<void> {
    if (asked.has(of)) return
    asked.add(of)
    const on = id
    try {
      const log = (await query(ReadLog, { run: on, from: of * page, first: page })).run?.log
      if (on !== id || !log) return
      keep(log.lines)
      total = Math.max(total ?? 0, log.total)
      error = undefined
    } catch (caught) {
      asked.delete(of)
      if (on === id) error = toApiError(caught)
    }
  }

  async function begin(): Promise<void> {
    const on = id
    try {
      const log = (await query(ReadLog, { run: on, from: -page, first: page })).run?.log
      if (on !== id || !log) return
      keep(log.lines)
      total = Math.max(total ?? 0, log.total)
      bytes = Number(log.bytes)
      error = undefined
    } catch (caught) {
      if (on === id) error = toApiError(caught)
    }
  }

  async function find(from: number): Promise<void> {
    const { text, level } = search()
    const mine = (searching = new AbortController())
    try {
      const log = (
        await query(ReadLog, { run: id, from, first: page, search: text || null, level: level ?? null }, { signal: mine.signal })
      ).run?.log
      if (mine.signal.aborted || !log) return
      const last = matches?.at(-1)?.number ?? -1
      matches = [...(from === 0 ? [] : (matches ?? [])), ...log.lines.filter(({ number }) => from === 0 || number > last)]
      next = log.next
    } catch (caught) {
      if (!mine.signal.aborted) error = toApiError(caught)
    } finally {
      if (searching === mine) searching = undefined
    }
  }

  $effect(() => {
    void id
    void begin()
  })
  // What comes is asked for from where the first answer ended: asked for before that, it would begin wherever the log ends when the
  // server gets to it, and what was printed in between would be in neither.
  const isBegun = $derived(total !== undefined)
  $effect(() => {
    const on = id
    if (!isBegun) return
    let have = untrack(() => total ?? 0)
    return live(
      LogLines,
      () => ({ run: on, after: have }),
      ({ logLines }) => {
        const last = logLines.lines.at(-1)
        if (!last) return
        have = last.number + 1
        keep(logLines.lines)
        total = Math.max(total ?? 0, logLines.total)
        bytes = Number(logLines.bytes)
        // What a search has not come to yet, it will find by itself.
        if (matches && next === null && isSearch) {
          const known = matches.at(-1)?.number ?? -1
          const fresh = logLines.lines.filter((line) => line.number > known && isMatch(line))
          if (fresh.length > 0) matches = [...matches, ...fresh]
        }
      },
    )
  })
  $effect(() => {
    void id
    if (!isSearch) {
      matches = undefined
      return
    }
    void search().level
    // The last result stays until the next is there.
    const timer = setTimeout(() => void find(0), search().text ? 120 : 0)
    return () => {
      clearTimeout(timer)
      searching?.abort()
    }
  })

  return {
    /** How many lines there are; undefined until it is known. */
    get total() {
      return total
    },
    get bytes() {
      return bytes
    },
    get error() {
      return error
    },
    retry: begin,
    /** Lines that hold what is searched for, as far as they were looked for; undefined while nothing is. */
    get matches() {
      return matches
    },
    /** There may be more matches than were found. */
    get hasMore() {
      return matches !== undefined && next !== null
    },
    more(): void {
      if (next !== null && !searching) void find(next)
    },
    /** A line by its number, asked for where it is not here. */
    line(number: number): LogLine | undefined {
      return pages.get(Math.floor(number / page))?.[number % page]
    },
    /** Asks for the lines that are looked at. */
    look(from: number, to: number): void {
      for (let of = Math.floor(from / page); of <= Math.floor(to / page); of++) {
        const known = pages.get(of)
        const most = Math.min(page, (total ?? 0) - of * page)
        // A page may have a few lines of its end only, which came live.
        if (!known || Object.keys(known).length < most) void load(of)
      }
    },
    /** All of it as text, page by page. */
    async text(onProgress: (part: number) => void): Promise<string> {
      const lines: string[] = []
      for (let from: number | null = 0; from !== null; ) {
        const log: LogPage | undefined = (await query(ReadLog, { run: id, from, first: 5_000 })).run?.log
        if (!log) break
        for (const { text } of log.lines) lines.push(text)
        onProgress(log.total ? lines.length / log.total : 1)
        from = log.next
      }
      return lines.join('\n')
    },
  }
}
