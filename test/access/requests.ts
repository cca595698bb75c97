/** Random requests by every door. Always true: of one number there is one request, whenever it is made. */
import type { GraphQLSchema } from 'graphql'
import { Draw } from './draw.ts'
import { type Kind, operationOn, rootFields } from './graphql-requests.ts'
import type { World } from './ids.ts'
import { callOn, transferOn, wireRoutes, wireTransfers } from './wire-requests.ts'

export interface Asked {
  door: 'wire' | 'graphql' | 'subscription'
  /** `POST runs/create`, `mutation createRun`. */
  what: string
  method: string
  path: string
  body?: string
  type?: string
  /** Of GraphQL. */
  document?: string
  /** All text that it holds: an answer may say it again. */
  said: string[]
}

const reads = (method: string) => method === 'GET' || method === 'HEAD'
const readingPosts = /search|get-|query|list$|presign-download/

/** A request of somebody of `own`. */
export function requestOf(
  seed: number,
  schema: GraphQLSchema,
  { own, all, kind }: { own: World; all: readonly World[]; kind: 'reading' | 'changing' | 'following' },
): Asked & { foreign: string[] } {
  const draw = new Draw(seed, own, all, kind !== 'changing')
  const { random } = draw
  const graphql = (of: Kind) => operationOn(of, random.pick(rootFields(schema, of)), draw)
  const asked = (() => {
    if (kind === 'following') return graphql('subscription')
    if (random.chance(45)) return graphql(kind === 'reading' ? 'query' : 'mutation')
    const isReading = kind === 'reading'
    if (random.chance(25)) {
      const some = wireTransfers.filter(({ method }) => reads(method) === isReading)
      if (some.length) return transferOn(random.pick(some), draw)
    }
    const some = wireRoutes.filter(({ method, path }) => (reads(method) || readingPosts.test(path)) === isReading)
    return callOn(random.pick(some), draw)
  })()
  return { ...asked, foreign: draw.foreign }
}
