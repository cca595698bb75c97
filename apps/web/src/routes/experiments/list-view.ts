/** What the list of experiments shows, as its address says: search, folder, order, and whether folders or a plain list. */
import type { Experiment } from '#lib/experiments.svelte.ts'
import { cleanPath, compareNames, placeOf } from '#lib/tree.ts'

export type Order = 'name' | 'runs' | 'live' | 'activity' | 'user' | 'created'

export interface ListView {
  text: string
  life: 'active' | 'deleted'
  /** The folder that is looked into; empty for all. */
  folder: string
  /** Only what has runs that are running. */
  isLive: boolean
  isFlat: boolean
  order: Order
  isDown: boolean
}

/** The way round that is asked for first: the most, the newest. */
export const startsDown: Record<Order, boolean> = { name: false, runs: true, live: true, activity: true, user: false, created: true }

export function readListView(params: Pick<URLSearchParams, 'get' | 'has'>): ListView {
  const [, minus, name = ''] = /^(-?)(.*)$/.exec(params.get('sort') ?? '')!
  const order = name in startsDown ? (name as Order) : 'name'
  return {
    text: params.get('q') ?? '',
    life: params.get('show') === 'deleted' ? 'deleted' : 'active',
    folder: cleanPath(params.get('in') ?? ''),
    isLive: params.has('live'),
    isFlat: params.get('as') === 'list',
    order,
    isDown: minus === '-',
  }
}

export function writeListView(view: ListView): string {
  const params = new URLSearchParams()
  if (view.text) params.set('q', view.text)
  if (view.life === 'deleted') params.set('show', 'deleted')
  if (view.folder) params.set('in', view.folder)
  if (view.isLive) params.set('live', '')
  if (view.isFlat) params.set('as', 'list')
  if (view.order !== 'name' || view.isDown) params.set('sort', `${view.isDown ? '-' : ''}${view.order}`)
  return params.size > 0 ? `/experiments?${params}` : '/experiments'
}

const byText = new Intl.Collator(undefined, { numeric: true })
const figures: Record<Exclude<Order, 'name' | 'user'>, (experiment: Experiment) => number | null> = {
  runs: ({ runCount }) => runCount,
  live: ({ liveCount }) => liveCount,
  activity: ({ lastActivityAt }) => lastActivityAt,
  created: ({ createdAt }) => createdAt,
}

/** In the order of the view: what has nothing to be ordered by comes last either way, and equals stand by name. */
export function sortExperiments(list: readonly Experiment[], { order, isDown }: Pick<ListView, 'order' | 'isDown'>): Experiment[] {
  const turn = isDown ? -1 : 1
  return [...list].sort((a, b) => {
    if (order === 'name') return turn * compareNames(a, b)
    const [one, two] = order === 'user' ? [a.lastUser, b.lastUser] : [figures[order](a), figures[order](b)]
    if (one === null || two === null) return one === two ? compareNames(a, b) : one === null ? 1 : -1
    const by = typeof one === 'string' ? byText.compare(one, two as string) : one - (two as number)
    return by === 0 ? compareNames(a, b) : turn * by
  })
}

/** True where it is in the folder, however deep. */
export function isIn(name: string, folder: string): boolean {
  const { path } = placeOf(name)
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}

/** What the search looks in: the name, who was at work there, and its tags. */
export const soughtIn = ({ name, lastUser, tags }: Experiment): string =>
  [
    name,
    lastUser ?? '',
    ...tags.filter(({ key }) => !key.startsWith('mlflow.')).map(({ key, value }) => `${key}: ${value.slice(0, 200)}`),
  ].join(' ')
