/** `tidegate gc`: empties the trash, or tells what that would free. */
import { setTimeout as sleep } from 'node:timers/promises'
import { graphql, type ResultOf } from '@tidegate/client'
import { InvalidArgumentError } from 'commander'
import { examples } from '../examples.ts'
import { bytes } from '../output.ts'
import type { Commands, Session } from '../session.ts'

const Purge = graphql(`mutation Purge($input: PurgeInput!) {
  purge(input: $input) { dryRun freed { bytes rowBytes fileBytes files experiments runs models measured } }
}`)
const Summary = graphql(`query TrashSummary { trashSummary { newestAt collecting size { measured } } }`)

type Freed = ResultOf<typeof Purge>['purge']['freed']

const units: Record<string, number> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Reads "30d", "12h" or "2w" as ms. */
function ageOf(text: string): number {
  const [, count, unit] = /^(\d+)([hdw])$/.exec(text) ?? []
  if (!count || !unit) throw new InvalidArgumentError('Give hours, days or weeks, such as "12h", "30d" or "2w".')
  return Number(count) * units[unit]!
}

const sentence = ({ bytes: size, experiments, runs, models, files, measured }: Freed) =>
  `${measured ? '' : 'at least '}${bytes(size)}: ${experiments} experiments, ${runs} runs, ${models} models, ${files} files`

type State = ResultOf<typeof Summary>['trashSummary']
/** Between looks at how far the server is, ms. */
const pause = 500

/** The trash, when the server has measured, or collected, all there is: it does both by itself, a step at a time. */
async function waitFor({ client, signal }: Session, done: (now: State) => boolean): Promise<State> {
  for (;;) {
    const { trashSummary } = await client.query(Summary, {}, { signal })
    if (done(trashSummary)) return trashSummary
    await sleep(pause, undefined, { signal })
  }
}

interface Flags {
  olderThan?: number
  dryRun?: boolean
  wait?: boolean
}

export default ((program, act) => {
  const command = program
    .command('gc')
    .description('deletes for good what was deleted, and frees its room')
    .option('--older-than <age>', 'only what was deleted so long ago: 12h, 30d, 2w', ageOf)
    .option('--dry-run', 'only say what it would free')
    .option('--wait', 'until the room is free; the server goes on with it anyhow')
  examples(command, 'gc --dry-run', 'gc --older-than 30d --yes').action(
    act(async (session, { olderThan, dryRun = false, wait }: Flags) => {
      const { out, client, signal, confirm } = session
      const { newestAt } = await waitFor(session, ({ size }) => size.measured)
      // What is deleted after it was shown is not purged with it.
      const deletedBefore = olderThan === undefined ? newestAt : Date.now() - olderThan
      const input = { everything: true, ...(deletedBefore !== null && { deletedBefore }) }
      const would = (await client.query(Purge, { input: { ...input, dryRun: true } }, { signal })).purge.freed
      const nothing = !would.experiments && !would.runs && !would.models
      if (dryRun || nothing) {
        return out.document({ dryRun, freed: would }, () => (nothing ? 'There is nothing to free.' : `Would free ${sentence(would)}.`))
      }
      await confirm(`Delete for good, and free ${sentence(would)}?`)
      const { freed } = (await client.query(Purge, { input }, { signal })).purge
      if (wait) await waitFor(session, ({ collecting }) => collecting === 0)
      out.document({ dryRun, freed }, () => `${wait ? 'Freed' : 'Deleted for good; the server is freeing'} ${sentence(freed)}.`)
    }),
  )
}) satisfies Commands
