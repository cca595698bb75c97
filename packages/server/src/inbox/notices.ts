/**
 * Telling people: a notice in their inbox, and what brings it into a letter. Always true: it is written in the transaction of what it follows
 * from, or by a job that was added there; of one cause a person is told once, however often that runs; and many at once are one letter.
 */
import type { Kernel, Tx } from '../context.ts'
import { enqueue } from '../jobs.ts'
import { addNotice, lettersOf, type NewNotice } from './inbox.sql.ts'
import { letterJob } from './letters.ts'
import { nextLetter } from './schedule.ts'

/** What a notice is of. */
export const noticeKinds = {
  ASKED: 'Somebody asked for a transition that you may approve.',
  REQUESTED: 'Somebody asked for a transition, of a model that you follow.',
  DECIDED: 'What you asked for was approved, rejected, or ended otherwise.',
  COMMENTED: 'Somebody commented.',
  MENTIONED: 'Somebody named you in a comment.',
  CHECK_FAILED: 'A check failed.',
  NEW_VERSION: 'A version was registered.',
  STAGE_CHANGED: 'A version came into another stage.',
  TOKEN_ENDS: 'A token is good for a few days yet.',
  WEBHOOK_OFF: 'A webhook was turned off, because nothing arrived.',
} as const
export type NoticeKind = keyof typeof noticeKinds

export type Told = NewNotice & { kind: NoticeKind }

/** Tells each of them. They hear of it when the transaction commits. */
export async function tell(tx: Tx, kernel: Pick<Kernel, 'mailer'>, all: readonly Told[]): Promise<void> {
  if (!all.length) return
  const now = Date.now()
  const people = [...new Set(all.flatMap(({ accounts }) => accounts))]
  const written = kernel.mailer ? await lettersOf(tx, people) : []
  const told = new Set<number>()
  for (const it of all) {
    const fresh = await addNotice(
      tx,
      it,
      written.map(({ id }) => id),
      now,
    )
    for (const id of fresh) told.add(id)
  }
  for (const { id, letters, since } of written)
    if (told.has(id)) await enqueue(tx, letterJob, { account: id }, { key: `inbox ${id}`, at: nextLetter(letters, since ?? now) })
  for (const id of told) tx.ring('inbox', id)
}
