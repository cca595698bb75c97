/**
 * What a command says. Always true: standard output has what was asked for and nothing else; notes, questions and progress go to
 * standard error. With --json it is one document, or one line for each thing of a list; with --quiet a list's ids and nothing more.
 */
import { once } from 'node:events'
import { SingleBar } from 'cli-progress'
import { createColors } from 'picocolors'
import width from 'string-width'
import { plain, tableOf } from './table.ts'

export interface ListColumn<Item> {
  title: string
  of(item: Item): string
  /** The same in colour. */
  paint?(item: Item): string
  /** Numbers stand to the right. */
  right?: boolean
}

export interface ListOf<Item> {
  columns: ReadonlyArray<ListColumn<Item>>
  id(item: Item): string
  /** What is said where there is none. */
  none: string
  /** What a line of JSON has. @default the item */
  json?(item: Item): unknown
}

export interface Bar {
  /** `text`: what is under way. */
  update(done: number, total: number, text?: string): void
  stop(): void
}

export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly colour: ReturnType<typeof createColors>
  /** Things, one after the other. JSON and ids come as they come; a table when all is there. */
  list<Item>(items: AsyncIterable<Item> | Iterable<Item>, how: ListOf<Item>): Promise<void>
  /** The cells of a thing, as a table has them. */
  row<Item>(item: Item, columns: ReadonlyArray<ListColumn<Item>>): string[]
  /** One thing: the document, or the text of it. Nothing with --quiet. */
  document(value: unknown, text: () => string): void
  /** One event of many: a line of either. */
  event(value: unknown, text: () => string): void
  /** Bytes of the answer itself, whatever the flags. */
  raw(text: string): void
  /** A heading and lines of name and value; empty ones are left out. */
  facts(title: string, facts: ReadonlyArray<readonly [string, string]>): string
  /** For whoever watches. Nothing with --quiet or --json. */
  note(text: string): void
  /** On a terminal only. */
  progress(unit?: 'bytes'): Bar
}

export interface OutputOptions {
  json?: boolean | undefined
  quiet?: boolean | undefined
  color?: boolean | undefined
}

export const bytes = (size: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(size) / 3))
  return `${power === 0 ? size : (size / 1000 ** power).toFixed(1)} ${units[power]}`
}

export const time = (ms: number | null | undefined): string =>
  ms
    ? new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z')
    : ''

/** JSON has no NaN: it is the string, as on the server's own wire. */
export const jsonOf = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'number' && !Number.isFinite(each) ? String(each) : each), indent)

export const duration = (ms: number): string => {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export const number = (value: number): string => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6))))

export function openOutput({ json = false, quiet = false, color = true }: OutputOptions): Output {
  const { NO_COLOR, TERM } = process.env
  const colour = createColors(Boolean(process.stdout.isTTY && color && !NO_COLOR && TERM !== 'dumb'))
  const line = (text: string) => void process.stdout.write(`${text}\n`)
  /** A slow reader slows the list: it is not gathered here. */
  const kept = async (text: string) => {
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
  }
  const room = process.stdout.isTTY ? process.stdout.columns : undefined

  return {
    json,
    quiet,
    colour,
    async list(items, { columns, id, none, json: shape = (item) => item }) {
      const rows: string[][] = []
      for await (const item of items) {
        if (json) await kept(jsonOf(shape(item)))
        else if (quiet) await kept(id(item))
        else rows.push(this.row(item, columns))
      }
      if (json || quiet) return
      if (!rows.length) return this.note(none)
      const titles = columns.map((column) => colour.bold(column.title))
      const right = columns.map((column) => column.right ?? false)
      line(tableOf(titles, rows, right, room))
    },
    row: (item, columns) => columns.map(({ of, paint }) => (colour.isColorSupported && paint ? paint(item) : plain(of(item)))),
    document(value, text) {
      if (json) line(jsonOf(value, 2))
      else if (!quiet) line(text())
    },
    event(value, text) {
      line(json ? jsonOf(value) : text())
    },
    facts(title, facts) {
      const said = facts.filter(([, value]) => value !== '')
      const names = Math.max(...said.map(([name]) => width(plain(name))))
      const lines = said.map(([name, value]) => `  ${plain(name)}${' '.repeat(names - width(plain(name)))}  ${plain(value)}`)
      return [colour.bold(plain(title)), ...lines].join('\n')
    },
    raw: (text) => void process.stdout.write(text),
    note(text) {
      if (!quiet && !json) process.stderr.write(`${text}\n`)
    },
    progress(unit) {
      if (!process.stderr.isTTY || quiet || json) return { update() {}, stop() {} }
      const show = unit === 'bytes' ? (value: number) => bytes(value) : (value: number) => String(value)
      const bar = new SingleBar({
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: false,
        format: '{bar} {percentage}%  {shown}  {eta_formatted}  {text}',
        barsize: 24,
      })
      let begun = false
      return {
        update(done, total, text = '') {
          const payload = { shown: `${show(done)} / ${show(total)}`, text: plain(text) }
          if (!begun) bar.start(total, done, payload)
          begun = true
          bar.setTotal(total)
          bar.update(done, payload)
        },
        stop: () => bar.stop(),
      }
    },
  }
}
