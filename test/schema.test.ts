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

it('leaves nothing undescribed: descriptions are the documentation', async () => {
  interface Described {
    name: string
    description?: string | null | undefined
  }
  const bare: string[] = []
  const look = (place: string, it: Described) => it.description?.trim() || bare.push(place)
  for (const type of Object.values((await buildSchema()).getTypeMap())) {
    if (type.name.startsWith('__') || ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name)) continue
    look(type.name, type)
    for (const field of 'getFields' in type ? Object.values(type.getFields()) : []) {
      look(`${type.name}.${field.name}`, field)
      for (const arg of 'args' in field ? field.args : []) look(`${type.name}.${field.name}(${arg.name})`, arg)
    }
    for (const value of 'getValues' in type ? type.getValues() : []) look(`${type.name}.${value.name}`, value)
  }
  expect(bare).toEqual([])
})
