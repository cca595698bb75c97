/**
 * Generates the Prisma client and Pothos' types for it, unless they already fit the schema.
 * Plain JavaScript: it runs before anything is generated.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const here = import.meta.dirname
const stamp = join(here, 'generated', '.stamp')

export function generate() {
  const hash = createHash('sha256')
  for (const file of readdirSync(join(here, 'schema')).sort()) hash.update(readFileSync(join(here, 'schema', file)))
  hash.update(readFileSync(join(here, 'package.json')))
  const want = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return false

  rmSync(join(here, 'generated'), { recursive: true, force: true })
  const prisma = join(dirname(createRequire(import.meta.url).resolve('prisma/package.json')), 'build', 'index.js')
  const bin = join(here, 'node_modules', '.bin')
  const run = spawnSync(process.execPath, [prisma, 'generate'], {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
  })
  if (run.status !== 0) throw new Error(`Generating the Prisma client failed:\n${run.stdout}\n${run.stderr}`)
  writeFileSync(stamp, want)
  return true
}

if (process.argv[1] === import.meta.filename) generate()
