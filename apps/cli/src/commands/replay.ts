/** `tidegate replay`: sends what the TypeScript client logged while the server was away. */
import type { ReplayedRun } from '@tidegate/client'
import { examples } from '../examples.ts'
import { exit, Stop } from '../exit.ts'
import { type ListOf, number } from '../output.ts'
import type { Commands } from '../session.ts'

const listed: ListOf<ReplayedRun> = {
  columns: [
    { title: 'RUN', of: ({ name, id }) => name || id },
    { title: 'OUTCOME', of: ({ outcome }) => outcome },
    { title: 'ENTRIES', of: ({ entries }) => number(entries), right: true },
    { title: 'FILES', of: ({ files }) => number(files), right: true },
    { title: 'PROBLEMS', of: ({ problems }) => problems.join(' ') },
  ],
  id: ({ id }) => id,
  none: 'There is nothing to send.',
}

export default ((program, act) => {
  const command = program
    .command('replay')
    .description('sends the runs that were logged into a spool while the server was away; safe to repeat')
    .argument('<folder>', 'the spool')
  examples(command, 'replay ./spool', 'replay ./spool --json').action(
    act(async ({ out, client, signal }, folder: string) => {
      const bar = out.progress('bytes')
      const { runs } = await client
        .replay({ folder, signal, onProgress: ({ name }, done, total) => bar.update(done, total, name) })
        .finally(() => bar.stop())
      await out.list(runs, listed)
      const left = runs.filter(({ outcome }) => outcome === 'stopped' || outcome === 'kept')
      if (left.length)
        throw new Stop(exit.failed, `${left.length} of ${runs.length} runs could not be sent whole. ${left[0]!.problems.join(' ')}`)
    }),
  )
}) satisfies Commands
