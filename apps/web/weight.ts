/**
 * What a route of the built pages waits for: the JavaScript of the shell, of the route and of all that either imports, without what is
 * loaded later. In kB, each file packed by gzip on its own. `node weight.ts` prints them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const client = join(import.meta.dirname, '.svelte-kit', 'output', 'client')
const generated = '.svelte-kit/generated/build/client-optimized'

interface Chunk {
  file: string
  src?: string
  isEntry?: boolean
  imports?: string[]
}

/** By route, as it is written in `src/routes`. */
export function weights(): Map<string, number> {
  const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(client, '.vite', 'manifest.json'), 'utf8'))
  const isNode = (name: string) => name.startsWith(`${generated}/nodes/`)
  const shell = Object.keys(manifest).filter((name) => manifest[name]!.isEntry && !isNode(name))
  const packed = new Map<string, number>()
  const sizeOf = (file: string) => {
    if (!packed.has(file)) packed.set(file, gzipSync(readFileSync(join(client, file)), { level: 9 }).length)
    return packed.get(file)!
  }
  const taken = (name: string, found = new Set<string>()): Set<string> => {
    const { file, imports = [] } = manifest[name]!
    if (!found.has(file)) {
      found.add(file)
      for (const other of imports) taken(other, found)
    }
    return found
  }
  const routes = Object.keys(manifest).flatMap((name) => {
    const [, route] = (isNode(name) && /src\/routes\/(.*)\+page\.svelte"/.exec(readFileSync(join(import.meta.dirname, name), 'utf8'))) || []
    return route === undefined ? [] : ([[`/${route.replace(/\/$/, '')}`, name]] as const)
  })
  const always = [...shell, `${generated}/nodes/0.js`]
  return new Map(
    routes.map(([route, name]) => {
      const files = new Set([...always, name].flatMap((each) => [...taken(each)]))
      return [route, [...files].reduce((sum, file) => sum + sizeOf(file), 0) / 1000]
    }),
  )
}

if (import.meta.main) for (const [route, kB] of weights()) console.log(`${kB.toFixed(1).padStart(6)} kB  ${route}`)
