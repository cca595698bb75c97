/** How a file is shown, by its name and size, and tables out of text. Nothing a file holds is ever run. */

export type Kind =
  | 'image'
  | 'table'
  | 'parquet'
  | 'json'
  | 'text'
  | 'markdown'
  | 'notebook'
  | 'html'
  | 'patch'
  | 'pdf'
  | 'audio'
  | 'video'
  | 'none'

const extensions: Record<Exclude<Kind, 'none'>, string> = {
  image: 'png jpg jpeg gif webp avif bmp ico svg',
  table: 'csv tsv',
  parquet: 'parquet',
  json: 'json',
  markdown: 'md markdown',
  notebook: 'ipynb',
  html: 'html htm',
  pdf: 'pdf',
  patch: 'patch diff',
  text: 'txt log err out rst yaml yml toml ini cfg conf properties env xml css js mjs ts tsx jsx py r jl sh bash sql java go rs c h cpp scala jsonl ndjson gitignore tex bib lock mlmodel mlproject requirements dockerfile makefile license',
  audio: 'wav mp3 ogg oga flac m4a opus',
  video: 'mp4 webm mov m4v ogv',
}
const kinds = new Map(Object.entries(extensions).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind as Kind] as const)))

/** Of text beyond this many bytes the beginning is shown. */
export const mostText = 4_000_000
/** How much of it, bytes. */
export const beginning = 1_000_000
/** Images beyond this many bytes are downloaded instead. */
export const mostImage = 20_000_000
/** Rows of a table that are shown at once. */
export const rowsPerPage = 200
/** Kinds that are read as text. */
const textual: ReadonlySet<Kind> = new Set(['table', 'json', 'text', 'markdown', 'notebook', 'html', 'patch'])

export const isTextual = (kind: Kind): boolean => textual.has(kind)

/** By the extension, or the name where there is none (`MLmodel`, `Dockerfile`). */
export function kindOf(path: string): Kind {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return kinds.get(name.slice(name.lastIndexOf('.') + 1)) ?? 'none'
}

/** True where it is not worth the reader's memory. Audio, video and Parquet are read in parts, and of text there is the beginning. */
export const isTooLarge = (kind: Kind, size: number): boolean => kind === 'image' && size > mostImage

export interface Table {
  columns: string[]
  rows: string[][]
}

/** Reads CSV (RFC 4180: quotes, doubled quotes, line breaks inside them) or TSV; the first line names the columns. */
export function parseDelimited(text: string, delimiter: ',' | '\t'): Table {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  const endRow = () => {
    row.push(cell)
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    cell = ''
  }
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0
  for (let i = start; i < text.length; i++) {
    const sign = text[i]!
    if (quoted) {
      if (sign !== '"') cell += sign
      else if (text[i + 1] === '"') {
        cell += '"'
        i++
      } else quoted = false
    } else if (sign === '"' && cell === '') quoted = true
    else if (sign === delimiter) {
      row.push(cell)
      cell = ''
    } else if (sign === '\n') endRow()
    else if (sign !== '\r' || text[i + 1] !== '\n') cell += sign
  }
  if (cell !== '' || row.length > 0) endRow()
  const [columns = [], ...body] = rows
  return { columns, rows: body }
}

/** How a value that is no text stands in a cell. */
export const cellText = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
        : String(value)

/** A table as `mlflow.log_table` writes it: `{"columns": […], "data": [[…], …]}`; undefined for other JSON. */
export function loggedTable(json: unknown): Table | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { columns, data } = json as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return {
    columns: columns.map(String),
    rows: data.map((row: unknown[]) => columns.map((_, i) => cellText(row[i]))),
  }
}

/** The rows that are whole in the beginning of such a table; undefined where it is the beginning of something else. */
export function loggedBeginning(text: string): Table | undefined {
  if (!/^\s*\{\s*"columns"\s*:\s*\[/.test(text)) return undefined
  // A bracket within a text is none: then the one before it is tried.
  for (let i = 0, end = text.lastIndexOf(']'); i < 20 && end > 0; i++, end = text.lastIndexOf(']', end - 1)) {
    try {
      return loggedTable(JSON.parse(`${text.slice(0, end + 1)}]}`))
    } catch {}
  }
  return undefined
}

export interface Content {
  table?: Table
  /** What stands there, JSON set out. */
  text: string
  /** Where it is JSON. */
  json?: unknown
}

/** What a text file holds, to be shown. JSON that is none, or not all of it, is shown as it is. */
export function contentOf(kind: Kind, path: string, text: string): Content {
  if (kind === 'table') return { table: parseDelimited(text, path.toLowerCase().endsWith('.tsv') ? '\t' : ','), text }
  if (kind !== 'json' && kind !== 'notebook') return { text }
  try {
    const json: unknown = JSON.parse(text)
    const table = kind === 'json' ? loggedTable(json) : undefined
    return { json, text: kind === 'json' ? JSON.stringify(json, null, 2) : text, ...(table && { table }) }
  } catch {
    const table = kind === 'json' ? loggedBeginning(text) : undefined
    return { text, ...(table && { table }) }
  }
}
