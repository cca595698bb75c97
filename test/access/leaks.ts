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

/** What says when it was, and not what there is; errors, which come in the order in which fields were found wrong, in one of their own. */
export const timeless = (text: string): string =>
  sorted(text)
    .replace(/(?<!\d)1[789]\d{11}(?!\d)/g, 'NOW')
    .replace(/"(usedAt|seenAt)":(null|NOW)/g, '"$1":NOW')

function sorted(text: string): string {
  if (!text.startsWith('{"errors":[{')) return text
  const { errors, ...rest } = JSON.parse(text)
  return JSON.stringify({ errors: errors.map((error: unknown) => JSON.stringify(error)).sort(), ...rest })
}
