/** The statements of mail.ts. */
import type { Sql } from '@tidegate/db'

export interface NewMail {
  kind: string
  recipient: string
  accountId: number | null
  subject: string
  content: string
  createdAt: number
}

export async function insertMail(sql: Sql, { kind, recipient, accountId, subject, content, createdAt }: NewMail): Promise<number> {
  const [row] = await sql.query<{ id: number }>(
    'INSERT INTO mail (kind, recipient, account_id, subject, content, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id',
    [kind, recipient, accountId, subject, content, createdAt],
  )
  return row!.id
}

const day = 24 * 3600_000

/** How many of its kind the same person was sent before it on the same day (of UTC). The same whenever it is asked. */
export async function earlierThatDay(sql: Sql, mail: { id: number; kind: string; recipient: string; createdAt: number }): Promise<number> {
  const dawn = mail.createdAt - (mail.createdAt % day)
  const [row] = await sql.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM mail WHERE recipient = $1 AND kind = $2 AND created_at >= $3 AND created_at < $4 AND id < $5',
    [mail.recipient, mail.kind, dawn, dawn + day, mail.id],
  )
  return row!.count
}
