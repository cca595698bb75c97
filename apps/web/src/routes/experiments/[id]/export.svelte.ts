/** Puts the runs that pass, or the selected, into a file: in pages, in the order of the table, with the columns it shows. */
import { query, type ResultOf, toApiError } from '#lib/api.ts'
import { formatCount } from '#lib/format.ts'
import { toast } from '#lib/toasts.svelte.ts'
import { joinClauses, splitClauses } from './clauses.ts'
import type { Column } from './columns.ts'
import { ExportPage } from './documents.ts'
import type { FileFormat } from './export-file.ts'
import type { Order } from './view.ts'

interface Read {
  experiment: string
  /** Of the experiment: the file is called so. */
  name: string
  filter: string
  order: readonly Order[]
  columns: readonly Column[]
  /** How many pass, as far as it is known. */
  total: number
}

/** Cells of one page, and runs at most. */
const cellsAtOnce = 200_000
const runsAtOnce = 5_000

/** Called while a component is set up. */
export function openExport(read: () => Read) {
  /** Runs that are in it; undefined while nothing is written. */
  let done = $state<number | undefined>()
  let all = $state(0)
  let stop: AbortController | undefined

  function save(file: Blob, name: string): void {
    const url = URL.createObjectURL(file)
    const link = document.createElement('a')
    link.href = url
    link.download = name
    link.click()
    // The browser reads it after the press.
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  }

  return {
    get done() {
      return done
    },
    get all() {
      return all
    },
    cancel(): void {
      stop?.abort()
    },
    /** `ids`: of the selected only. */
    async write(format: FileFormat, ids?: readonly string[]): Promise<void> {
      if (done !== undefined) return
      const { experiment, name, filter, order, columns, total } = read()
      const own = (stop = new AbortController())
      const { signal } = own
      done = 0
      all = ids?.length ?? total
      try {
        const { csvFile, fileColumns, parquetFile } = await import('./export-file.ts')
        const wanted = fileColumns(columns)
        const file = format === 'csv' ? csvFile(wanted) : await parquetFile(wanted)
        const first = Math.max(100, Math.min(runsAtOnce, Math.floor(cellsAtOnce / wanted.length)))
        const chosen = ids ? [`attributes.run_id IN (${ids.map((id) => `'${id}'`).join(', ')})`] : splitClauses(filter)
        const search = { experiment, filter: joinClauses(chosen) || null, order: [...order], columns: wanted.map(({ ref }) => ref), first }
        for (let after: string | null = null, more = true; more; ) {
          const { runTable }: ResultOf<typeof ExportPage> = await query(ExportPage, { ...search, after }, { signal })
          file.add(runTable.columns.map(({ values }) => values))
          done += runTable.columns[0]?.values.length ?? 0
          after = runTable.pageInfo.endCursor
          more = runTable.pageInfo.hasNextPage
        }
        const base = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+/, '') || 'runs'
        save(file.end(), `${base}.${format}`)
        toast(`${formatCount(done)} ${done === 1 ? 'run' : 'runs'} in ${base}.${format}`)
      } catch (error) {
        if (!signal.aborted) toast(toApiError(error).message, { kind: 'error' })
      }
      done = undefined
    },
  }
}

export type Exporting = ReturnType<typeof openExport>
