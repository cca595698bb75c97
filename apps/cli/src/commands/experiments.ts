/** `tidegate experiments`: list, show, create, rm, restore. */
import { type FoundExperiment, graphql } from '@tidegate/client'
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { countOf, findExperiment, take } from '../found.ts'
import { time } from '../output.ts'
import type { Commands } from '../session.ts'

const Delete = graphql(`mutation DeleteExperiment($id: ID!) { deleteExperiment(id: $id) { experiment { id } } }`)
const Restore = graphql(`mutation RestoreExperiment($id: ID!) { restoreExperiment(id: $id) { experiment { id } } }`)

const shape = ({ tags, ...rest }: FoundExperiment) => ({ ...rest, tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) })

interface ListFlags {
  filter?: string
  order?: string[]
  deleted?: boolean
  all?: boolean
  limit: number
}

export default ((program, act) => {
  const group = program.command('experiments').alias('exp').description('experiments: list, show, create, rm, restore')

  const list = group
    .command('list')
    .alias('ls')
    .description('experiments, changed last first')
    .option('-f, --filter <filter>', "MLflow's filter of experiments")
    .option('--order <by...>', 'such as "name ASC"')
    .option('--deleted', 'the deleted ones')
    .option('--all', 'the deleted ones too')
    .option('-n, --limit <count>', 'at most so many, or "all"', countOf, 50)
  examples(list, 'experiments list', `experiments list --filter "name LIKE 'vision%'" --json`).action(
    act(async ({ out, client }, { filter, order, deleted, all, limit }: ListFlags) => {
      const found = client.experiments({
        ...(filter !== undefined && { filter }),
        ...(order && { orderBy: order }),
        lifecycle: all ? 'ALL' : deleted ? 'DELETED' : 'ACTIVE',
        pageSize: Math.min(limit, 200),
      })
      await out.list(take(found, limit), {
        id: ({ id }) => id,
        json: shape,
        none: 'No experiments.',
        columns: [
          { title: 'ID', of: ({ id }) => id, right: true },
          { title: 'NAME', of: ({ name }) => name },
          { title: 'RUNS', of: ({ runCount }) => String(runCount), right: true },
          { title: 'LIVE', of: ({ liveCount }) => String(liveCount), right: true },
          { title: 'CHANGED', of: ({ updatedAt }) => time(updatedAt) },
          ...(all || deleted ? [{ title: 'DELETED', of: ({ deletedAt }: FoundExperiment) => time(deletedAt) }] : []),
        ],
      })
    }),
  )

  const one = (command: Command) => command.argument('<experiment>', 'its name or id')

  examples(one(group.command('show')).description('one experiment'), 'experiments show mnist').action(
    act(async ({ out, client }, which: string) => {
      const experiment = await findExperiment(client, which)
      const { id, name, runCount, liveCount, createdAt, updatedAt, deletedAt, artifactLocation, tags } = experiment
      out.document(shape(experiment), () =>
        out.facts(name, [
          ['id', id],
          ['runs', `${runCount}, live ${liveCount}`],
          ['created', time(createdAt)],
          ['changed', time(updatedAt)],
          ['deleted', time(deletedAt)],
          ['artifacts', artifactLocation],
          ...tags.map(({ key, value }): [string, string] => [`tag ${key}`, value]),
        ]),
      )
    }),
  )

  examples(group.command('create').argument('<name>').description('makes an experiment'), 'experiments create mnist').action(
    act(async ({ out, client }, name: string) => {
      const made = await client.createExperiment(name)
      out.document(shape(made), () => made.id)
    }),
  )

  const rm = one(group.command('rm'))
    .description('deletes an experiment with its runs; `restore` brings them back, until `gc`')
    .option('--dry-run', 'only say what it would do')
  examples(rm, 'experiments rm mnist', 'experiments rm mnist --yes').action(
    act(async ({ out, client, signal, confirm }, which: string, { dryRun = false }: { dryRun?: boolean }) => {
      const { id, name, runCount } = await findExperiment(client, which)
      if (!dryRun) {
        await confirm(`Delete the experiment '${name}' with ${runCount} runs?`)
        await client.query(Delete, { id }, { signal })
      }
      out.document({ id, name, runs: runCount, dryRun }, () => `${dryRun ? 'Would delete' : 'Deleted'} '${name}' with ${runCount} runs.`)
    }),
  )

  const restore = one(group.command('restore')).description('brings a deleted experiment back, with the runs that went with it')
  examples(restore, 'experiments restore mnist').action(
    act(async ({ out, client, signal }, which: string) => {
      const { id } = await findExperiment(client, which, { deleted: true })
      await client.query(Restore, { id }, { signal })
      const restored = await findExperiment(client, id)
      out.document(shape(restored), () => `Restored '${restored.name}'.`)
    }),
  )
}) satisfies Commands
