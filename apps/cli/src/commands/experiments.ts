/** `tidegate experiments`: list, show, create, rm, restore. */
import { type Client, graphql, type ResultOf } from '@tidegate/client'
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { notFound } from '../exit.ts'
import { time } from '../output.ts'
import { countOf, pagesOf } from '../pages.ts'
import type { Commands } from '../session.ts'

const experimentFields = graphql(
  `fragment ExperimentFields on Experiment { id name artifactLocation createdAt updatedAt deletedAt runCount liveCount tags { key value } }`,
)
const Experiments = graphql(
  `query Experiments($filter: String, $lifecycle: Lifecycle, $orderBy: [String!], $first: Int, $after: String) {
    experiments(filter: $filter, lifecycle: $lifecycle, orderBy: $orderBy, first: $first, after: $after) {
      nodes { ...ExperimentFields } pageInfo { endCursor }
    }
  }`,
  [experimentFields],
)
const ById = graphql(`query ExperimentById($id: ID!) { experiment(id: $id) { ...ExperimentFields } }`, [experimentFields])
const ByName = graphql(`query ExperimentByName($name: String!) { experiment(name: $name) { ...ExperimentFields } }`, [experimentFields])
const Create = graphql(
  `mutation CreateExperiment($input: CreateExperimentInput!) { createExperiment(input: $input) { experiment { ...ExperimentFields } } }`,
  [experimentFields],
)
const Delete = graphql(`mutation DeleteExperiment($id: ID!) { deleteExperiment(id: $id) { experiment { id } } }`)
const Restore = graphql(`mutation RestoreExperiment($id: ID!) { restoreExperiment(id: $id) { experiment { ...ExperimentFields } } }`, [
  experimentFields,
])

export type Experiment = ResultOf<typeof experimentFields>

/** The experiment of a name or an id; of a name first. */
export async function findExperiment(client: Client, which: string, signal: AbortSignal): Promise<Experiment> {
  const named = (await client.query(ByName, { name: which }, { signal })).experiment
  const found = named ?? (/^\d+$/.test(which) ? (await client.query(ById, { id: which }, { signal })).experiment : null)
  if (!found) throw notFound(`There is no experiment '${which}'. \`tidegate experiments list --all\` shows them.`)
  return found
}

const shape = ({ tags, ...rest }: Experiment) => ({ ...rest, tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) })

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
    .option('-n, --limit <count>', 'at most so many', countOf, 50)
  examples(list, 'experiments list', `experiments list --filter "name LIKE 'vision%'" --json`).action(
    act(async ({ out, client, signal }, { filter, order, deleted, all, limit }: ListFlags) => {
      const lifecycle = all ? 'ALL' : deleted ? 'DELETED' : 'ACTIVE'
      const items = pagesOf(limit, 200, async (first, after) => {
        const answer = await client.query(Experiments, { filter, lifecycle, orderBy: order, first, after }, { signal })
        return answer.experiments
      })
      await out.list(items, {
        id: ({ id }) => id,
        json: shape,
        none: 'No experiments.',
        columns: [
          { title: 'ID', of: ({ id }) => id, right: true },
          { title: 'NAME', of: ({ name }) => name },
          { title: 'RUNS', of: ({ runCount }) => String(runCount), right: true },
          { title: 'LIVE', of: ({ liveCount }) => String(liveCount), right: true },
          { title: 'CHANGED', of: ({ updatedAt }) => time(updatedAt) },
          ...(all || deleted ? [{ title: 'DELETED', of: ({ deletedAt }: Experiment) => time(deletedAt) }] : []),
        ],
      })
    }),
  )

  const one = (command: Command) => command.argument('<experiment>', 'its name or id')

  examples(one(group.command('show')).description('one experiment'), 'experiments show mnist').action(
    act(async ({ out, client, signal }, which: string) => {
      const experiment = await findExperiment(client, which, signal)
      out.document(shape(experiment), () =>
        [
          `${out.colour.bold(experiment.name)}  ${experiment.id}`,
          `runs       ${experiment.runCount}, live ${experiment.liveCount}`,
          `created    ${time(experiment.createdAt)}`,
          `changed    ${time(experiment.updatedAt)}`,
          ...(experiment.deletedAt ? [`deleted    ${time(experiment.deletedAt)}`] : []),
          `artifacts  ${experiment.artifactLocation}`,
          ...experiment.tags.map(({ key, value }) => `tag        ${key} = ${value}`),
        ].join('\n'),
      )
    }),
  )

  examples(group.command('create').argument('<name>').description('makes an experiment'), 'experiments create mnist').action(
    act(async ({ out, client, signal }, name: string) => {
      const { createExperiment } = await client.query(Create, { input: { name } }, { signal })
      out.document(shape(createExperiment.experiment), () => createExperiment.experiment.id)
    }),
  )

  const rm = one(group.command('rm'))
    .description('deletes an experiment with its runs; `restore` brings them back, until `gc`')
    .option('--dry-run', 'only say what it would do')
  examples(rm, 'experiments rm mnist', 'experiments rm mnist --yes').action(
    act(async ({ out, client, signal, confirm }, which: string, { dryRun = false }: { dryRun?: boolean }) => {
      const { id, name, runCount } = await findExperiment(client, which, signal)
      if (!dryRun) {
        await confirm(`Delete the experiment '${name}' with ${runCount} runs?`)
        await client.query(Delete, { id }, { signal })
      }
      out.document({ id, name, runs: runCount, dryRun }, () => `${dryRun ? 'Would delete' : 'Deleted'} '${name}' with ${runCount} runs.`)
    }),
  )

  examples(one(group.command('restore')).description('brings a deleted experiment back'), 'experiments restore mnist').action(
    act(async ({ out, client, signal }, which: string) => {
      const { id } = await findExperiment(client, which, signal)
      const { restoreExperiment } = await client.query(Restore, { id }, { signal })
      out.document(shape(restoreExperiment.experiment), () => `Restored '${restoreExperiment.experiment.name}'.`)
    }),
  )
}) satisfies Commands
