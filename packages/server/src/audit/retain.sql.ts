/** The one statement that may take entries of the audit log: the table's trigger asks for the word. */
import type { Database } from '@tidegate/db'

/** Of one go. */
const batch = 10_000

/** How many were let go. */
export const letGo = (db: Database, before: number): Promise<number> =>
  db.tx(async (sql) => {
    await sql.query("SELECT set_config('tidegate.audit_retention', 'yes', true)")
    const gone = await sql.query('DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 LIMIT $2) RETURNING id', [
      before,
      batch,
    ])
    return gone.length
  })
