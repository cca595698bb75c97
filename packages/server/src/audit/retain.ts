/** The audit log's end: entries older than the operator's retention are let go, once a day. Nothing else may take one. */
import { z } from 'zod'
import { job } from '../jobs.ts'
import { letGo } from './retain.sql.ts'

export const retainAudit = job({
  name: 'audit.retain',
  payload: z.object({}),
  every: '17 3 * * *',
  async run({ db, auditDays }, _payload, signal) {
    if (auditDays === 0) return
    while (!signal.aborted && (await letGo(db, Date.now() - auditDays * 24 * 3600_000)) > 0) {}
  },
})
