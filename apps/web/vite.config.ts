/** The pages are a static single-page app: `build/` is served by the server, which answers unknown paths with its index.html. */
import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'
import { persistedDocuments } from './documents.ts'

const server = 'http://127.0.0.1:5000'

export default defineConfig({
  plugins: [persistedDocuments(), sveltekit({ adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }) })],
  build: {
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs is in two files, not in seventy; SvelteKit's own runtime starts from a file of its own.
          groups: [
            { name: 'svelte', test: /node_modules[\\/](svelte|esm-env|clsx|graphql-ws)[\\/]/ },
            { name: 'base', test: /src[\\/]lib[\\/](?!chart|plots)/, minShareCount: 8 },
          ],
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
