/**
 * What a route of the built pages waits for: the JavaScript of the shell, of the route and of all that either imports, without what is
 * loaded later. `node weight.ts` prints it in kB, each file packed by gzip on its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const client = join(import.meta.dirname, '.svelte-kit', 'output', 'client')
const generated = '.svelte-kit/generated/build/client-optimized'

interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
  css?: string[]
}

interface Waited {
  /** What every page waits for. */
  shell: Set<string>
  /** Files by route, as it is written in `src/routes`. */
  routes: Map<string, Set<string>>
}

function waited(): Waited {
  const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(client, '.vite', 'manifest.json'), 'utf8'))
  const isNode = (name: string) => name.startsWith(`${generated}/nodes/`)
  const take = (name: string, found: Set<string>) => {
    const { file, imports = [], css = [] } = manifest[name]!
    if (found.has(file)) return
    for (const each of [file, ...css]) found.add(each)
    for (const other of imports) take(other, found)
  }
  const taken = (names: readonly string[]) => {
    const found = new Set<string>()
    for (const name of names) take(name, found)
    return found
  }
  const names = Object.keys(manifest)
  const routes = names.flatMap((name) => {
    const [, route] = (isNode(name) && /src\/routes\/(.*)\+page\.svelte"/.exec(readFileSync(join(import.meta.dirname, name), 'utf8'))) || []
    return route === undefined ? [] : ([[`/${route.replace(/\/$/, '')}`, taken([name])]] as const)
  })
  return {
    shell: taken([...names.filter((name) => manifest[name]!.isEntry && !isNode(name)), `${generated}/nodes/0.js`]),
    routes: new Map(routes),
  }
}

/** By route, kB. */
export function weights(): Map<string, number> {
  const { shell, routes } = waited()
  const packed = new Map<string, number>()
  const sizeOf = (file: string) => {
    if (!packed.has(file)) packed.set(file, gzipSync(readFileSync(join(client, file)), { level: 9 }).length)
    return packed.get(file)!
  }
  const scripts = (files: Set<string>) => [...files].filter((file) => file.endsWith('.js'))
  return new Map(
    [...routes].map(([route, files]) => [
      route,
      scripts(new Set([...shell, ...files])).reduce((sum, file) => sum + sizeOf(file), 0) / 1000,
    ]),
  )
}

/** Writes what each route waits for beside the shell, which its HTML names, into `build/routes.json`: the server names it with the page. */
export function writeRoutes(): void {
  const { shell, routes } = waited()
  // What is written out goes before what stands for any name.
  const inOrder = [...routes].sort(([a], [b]) => (a.replaceAll('[', '~') < b.replaceAll('[', '~') ? -1 : 1))
  const found = Object.fromEntries(inOrder.map(([route, files]) => [route, [...files].filter((file) => !shell.has(file))]))
  writeFileSync(join(import.meta.dirname, 'build', 'routes.json'), JSON.stringify(found))
}

if (import.meta.main) for (const [route, kB] of weights()) console.log(`${kB.toFixed(1).padStart(6)} kB  ${route}`)
