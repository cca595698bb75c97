/** The audit log's end: entries older than the retention are let go, once a day. Nothing else may take one. */
import { z } from 'zod'
import { job } from '../jobs.ts'
import { letGo } from './retain.sql.ts'

/** Days. */
export const retention = 400

export const retainAudit = job({
  name: 'audit.retain',
  payload: z.object({}),
  every: '17 3 * * *',
  async run({ db }, _payload, signal) {
    while (!signal.aborted && (await letGo(db, Date.now() - retention * 24 * 3600_000)) > 0) {}
  },
})
