/**
 * Folders of experiments: which are open, kept in this browser, and how they and what is in them are moved. The rail and the list page have the same.
 */
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import { graphql, mutate, toApiError } from '#lib/api.ts'
import { type Experiment, ExperimentFacts, experiments } from '#lib/experiments.svelte.ts'
import { formatCount } from '#lib/format.ts'
import { readStored, writeStored } from '#lib/stored.ts'
import { toast } from '#lib/toasts.svelte.ts'
import { type Moved, type MovedOne, pathsTo, placeOf, renames, type TreeRow } from '#lib/tree.ts'

const RenameExperiments = graphql(
  `
  mutation RenameExperiments($names: [ExperimentNameInput!]!) {
    renameExperiments(names: $names) { experiments { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)

/** With more experiments than this, folders that nobody opened are closed. */
const few = 60
/** Choices that are kept. */
const most = 500

const chosen = new SvelteMap<string, boolean>(read())
/** Lines that are moved together, by their keys. */
const picked = new SvelteSet<string>()
let asked = $state.raw<Moved | undefined>()

function read(): [string, boolean][] {
  try {
    const kept: unknown = JSON.parse(readStored('folders') ?? '[]')
    return Array.isArray(kept)
      ? kept.filter((each) => Array.isArray(each) && typeof each[0] === 'string').map(([path, open]) => [path, open === true])
      : []
  } catch {
    return []
  }
}

export const folders = {
  isOpen: (path: string): boolean => chosen.get(path) ?? experiments.list.length <= few,
  set(path: string, open: boolean): void {
    // What was chosen last is kept longest.
    chosen.delete(path)
    chosen.set(path, open)
    writeStored('folders', JSON.stringify([...chosen].slice(-most)))
  },
  /** Opens what an experiment is in, so that it is to be seen. */
  reveal(name: string): void {
    for (const path of pathsTo(placeOf(name).path)) if (!folders.isOpen(path)) folders.set(path, true)
  },
  /** What the dialog is open for. */
  get asked(): Moved | undefined {
    return asked
  },
  ask(what: Moved | undefined): void {
    asked = what
  },
  move,
  /** Lines that were picked, by the keys they have in trees. */
  get picked(): ReadonlySet<string> {
    return picked
  },
  pick(row: TreeRow<Experiment>, isPicked = !picked.has(row.key)): void {
    if (row.kind === 'more') return
    if (isPicked) picked.add(row.key)
    else picked.delete(row.key)
  },
  /** Picks a stretch of lines. */
  pickAll(rows: readonly TreeRow<Experiment>[]): void {
    for (const row of rows) folders.pick(row, true)
  },
  unpick(): void {
    picked.clear()
  },
  /** What is moved by a line: itself, or with it all that were picked. */
  movedBy(row: TreeRow<Experiment>): Moved | undefined {
    if (row.kind === 'more') return undefined
    if (!picked.has(row.key) || picked.size < 2) return row.kind === 'folder' ? { path: row.folder.path } : { id: row.item.id }
    return { all: [...picked].map((key): MovedOne => (key.startsWith('/') ? { path: key.slice(1) } : { id: key })) }
  },
}

/** Throws what the server refuses. Nothing has moved then. */
async function move(what: Moved, into: string, text: string): Promise<void> {
  const changes = renames(experiments.list, what, into, text)
  if (changes.length === 0) return
  await rename(changes.map(({ id, name }) => ({ id, name })))
  const [first] = changes
  const subject = changes.length === 1 ? placeOf(first!.before).text : `${formatCount(changes.length)} experiments`
  const { path } = placeOf(first!.name)
  for (const each of pathsTo('all' in what ? into : path)) folders.set(each, true)
  folders.unpick()
  toast(
    'id' in what && placeOf(first!.before).path === path
      ? `${subject} renamed`
      : `${subject} moved to ${'all' in what ? into || 'the top' : 'id' in what ? path || 'the top' : [into, text].filter(Boolean).join('/')}`,
    {
      undo: async () => {
        try {
          await rename(changes.map(({ id, before }) => ({ id, name: before })))
        } catch (error) {
          toast(toApiError(error).message, { kind: 'error' })
        }
      },
    },
  )
}

async function rename(names: { id: string; name: string }[]): Promise<void> {
  const { renameExperiments } = await mutate(RenameExperiments, { names })
  experiments.apply(renameExperiments.experiments)
}
