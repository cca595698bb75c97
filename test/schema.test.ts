/** The face of the API as it is reviewed: printed by `pnpm schema`, and the types that the client makes of it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSchema } from '@tidegate/server'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { expect, it } from 'vitest'

const client = join(import.meta.dirname, '..', 'packages', 'client')
const committed = (path: string) => readFileSync(join(client, path), 'utf8')

it('schema.graphql is what the server has: `pnpm schema` writes it anew', async () => {
  expect(`${printSchema(lexicographicSortSchema(await buildSchema()))}\n`).toBe(committed('schema.graphql'))
})

it("the client's types are of that schema: `pnpm schema` writes them anew", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-schema-'))
  try {
    const output = join(folder, 'introspection.d.ts')
    execFileSync(process.execPath, [join(client, 'node_modules', 'gql.tada', 'bin', 'cli.js'), 'generate-output', '--output', output], {
      cwd: client,
    })
    expect(readFileSync(output, 'utf8')).toBe(committed('src/introspection.d.ts'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
