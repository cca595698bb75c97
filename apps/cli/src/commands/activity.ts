/** `tidegate activity`: what happened to registered models, whole, for whoever keeps it elsewhere. */
import { graphql, type ResultOf } from '@tidegate/client'
import { examples } from '../examples.ts'
import { notFound } from '../exit.ts'
import { countOf, take } from '../found.ts'
import { time } from '../output.ts'
import type { Commands, Session } from '../session.ts'

const Page = graphql(`
  fragment ActivityPage on ActivityConnection {
    nodes { seq time kind model version actor door through from to comment data hash }
    pageInfo { hasNextPage endCursor }
  }
`)
const OfAll = graphql(
  `query ModelActivity($first: Int!, $after: String) { modelActivity(first: $first, after: $after) { ...ActivityPage } }`,
  [Page],
)
const OfOne = graphql(
  `query ActivityOfModel($model: String!, $first: Int!, $after: String) {
    registeredModel(name: $model) { activity(first: $first, after: $after) { ...ActivityPage } }
  }`,
  [Page],
)

type Entry = ResultOf<typeof Page>['nodes'][number]

function entriesOf({ client, signal }: Session, model: string | undefined, limit: number): AsyncIterable<Entry> {
  const first = Math.min(limit, 500)
  return client.all(async (after) => {
    if (model === undefined) return (await client.query(OfAll, { first, after }, { signal })).modelActivity
    const { registeredModel } = await client.query(OfOne, { model, first, after }, { signal })
    if (!registeredModel) throw notFound(`There is no registered model '${model}'.`)
    return registeredModel.activity
  })
}

/** What it was and became, as far as it says. */
const change = ({ from, to }: Entry) => [from, to].filter((it) => it !== null).join(' → ')

export default ((program, act) => {
  const command = program
    .command('activity')
    .argument('[model]', 'only of this one')
    .description('who did what to registered models, when and over which door; newest first, deleted ones too')
    .option('-n, --limit <count>', 'at most so many, or "all"', countOf, 50)
  examples(command, 'activity load-forecaster', 'activity --limit all --json > activity.jsonl').action(
    act(async (session, model: string | undefined, { limit }: { limit: number }) => {
      await session.out.list(take(entriesOf(session, model, limit), limit), {
        id: ({ seq }) => String(seq),
        json: ({ data, ...entry }) => ({ ...entry, data: JSON.parse(data) }),
        none: 'There are no activities yet.',
        columns: [
          { title: 'NO', of: ({ seq }) => String(seq), right: true },
          { title: 'WHEN', of: ({ time: at }) => time(at) },
          { title: 'WHO', of: ({ actor }) => actor },
          { title: 'OVER', of: ({ door }) => door ?? '' },
          { title: 'MODEL', of: ({ model, version }) => (version === null ? model : `${model} v${version}`) },
          { title: 'WHAT', of: ({ kind }) => kind },
          { title: 'CHANGE', of: change },
          { title: 'COMMENT', of: ({ comment }) => comment },
        ],
      })
    }),
  )
}) satisfies Commands
