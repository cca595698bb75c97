/**
 * Experiments as they change, for whoever watches a workspace: at the start those that changed last, from then on each that changed, also
 * one that was deleted, however many they are. Nothing that changes after the start is missed, whichever process it changed in.
 */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { call, operation } from '../operation.ts'
import { type ExperimentWithTags, searchExperiments, visibleExperiments, withTags } from './experiments.ts'

/** Between two looks, ms. */
const pause = 500
/** How many are told at once. */
const together = 200

export interface ChangedExperiments {
  experiments: ExperimentWithTags[]
  begins: boolean
}

/** Those of `ids` that may be read, deleted ones too. */
const experimentsNow = operation({
  name: 'experiment.now',
  quiet: true,
  input: z.object({ ids: z.array(z.number()).max(together) }),
  action: 'read',
  on: (ctx) => ({ securable: { kind: 'Workspace', id: ctx.workspace.id } as const, row: null }),
  async run(ctx, { ids }): Promise<ExperimentWithTags[]> {
    const seen = await visibleExperiments(ctx, ids.map(String))
    return ctx.db.prisma.experiment.findMany({ where: { id: { in: seen } }, include: withTags })
  },
})

export async function* changedExperiments(ctx: Ctx, first: number, signal: AbortSignal): AsyncGenerator<ChangedExperiments> {
  let rang = new Set<number>()
  let mayHaveMissed = false
  const stop = ctx.events.hear('experiment', (id) => {
    if (id === undefined) mayHaveMissed = true
    else rang.add(id)
  })
  try {
    let begins = true
    for await (const _ of ctx.events.listen([['workspace', ctx.workspace.id]], signal, pause)) {
      const ids = [...rang]
      rang = new Set()
      if (begins) {
        const { experiments } = await call(ctx, searchExperiments, { orderBy: ['last_update_time DESC'], maxResults: first })
        yield { experiments, begins }
        begins = false
      } else if (mayHaveMissed) {
        mayHaveMissed = false
        for (let token: string | undefined; ; ) {
          const page = await call(ctx, searchExperiments, { lifecycle: 'ALL', maxResults: together, pageToken: token })
          yield { experiments: page.experiments, begins }
          token = page.nextPageToken
          if (token === undefined || signal.aborted) break
        }
      } else {
        for (let from = 0; from < ids.length && !signal.aborted; from += together) {
          const experiments = await call(ctx, experimentsNow, { ids: ids.slice(from, from + together) })
          if (experiments.length > 0) yield { experiments, begins }
        }
      }
    }
  } finally {
    stop()
  }
}
