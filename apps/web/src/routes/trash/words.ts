/** The trash in words: what something is, what it frees, how long it stays. */
import { formatBytes, formatCount } from '#lib/format.ts'
import type { IconName } from '#lib/ui/icons.ts'
import type { Item, Size } from './documents.ts'

export const kinds: Record<Item['kind'], { icon: IconName; word: string }> = {
  RUN: { icon: 'play', word: 'Run' },
  LOGGED_MODEL: { icon: 'cube', word: 'Logged model' },
  EXPERIMENT: { icon: 'flask', word: 'Experiment' },
}

const count = (n: number, one: string, many = `${one}s`) => (n === 0 ? [] : [`${formatCount(n)} ${n === 1 ? one : many}`])

/** `2 experiments, 14 runs and 3 logged models`. */
export function contents(size: Size): string {
  const parts = [...count(size.experiments, 'experiment'), ...count(size.runs, 'run'), ...count(size.models, 'logged model')]
  const last = parts.pop()
  return parts.length > 0 ? `${parts.join(', ')} and ${last}` : (last ?? 'nothing')
}

/** What purging it frees; `at least` while some of it was not measured yet. */
export const frees = (size: Size): string =>
  size.measured ? formatBytes(size.bytes) : size.bytes > 0 ? `at least ${formatBytes(size.bytes)}` : 'counting'

/** `4.2 MB of rows, 1.2 GB in 31 files`. */
export const parts = (size: Size): string =>
  [
    `${formatBytes(size.rowBytes)} of rows`,
    ...(size.files > 0 ? [`${formatBytes(size.fileBytes)} in ${count(size.files, 'file').join()}`] : []),
  ].join(', ')

const day = 86_400_000

/** How long it stays: `29 days`, `5 h`, `any moment`, `for good`. */
export function stays(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'for good'
  const left = expiresAt - now
  if (left < 60_000) return 'any moment'
  if (left < 3_600_000) return `${Math.ceil(left / 60_000)} min`
  if (left < 2 * day) return `${Math.round(left / 3_600_000)} h`
  return `${formatCount(Math.round(left / day))} days`
}

/** The choices for how long deleted things stay, and the words for others. */
export const retentions = [null, 365, 90, 30, 7, 1, 0]
export const retention = (days: number | null): string =>
  days === null ? 'until purged' : days === 0 ? 'not at all' : days === 1 ? '1 day' : `${formatCount(days)} days`
