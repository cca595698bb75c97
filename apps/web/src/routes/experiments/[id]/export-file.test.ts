import { expect, it } from 'vitest'
import { parseRef } from './columns.ts'
import { csvFile, fileColumns, parquetFile } from './export-file.ts'

const columns = fileColumns(['metrics.`val/loss`', 'params.a', 'attributes.start_time', 'attributes.run_id'].map((ref) => parseRef(ref)!))
const page = [
  ['r1', 'r2'],
  ['one, "two"', 'שלום\nעולם'],
  ['FINISHED', 'RUNNING'],
  [0.5, 'NaN'],
  ['=1+1', null],
  [Date.UTC(2026, 0, 2), 0],
]

it('names columns as the filter language does, what names the run first and once', () => {
  expect(columns.map(({ name }) => name)).toEqual(['id', 'name', 'status', 'metrics.val/loss', 'params.a', 'started_at'])
})

it('writes CSV that keeps commas, quotes, lines and signs', async () => {
  const file = csvFile(columns)
  file.add(page)
  file.add(columns.map(() => []))
  expect(await file.end().text()).toBe(
    'id,name,status,metrics.val/loss,params.a,started_at\r\nr1,"one, ""two""",FINISHED,0.5,=1+1,2026-01-02T00:00:00.000Z\r\nr2,"שלום\nעולם",RUNNING,NaN,,\r\n',
  )
})

it('writes Parquet with a row group a page', async () => {
  const file = await parquetFile(columns)
  file.add(page)
  file.add(page)
  const bytes = new Uint8Array(await file.end().arrayBuffer())
  const mark = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))
  expect([mark(0), mark(bytes.length - 4)]).toEqual(['PAR1', 'PAR1'])
})
