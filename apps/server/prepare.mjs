/** Makes what is generated from sources, where the sources have changed: the database client and the pages. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { generate } from '../../prisma/generate.mjs'

const root = join(import.meta.dirname, '..', '..')
const web = join(root, 'apps', 'web')

/** The folder the built pages are in. */
export const pages = join(web, 'build')

/** What the pages are made from. */
function fingerprint() {
  const hash = createHash('sha256')
  const take = (path) => hash.update(relative(root, path)).update(readFileSync(path))
  for (const source of [join(web, 'src'), join(root, 'packages', 'client', 'src')]) {
    for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
      // Declarations are made by the build itself.
      if (entry.isFile() && !entry.name.endsWith('.d.ts')) take(join(entry.parentPath, entry.name))
    }
  }
  for (const file of ['package.json', 'vite.config.ts', 'documents.ts', 'weight.ts']) take(join(web, file))
  take(join(root, 'packages', 'client', 'schema.graphql'))
  take(join(root, 'pnpm-lock.yaml'))
  return hash.digest('hex')
}

function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve(output) : reject(new Error(output))))
  })
}

/** Says what takes long while it does: dots on a terminal, a line elsewhere. */
async function progress(text, work) {
  const start = performance.now()
  process.stderr.write(text)
  const dots = process.stderr.isTTY ? setInterval(() => process.stderr.write('.'), 1000) : undefined
  try {
    const result = await work()
    process.stderr.write(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
    return result
  } catch (error) {
    process.stderr.write(' failed\n')
    throw error
  } finally {
    clearInterval(dots)
  }
}

/** The database client: before anything that imports it. */
export async function prepareClient() {
  if (existsSync(join(root, 'prisma', 'generated', '.stamp'))) generate()
  else await progress('Generating the database client …', async () => generate())
}

export async function preparePages() {
  const stamp = join(pages, '.stamp')
  const want = fingerprint()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return
  await progress('Building the pages, once …', () =>
    run(process.execPath, [join(web, 'node_modules', 'vite', 'bin', 'vite.js'), 'build'], web),
  )
  const { writeRoutes } = await import('../web/weight.ts')
  writeRoutes()
  writeFileSync(stamp, want)
}
