/**
 * The files of a run that are looked at by step: those that differ in nothing but a step are one series. MLflow's `log_image(image, key, step)`
 * writes its step into the name, with a smaller copy; others write it themselves: `samples/epoch_3/grid.png`, `feeder-14.png`.
 */
import type { File } from '../artifacts/files.svelte.ts'
import { type Kind, kindOf } from '../artifacts/preview.ts'

export interface MediaItem {
  /** Undefined where the name says none. */
  step: number | undefined
  file: File
  /** A smaller copy of an image. */
  small?: File
}

export interface MediaSeries {
  /** Unique in its run; the same for the same thing in another run. */
  key: string
  kind: Kind
  /** By step; at one step the last that was written. */
  items: MediaItem[]
}

/** `images/<key>+step+3+timestamp+…+<uuid>[+compressed].png`; `/` in a key is `~`. MLflow before 2.15 wrote `%` for `+` and `#` for `~`. */
const logged = /^images\/(.+)([+%])step\2(-?\d+)\2timestamp\2(\d+)\2[0-9a-f-]+(\2compressed)?\.\w+$/
/** A number that is called a step, or the one at a name's end. */
const named = /(?<=^|[^a-z])(step|epoch|iter|iteration|global_step)([-_ =]?)(\d+)(?=\D|$)/i
const last = /(\d+)(?=\.[^./]+$)/

/** Shown even when there is but one. */
const media: ReadonlySet<Kind> = new Set(['image', 'audio', 'video', 'table', 'parquet', 'html', 'pdf'])
/** Shown when there is one for each of several steps. */
const texts: ReadonlySet<Kind> = new Set(['text', 'markdown', 'json'])

interface Place {
  key: string
  step: number | undefined
  time: number
  isSmall: boolean
}

function placeOf(path: string): Place {
  const match = logged.exec(path)
  if (match) {
    const [, name = '', mark, step, time, small] = match
    return { key: name.replaceAll(mark === '%' ? '#' : '~', '/'), step: Number(step), time: Number(time), isSmall: small !== undefined }
  }
  const found = named.exec(path) ?? last.exec(path)
  if (!found) return { key: path, step: undefined, time: 0, isSmall: false }
  const digits = found[3] ?? found[1]!
  const at = found.index + found[0].length - digits.length
  return { key: `${path.slice(0, at)}*${path.slice(at + digits.length)}`, step: Number(digits), time: 0, isSmall: false }
}

/** `tables`: the paths that the run says are tables, whatever their kind. */
export function mediaOf(files: readonly File[], tables: ReadonlySet<string> = new Set()): MediaSeries[] {
  const series = new Map<string, { kind: Kind; items: Map<number | undefined, MediaItem & { time: number }> }>()
  for (const file of files) {
    if (file.isDirectory || !file.url) continue
    const kind = kindOf(file.path)
    const isTable = tables.has(file.path)
    if (!isTable && !media.has(kind) && !texts.has(kind)) continue
    const { key, step, time, isSmall } = placeOf(file.path)
    const one = series.get(key) ?? { kind: isTable ? 'table' : kind, items: new Map() }
    series.set(key, one)
    const known = one.items.get(step)
    if (isSmall) one.items.set(step, { ...(known ?? { step, file, time: -1 }), small: file })
    else if (!known || time >= known.time) one.items.set(step, { ...known, step, file, time })
  }
  return [...series]
    .map(([key, { kind, items }]) => {
      const sorted = [...items.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0))
      // One file is called by its own name.
      const only = sorted.length === 1 && key.includes('*') ? sorted[0]!.file.path : undefined
      return { key: only ?? key, kind, items: only ? [{ ...sorted[0]!, step: undefined }] : sorted }
    })
    .filter(({ kind, items }) => !texts.has(kind) || items.length > 1)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** The item at a step, or the last before it; before all of them the first. Null is the last there is. */
export function itemAt({ items }: MediaSeries, step: number | null): number {
  if (step === null) return items.length - 1
  return Math.max(
    0,
    items.findLastIndex((item) => item.step === undefined || item.step <= step),
  )
}

/** What MLflow's client says it logged as tables: https://mlflow.org/docs/latest/python_api/mlflow.html#mlflow.log_table */
export function loggedTables(tag: string | undefined): Set<string> {
  try {
    const listed = JSON.parse(tag ?? '[]') as { path?: unknown; type?: unknown }[]
    return new Set(listed.flatMap(({ path, type }) => (type === 'table' && typeof path === 'string' ? [path] : [])))
  } catch {
    return new Set()
  }
}
