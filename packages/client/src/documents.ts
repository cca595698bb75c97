/** GraphQL documents that know the types of their variables and their answers. */

import { initGraphQLTada } from 'gql.tada'
import type { DocumentNode } from 'graphql'
import type { introspection } from './introspection.d.ts'

/** A metric's value on GraphQL's wire. `Number(value)` makes a number of any. */
export type Real = number | 'NaN' | 'Infinity' | '-Infinity'

/**
 * Writes a document that is typed by the server's schema: ``graphql(`query Run($id: ID!) { run(id: $id) { name } }`)``. Fragments are
 * given as a list after it.
 */
export const graphql = initGraphQLTada<{
  introspection: introspection
  disableMasking: true
  scalars: { Timestamp: number; Long: number; Real: Real; Cell: number | string | null; Doubles: string }
}>()

/** An enum or an input of the schema, by its name: `EnumOf<'RunStatus'>`. As the schema grows, so do these. */
export type EnumOf<Name extends keyof introspection['types']> = ReturnType<typeof graphql.scalar<Name & string>>

/** What a typed document answers, and what it asks for. */
export type { ResultOf, VariablesOf } from 'gql.tada'

/** A document typed by `graphql`, or by any generator of GraphQL's TypedDocumentNode. */
export interface TypedDocument<Result, Variables> extends DocumentNode {
  __apiType?: (variables: Variables) => Result
}
