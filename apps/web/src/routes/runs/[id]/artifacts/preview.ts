/** How a file is shown, by its name and size, and tables out of text. Nothing a file holds is ever run. */

export type Kind = 'image' | 'table' | 'json' | 'text' | 'audio' | 'video' | 'none'

const extensions: Record<Exclude<Kind, 'none'>, string> = {
  image: 'png jpg jpeg gif webp avif bmp ico svg',
  table: 'csv tsv',
  json: 'json',
  text: 'txt log md markdown rst yaml yml toml ini cfg conf properties env xml html htm css js mjs ts tsx jsx py ipynb r jl sh bash sql java go rs c h cpp scala jsonl ndjson diff patch gitignore tex bib lock mlmodel mlproject requirements dockerfile makefile license',
  audio: 'wav mp3 ogg oga flac m4a opus',
  video: 'mp4 webm mov m4v ogv',
}
const kinds = new Map(Object.entries(extensions).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind as Kind] as const)))

/** Text beyond this many bytes is downloaded instead. */
export const mostText = 4_000_000
/** Images beyond this many bytes are downloaded instead. */
export const mostImage = 20_000_000
/** Rows of a table that are shown. */
export const mostRows = 200

/** By the extension, or the name where there is none (`MLmodel`, `Dockerfile`). */
export function kindOf(path: string): Kind {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  return kinds.get(name.slice(name.lastIndexOf('.') + 1)) ?? 'none'
}

/** True where it is not worth the reader's memory. Audio and video are streamed. */
export function isTooLarge(kind: Kind, size: number): boolean {
  if (kind === 'image') return size > mostImage
  return (kind === 'table' || kind === 'json' || kind === 'text') && size > mostText
}

export interface Table {
  columns: string[]
  rows: string[][]
  /** How many there are, of which `rows` are the first. */
  total: number
}

/** Reads CSV (RFC 4180: quotes, doubled quotes, line breaks inside them) or TSV; the first line names the columns. */
export function parseDelimited(text: string, delimiter: ',' | '\t', most = mostRows): Table {
  const rows: string[][] = []
  let total = 0
  let row: string[] = []
  let cell = ''
  let quoted = false
  const endRow = () => {
    row.push(cell)
    if (row.length > 1 || row[0] !== '') {
      if (total <= most) rows.push(row)
      total++
    }
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
  return { columns, rows: body, total: Math.max(0, total - 1) }
}

const cellText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** A table as `mlflow.log_table` writes it: `{"columns": […], "data": [[…], …]}`; undefined for other JSON. */
export function loggedTable(json: unknown, most = mostRows): Table | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { columns, data } = json as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return {
    columns: columns.map(String),
    rows: data.slice(0, most).map((row: unknown[]) => columns.map((_, i) => cellText(row[i]))),
    total: data.length,
  }
}

export interface Content {
  table: Table | undefined
  /** What stands there, JSON set out. */
  text: string
}

/** What a text file holds, to be shown. JSON that is none is shown as it is. */
export function contentOf(kind: Kind, path: string, text: string): Content {
  if (kind === 'table') return { table: parseDelimited(text, path.toLowerCase().endsWith('.tsv') ? '\t' : ','), text }
  if (kind !== 'json') return { table: undefined, text }
  try {
    const json: unknown = JSON.parse(text)
    return { table: loggedTable(json), text: JSON.stringify(json, null, 2) }
  } catch {
    return { table: undefined, text }
  }
}
