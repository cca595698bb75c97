/**
 * From what was said of a run to who is told of it: whom it names, and who has said something of the run before. Always true: who wrote it is not
 * told; who may not read the run is told nothing; whom a comment named already is not told again when it is changed.
 */
import { z } from 'zod'
import { may } from '../access.ts'
import { inTransaction } from '../context.ts'
import { type Job, job } from '../jobs.ts'
import { commentsOfRuns, readRunComment } from '../runs/comments.sql.ts'
import { readRuns } from '../runs/read.sql.ts'
import { heldBy } from '../standing.ts'
import { noticeOfRun } from './inbox.sql.ts'
import { namesIn, quoted } from './names.ts'
import { type NoticeKind, tell } from './notices.ts'

/** `texts`: how many it had then; the last of those is meant. */
export const tellOfRunComment: Job<{ comment: number; texts: number }> = job({
  name: 'inbox.run-comment',
  payload: z.object({ comment: z.int(), texts: z.int() }),
  async run(kernel, { comment: id, texts }) {
    const { db } = kernel
    const comment = await readRunComment(db, id)
    const said = comment?.texts[texts - 1]?.text
    if (!comment || comment.deletedAt !== null || said === undefined) return
    const [run] = await readRuns(db, [comment.runId])
    if (!run) return
    const before = new Set(comment.texts.slice(0, texts - 1).flatMap(({ text }) => namesIn(text)))
    const names = namesIn(said).filter((name) => !before.has(name))
    const others = texts > 1 ? [] : (await commentsOfRuns(db, [run.id])).map(({ accountId }) => accountId)
    const found = await db.prisma.account.findMany({
      where: { disabledAt: null, serviceOf: null, OR: [{ name: { in: names.slice(0, 50) } }, { id: { in: others } }] },
    })
    const { experimentId, workspaceId } = comment
    const told = new Map<NoticeKind, number[]>()
    for (const account of found) {
      if (account.id === comment.accountId) continue
      const { ability } = await heldBy(db, account, workspaceId)
      if (!may(ability, 'read', { kind: 'Experiment', id: experimentId, workspaceId })) continue
      const kind = names.includes(account.name) ? 'MENTIONED' : 'COMMENTED'
      told.set(kind, [...(told.get(kind) ?? []), account.id])
    }
    const words = { MENTIONED: 'named you, on the run', COMMENTED: 'commented on the run' }
    const cause = `run comment ${id} ${texts}`
    await inTransaction(kernel, async (tx) => {
      await noticeOfRun(tx, cause, experimentId, Date.now())
      await tell(
        tx,
        kernel,
        [...told].map(([kind, accounts]) => ({
          ...{ accounts, kind, workspaceId, modelId: null, version: null, cause },
          actor: comment.actor,
          text: `${comment.actor} ${words[kind as keyof typeof words]} ${run.name}${quoted(said)}`,
          path: `/runs/${run.uuid}?tab=notes`,
        })),
      )
    })
  },
})
