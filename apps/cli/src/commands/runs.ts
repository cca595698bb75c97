/** `tidegate runs`: list, search, rm, restore. Showing one and exporting many have files of their own. */
import { type Client, type FoundRun, graphql, type RunSearch } from '@tidegate/client'
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { notFound, usage } from '../exit.ts'
import { withFilter } from '../filter.ts'
import { allOf, countOf, forEach, runId, take } from '../found.ts'
import { columnsOf, runList, wantedOf } from '../run-columns.ts'
import { type SearchFlags, searching, searchOf } from '../run-search.ts'
import type { Commands, Session } from '../session.ts'
import addExport from './runs-export.ts'
import addShow from './runs-show.ts'

const Delete = graphql(`mutation DeleteRun($id: ID!) { deleteRun(id: $id) { run { id } } }`)
const Restore = graphql(`mutation RestoreRun($id: ID!) { restoreRun(id: $id) { run { id } } }`)
const Names = graphql(`query RunNames($ids: [ID!]!) { runs(ids: $ids) { id name } }`)
const ChangesFrom = graphql(`query ChangesFrom($id: ID!) { experiment(id: $id) { cursor } }`)

type ListFlags = SearchFlags & { watch?: boolean }

async function listRuns(session: Session, flags: ListFlags): Promise<void> {
  const { out, client } = session
  const { filter, limit, columns = [], deleted, all, watch } = flags
  const search = await searchOf(session, flags)
  const wanted = out.json && !columns.length ? { metrics: true, params: true, tags: true } : wantedOf(columns)
  const how = runList(out, columns, { deleted: Boolean(deleted || all) })
  // Before the list is read, so that nothing is missed between it and what comes after it.
  const changes = watch ? await changesOf(session, search) : undefined
  const found = client.searchRuns({ ...search, ...wanted, pageSize: Math.min(limit, 200) })
  await withFilter(client, filter, () => out.list(take(found, limit), how))
  if (!changes) return
  out.note('Watching; Ctrl-C ends it.')
  for await (const { runs } of changes) {
    const now = await matching(
      client,
      { ...search, ...wanted },
      runs.map(({ id }) => id),
    )
    for (const run of now) {
      out.event(run, () => (out.quiet ? run.id : out.row(run, how.columns).join('  ')))
    }
  }
  session.signal.throwIfAborted()
}

async function changesOf({ client, signal }: Session, { experiments }: RunSearch) {
  const ids = experiments ?? (await allOf(client.experiments())).map(({ id }) => id)
  const from = ids[0] === undefined ? null : (await client.query(ChangesFrom, { id: ids[0] }, { signal })).experiment?.cursor
  return client.changes({ experiments: ids, from: from ?? 'now', signal })
}

/** Of changed runs, the ones that match now. */
async function matching(client: Client, search: RunSearch, ids: readonly string[]): Promise<FoundRun[]> {
  if (!ids.length) return []
  const these = `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(', ')})`
  return allOf(client.searchRuns({ ...search, filter: search.filter ? `${these} AND (${search.filter})` : these }))
}

/** Which runs `rm` and `restore` are about: ids, or all that a search finds. */
async function chosenRuns(
  session: Session,
  given: string[],
  flags: Omit<SearchFlags, 'limit'>,
): Promise<Array<{ id: string; name: string }>> {
  const { client, signal } = session
  if (given.length && (flags.filter !== undefined || flags.experiment)) throw usage('Give either ids, or --filter and --experiment.')
  if (!given.length && flags.filter === undefined && !flags.experiment) throw usage('Say which: ids, or --filter and --experiment.')
  if (!given.length) {
    const search = await searchOf(session, flags)
    const found = await withFilter(client, flags.filter, () =>
      allOf(client.searchRuns({ ...search, metrics: false, params: false, pageSize: 1000 })),
    )
    return found.map(({ id, name }) => ({ id, name }))
  }
  const ids = [...new Set(given.map(runId))]
  const { runs } = await client.query(Names, { ids }, { signal })
  return runs.map((run, i) => {
    if (!run) throw notFound(`There is no run ${ids[i]}.`)
    return run
  })
}

export default ((program, act) => {
  const group = program.command('runs').description('runs: list, search, show, export, rm, restore')

  const listing = (command: Command) =>
    searching(command)
      .option('-n, --limit <count>', 'at most so many, or "all"', countOf, 50)
      .option('-c, --columns <columns>', 'also these, such as metrics.loss,params.lr', columnsOf)
      .option('-w, --watch', 'go on with what is new and what changes')

  const list = listing(group.command('list').alias('ls').argument('[experiment]', 'its name or id')).description('runs, newest first')
  examples(list, 'runs list mnist', 'runs list mnist --columns metrics.loss,params.lr', 'runs list --watch --json').action(
    act((session, experiment: string | undefined, flags: ListFlags) =>
      listRuns(session, experiment === undefined ? flags : { ...flags, experiment: [experiment, ...(flags.experiment ?? [])] }),
    ),
  )

  const search = listing(group.command('search').argument('[filter]', 'as --filter')).description('runs of all experiments that match')
  examples(
    search,
    `runs search "metrics.loss < 0.1 and params.model = 'cnn'" --order metrics.loss`,
    `runs search --experiment mnist --filter "status = 'FAILED'" --quiet`,
  ).action(
    act((session, filter: string | undefined, flags: ListFlags) => {
      if (filter !== undefined && flags.filter !== undefined) throw usage('Give the filter once: as it is, or as --filter.')
      return listRuns(session, filter === undefined ? flags : { ...flags, filter })
    }),
  )

  addShow(group, act)
  addExport(group, act)

  const changing = (name: string, description: string) =>
    group
      .command(name)
      .argument('[run...]', 'ids')
      .description(description)
      .option('-f, --filter <filter>', 'all that match')
      .option('-e, --experiment <name...>', 'all of these experiments, by name or id; with --filter those that match')
      .option('--dry-run', 'only say what it would do')

  type ChangeFlags = Pick<SearchFlags, 'filter' | 'experiment'> & { dryRun?: boolean }
  const changeRuns = async (
    session: Session,
    given: string[],
    { dryRun = false, ...flags }: ChangeFlags & { deleted?: boolean },
    words: { would: string; did: string; ask?: string },
    document: typeof Delete | typeof Restore,
  ) => {
    const { out, client, signal, confirm } = session
    const runs = await chosenRuns(session, given, flags)
    let done = 0
    if (!dryRun && runs.length) {
      const what = runs.length === 1 ? `the run ${runs[0]!.name} (${runs[0]!.id})` : `${runs.length} runs`
      if (words.ask) await confirm(`${words.ask} ${what}?`)
      const bar = out.progress()
      try {
        await forEach(runs, signal, async ({ id }) => {
          await client.query(document as typeof Delete, { id }, { signal })
          bar.update(++done, runs.length)
        })
      } finally {
        bar.stop()
        if (done < runs.length) out.note(`${words.did} ${done} of ${runs.length} runs.`)
      }
    }
    out.document({ runs, dryRun }, () =>
      runs.length === 1
        ? `${dryRun ? words.would : words.did} ${runs[0]!.name} (${runs[0]!.id}).`
        : `${dryRun ? words.would : words.did} ${runs.length} runs.`,
    )
  }

  examples(
    changing('rm', 'deletes runs; `restore` brings them back, until `gc`'),
    'runs rm 0123456789abcdef0123456789abcdef',
    `runs rm --experiment mnist --filter "status = 'FAILED'" --dry-run`,
  ).action(
    act((session, given: string[], flags: ChangeFlags) =>
      changeRuns(session, given, flags, { would: 'Would delete', did: 'Deleted', ask: 'Delete' }, Delete),
    ),
  )
  examples(changing('restore', 'brings deleted runs back'), 'runs restore 0123456789abcdef0123456789abcdef').action(
    act((session, given: string[], flags: ChangeFlags) =>
      changeRuns(session, given, { ...flags, deleted: true }, { would: 'Would restore', did: 'Restored' }, Restore),
    ),
  )
}) satisfies Commands
