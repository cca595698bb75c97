/** The pages are a static single-page app: `build/` is served by the server, which answers unknown paths with its index.html. */
import { join } from 'node:path'
import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'
import { persistedDocuments } from './documents.ts'

const server = 'http://127.0.0.1:5000'

interface Bundle {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null
}
const node = (index: number) => join(import.meta.dirname, '.svelte-kit', 'generated', 'build', 'client-optimized', 'nodes', `${index}.js`)
/** The first is the layout of all pages. */
const layout = 0
/** What so many pages wait for may as well come with the layout. */
const many = 4

let pages: Map<string, Set<number>> | undefined
/** By module the pages that wait for it: that import it, or what imports it, but do not load it later. */
function pagesOf(bundle: Bundle): Map<string, Set<number>> {
  if (pages) return pages
  pages = new Map()
  for (let page = layout; bundle.getModuleInfo(node(page)); page++) {
    const take = (id: string) => {
      const of = pages!.get(id) ?? new Set()
      if (of.has(page)) return
      pages!.set(id, of.add(page))
      for (const each of bundle.getModuleInfo(id)?.importedIds ?? []) take(each)
    }
    take(node(page))
  }
  return pages
}

/**
 * Has what the same pages wait for in one file; what only one waits for is left to the bundler, as what is loaded later. What a module imports
 * comes with it where no other file has it yet: it is waited for by as many pages or more, and those files are made first.
 */
const together = (size: number) => ({
  debugName: `of ${size}`,
  priority: size,
  name(id: string, bundle: Bundle): string | null {
    const of = pagesOf(bundle).get(id)
    const waits = !of ? 0 : of.has(layout) ? many : Math.min(of.size, many)
    return waits !== size ? null : size === many ? 'shell' : `pages-${[...of!].join('-')}`
  },
})

export default defineConfig({
  plugins: [persistedDocuments(), sveltekit({ adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }) })],
  environments: {
    client: {
      build: {
        rolldownOptions: {
          output: {
            codeSplitting: {
              // What a page waits for comes in few files, not in forty, each of which would be asked for on its own. And so do the
              // styles of all pages: 57 files of half a kilobyte each take longer than what is not needed yet.
              groups: [
                // SvelteKit's first file gives the others what they read as they begin: it must not wait for them.
                { name: 'start', test: /kit[\\/]src[\\/]runtime[\\/]client[\\/]payload\.js$|vite[\\/]preload-helper/, priority: many + 2 },
                { name: 'styles', test: /[?&]type=style\b|\.css(\?|$)/, priority: many + 1 },
                ...[many, 3, 2].map(together),
              ],
            },
          },
        },
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: server, ws: true },
      '/api': server,
      '/ajax-api': server,
      '/get-artifact': server,
    },
  },
})
