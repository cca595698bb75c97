/**
 * What there is to filter by: keys and values, the most used first. It comes from a catalogue that a job keeps, so it may
 * be some minutes behind; a key that is newer has no uses yet.
 */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { job } from '../jobs.ts'
import { operation } from '../operation.ts'
import { type Kind, kinds } from '../runs/run.ts'
import { keysByUse, makeCatalogue, staleCatalogues, topAttributes, topValues } from './catalogue.sql.ts'
import { attributes, type Column, type ColumnKind, columnRef, parseColumnRef } from './column.ts'

export const refreshCatalogues = job({
  name: 'catalogue.refresh',
  payload: z.object({}),
  every: '* * * * *',
  async run({ db }, _payload, signal) {
    for (const experiment of await staleCatalogues(db, Date.now())) {
      if (signal.aborted) return
      await makeCatalogue(db, experiment)
    }
  },
})

export interface Completion {
  /** What stands in the filter: metrics.loss, 'vision'. */
  text: string
  kind: ColumnKind | 'value'
  /** Null for attributes: every run has them. */
  uses: number | null
  low: number | null
  high: number | null
}

/** Attributes as they are offered: the shorter names of those that have two. */
const offered = [
  'name',
  'status',
  'user',
  'started',
  'ended',
  'duration',
  'run_id',
  'experiment',
  'dataset',
  'dataset.digest',
  'dataset.context',
]
const kindNames = ['metric', 'param', 'tag'] as const

export const completeFilter = operation({
  name: 'filter.complete',
  input: z.object({
    experimentIds: z.array(z.string()).nullish(),
    column: z.string().nullish(),
    text: z.string().default(''),
    limit: z.number().int().min(1).max(100).default(20),
  }),
  action: 'read',
  on: (ctx: Ctx) => ({ securable: { kind: 'Workspace' as const, id: ctx.workspace.id }, row: null }),
  async run(ctx, { experimentIds, column, text, limit }): Promise<Completion[]> {
    const experiments = await visibleExperiments(ctx, experimentIds ?? undefined)
    if (column) return values(ctx, experiments, parseColumnRef(column), text.replace(/^['"]|['"]$/g, ''), limit)
    const wanted = text.replace(/[`"]/g, '')
    const keys = await keysByUse(ctx.db, experiments, keysAsked(wanted), limit)
    const found = keys.map(({ kind, name, ...use }): Completion => {
      const column: Column = { kind: kindNames.find((each) => kinds[each] === kind)!, key: name }
      return { text: columnRef(column), kind: column.kind, ...use }
    })
    const begins = wanted.toLowerCase().replace(/^attr(?:ibutes?)?\./, '')
    const own = offered
      .filter((name) => name.startsWith(begins))
      .map((text): Completion => ({ text, kind: 'attribute', uses: null, low: null, high: null }))
    // Of an empty text the keys say more than the attributes, which are always the same.
    return (begins ? [...own, ...found] : [...found.slice(0, Math.max(limit - own.length, limit / 2)), ...own]).slice(0, limit)
  },
})

/** What a text asks of keys: `metrics.lo` of one kind, `par` of all params too. */
function keysAsked(text: string): { kinds: Kind[]; whole: Kind[]; text: string } {
  const [, word, rest] = /^(\w+)\.(.*)$/s.exec(text) ?? []
  const kind = kindNames.find((name) => word === name || word === `${name}s`)
  if (kind) return { kinds: [kind], whole: rest ? [] : [kind], text: rest! }
  return { kinds: [...kindNames], whole: kindNames.filter((name) => `${name}s`.startsWith(text.toLowerCase())), text }
}

/** A text as the language writes it: it has no way to write both kinds of quotes. */
const quoted = (text: string) => (text.includes("'") ? `"${text}"` : `'${text}'`)

async function values(ctx: Ctx, experiments: number[], { kind, key }: Column, text: string, limit: number): Promise<Completion[]> {
  if (kind === 'metric' || (kind === 'attribute' && attributes.runs[key] !== 'text')) return []
  const found =
    kind === 'attribute' || kind === 'dataset'
      ? await topAttributes(ctx.db, experiments, kind === 'dataset' ? `dataset.${key}` : key, text, limit)
      : await topValues(ctx.db, experiments, kind, key, text, limit)
  return found
    .filter(({ text }) => !(text.includes("'") && text.includes('"')))
    .map(({ text, uses }) => ({ text: quoted(text), kind: 'value', uses, low: null, high: null }))
}
