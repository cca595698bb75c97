/** `tidegate verify`: computes the chain of the registry's activities anew, and tells whether anything that was written has been touched. */
import { createHash } from 'node:crypto'
import { graphql } from '@tidegate/client'
import { InvalidArgumentError } from 'commander'
import { examples } from '../examples.ts'
import { exit, Stop } from '../exit.ts'
import type { Commands } from '../session.ts'

const Links = graphql(`query ActivityLinks($after: Long!) { activityChain(after: $after) { links { seq line hash } endSeq endHash } }`)

interface End {
  seq: number
  hash: string
}

/** Reads "120:5d0e…": what an earlier verification ended with. */
function endOf(text: string): End {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (!seq || !hash) throw new InvalidArgumentError('Give what an earlier `tidegate verify` ended with, such as "120:5d0e…".')
  return { seq: Number(seq), hash }
}

const broken = (seq: number, why: string) =>
  new Stop(exit.failed, `The activities were tampered with: entry ${seq} ${why}.`, { code: 'TAMPERED' })

export default ((program, act) => {
  const command = program
    .command('verify')
    .description('tells whether the activities of registered models are as they were written')
    .option('--since <end>', 'what an earlier one ended with, seq:hash: it must be there still', endOf)
  examples(command, 'verify', 'verify --json').action(
    act(async ({ client, signal, out }, { since }: { since?: End }) => {
      let [seq, hash] = [0, '']
      for (;;) {
        const { activityChain } = await client.query(Links, { after: seq }, { signal })
        for (const link of activityChain.links) {
          if (link.seq !== seq + 1) throw broken(seq + 1, 'is missing')
          hash = createHash('sha256').update(`${hash}\n${link.line}`).digest('hex')
          if (hash !== link.hash) throw broken(link.seq, 'is not what was written')
          seq = link.seq
          if (since?.seq === seq && since.hash !== hash) throw broken(seq, 'is another than it was')
        }
        if (activityChain.links.length === 0) {
          if (seq < activityChain.endSeq) throw broken(seq + 1, 'is missing')
          break
        }
      }
      if (since && since.seq > seq) throw broken(seq + 1, 'is missing')
      const end = `${seq}:${hash}`
      out.document({ entries: seq, end }, () =>
        seq === 0 ? 'There are no activities yet.' : `All ${seq} activities are as they were written. The chain ends with ${end}`,
      )
    }),
  )
}) satisfies Commands
