/** Runs as Parquet: text as STRING, metrics as DOUBLE, times as TIMESTAMP (ms); null where a run has no value. Some runs are in memory at a time. */
import type { FoundRun } from '@tidegate/client'
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import type { RowWriter, RunField } from './run-files.ts'

const types = { text: 'STRING', number: 'DOUBLE', time: 'TIMESTAMP' } as const
/** Values held before they are written as a row group. */
const held = 1_000_000

export function parquetWriter(file: string, fields: readonly RunField[]): RowWriter {
  const rows: FoundRun[] = []
  const most = Math.max(100, Math.floor(held / fields.length))
  const columnData = () =>
    fields.map(({ name, type, of }) => ({
      name,
      type: types[type],
      nullable: true,
      data: rows.map((run) => {
        const value = of(run)
        return type === 'time' && value !== null ? new Date(value) : value
      }),
    }))
  const writer = new ParquetWriter({
    writer: fileWriter(file),
    schema: schemaFromColumnData({ columnData: columnData() }),
    createdBy: 'tidegate',
  })
  const flush = async () => {
    if (rows.length) await writer.write({ columnData: columnData(), rowGroupSize: rows.length })
    rows.length = 0
  }
  return {
    async write(run) {
      if (rows.push(run) >= most) await flush()
    },
    async end() {
      await flush()
      await writer.finish()
    },
    async abandon() {},
  }
}
