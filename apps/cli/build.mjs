/** Bundles `tidegate` into one file for plain Node 20 and later, which needs nothing beside it: `pnpm --dir apps/cli build`. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

export async function buildCli(outDir = join(import.meta.dirname, 'build')) {
  await build({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'error',
    ssr: { noExternal: true, resolve: { conditions: ['node', 'module-sync'] } },
    build: {
      ssr: true,
      outDir,
      target: 'node20.19',
      minify: false,
      emptyOutDir: true,
      rolldownOptions: {
        input: { tidegate: join(import.meta.dirname, 'main.ts') },
        // Native parts of ws, which does without them.
        external: ['bufferutil', 'utf-8-validate'],
        output: { codeSplitting: false, entryFileNames: '[name].js' },
      },
    },
  })
  const file = join(outDir, 'tidegate.js')
  chmodSync(file, 0o755)
  return file
}

if (process.argv[1] === import.meta.filename) await buildCli()
