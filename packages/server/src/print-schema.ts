/** `pnpm schema`: prints the GraphQL schema into the client's package, where a change is read in review. */
import { writeFileSync } from 'node:fs'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchema } from './graphql.ts'

export const printed = async () => `${printSchema(lexicographicSortSchema(await buildSchema()))}\n`

if (process.argv[1] === import.meta.filename) writeFileSync(new URL('../../client/schema.graphql', import.meta.url), await printed())
