/** The pages are a static single-page app: `build/` is served by the server, which answers unknown paths with its index.html. */
import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { defineConfig } from 'vite'
import { persistedDocuments } from './documents.ts'

const server = 'http://127.0.0.1:5000'

export default defineConfig({
  plugins: [sveltekit({ adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }) }), persistedDocuments()],
  server: {
    proxy: {
      '/graphql': { target: server, ws: true },
      '/api': server,
      '/ajax-api': server,
      '/get-artifact': server,
    },
  },
})
