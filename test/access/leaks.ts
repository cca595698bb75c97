/**
 * What an answer holds that it must not: markers, ids and numbers of workspaces that are not those of who asked. What they have said themselves
 * may be said back to them.
 */
import type { Worlds } from './worlds.ts'

export interface Watch {
  /** What of other workspaces is in an answer to somebody of `home`; of any, where that is undefined. */
  leaksIn(answer: string, home: string | undefined, said: readonly string[]): string[]
}

/** Numbers that are given out from now on are far from all that is there: a new thing is known by its marker. */
const later = 9_000_000

export async function openWatch({ platform: { db }, all }: Worlds): Promise<Watch> {
  for (const { sequence } of await db.query<{ sequence: string }>(
    "SELECT quote_ident(sequencename) AS sequence FROM pg_sequences WHERE schemaname = 'public' AND data_type::text <> 'smallint'",
  ))
    await db.query(`ALTER SEQUENCE ${sequence} RESTART WITH ${later}`)
  const uuids = await db.query<{ workspace: number; uuid: string }>(
    'SELECT workspace_id AS workspace, uuid FROM run UNION ALL SELECT workspace_id, m.uuid FROM logged_model m JOIN experiment e ON e.id = experiment_id',
  )
  const known = all.map((world, i) => ({
    name: world.workspace,
    marker: world.marker,
    uuids: uuids.filter(({ workspace }) => workspace === world.number).map(({ uuid }) => uuid.replace(/^m-/, '')),
    // As `worlds.ts` gives them out: millions of their own.
    numbers: new RegExp(`(?<![\\w.-])${i + 1}00\\d{4}(?![\\w.])`, 'g'),
    first: (i + 1) * 1_000_000 + i * 7 + 1,
  }))
  return {
    leaksIn(answer, home, said) {
      let rest = answer
      for (const text of [...new Set(said)].filter((each) => each.length > 1).sort((a, b) => b.length - a.length))
        rest = rest.replaceAll(text, '')
      return known
        .filter(({ name }) => name !== home)
        .flatMap(({ name, marker, uuids, numbers, first }) => [
          ...(rest.includes(marker) ? [`text of ${name}`] : []),
          ...uuids.filter((uuid) => rest.includes(uuid)).map((uuid) => `${uuid} of ${name}`),
          ...[...new Set(rest.match(numbers))].filter((each) => Number(each) >= first).map((each) => `number ${each} of ${name}`),
        ])
    },
  }
}

/** What says when it was, and not what there is. */
const timeless = (text: string): string =>
  text.replace(/(?<!\d)1[789]\d{11}(?!\d)/g, 'NOW').replace(/"(usedAt|seenAt)":(null|NOW)/g, '"$1":NOW')

/** The errors of an answer of GraphQL by the field that each is of, and the rest of it. */
function parted(text: string): { rest: string; errors: Map<string, string> } | undefined {
  if (!text.startsWith('{"errors":[{')) return undefined
  const { errors, ...rest } = JSON.parse(text) as { errors: { path?: unknown }[] }
  return { rest: JSON.stringify(rest), errors: new Map(errors.map((error) => [JSON.stringify(error.path ?? null), JSON.stringify(error)])) }
}

/**
 * Whether two answers say the same, at whatever time. Errors come in the order in which fields were found wrong; and where one of them leaves no
 * data at all, which of the others were found before is chance: each field that both name has to be wrong in the same way.
 */
export function isSame(one: { status: number; text: string }, other: { status: number; text: string }): boolean {
  const [a, b] = [timeless(one.text), timeless(other.text)]
  if (one.status !== other.status) return false
  if (a === b) return true
  const [x, y] = [parted(a), parted(b)]
  if (!x || !y || x.rest !== y.rest) return false
  const isWhole = !/"data":null/.test(x.rest)
  if (isWhole && x.errors.size !== y.errors.size) return false
  return [...x.errors].every(([path, error]) => (y.errors.get(path) ?? (isWhole ? undefined : error)) === error)
}
