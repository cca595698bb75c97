/**
 * What the client weighs in a bundle, minified: `pnpm --dir packages/client size`. Each line is an entry that takes only what it
 * names, as a bundler sees it that shakes the tree.
 */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

export interface Size {
  what: string
  /** Bytes, minified. */
  raw: number
  gzip: number
  /** Modules that are not in the bundle but asked for at run time. */
  imports: string[]
  modules: string[]
  code: string
}

const entries = {
  all: "export * from '@tidegate/client'",
  logging: "export { startRun } from '@tidegate/client'",
  asking: "export { connect } from '@tidegate/client'",
  documents: "export { graphql } from '@tidegate/client'",
}

/** Bundles what an entry takes, for a browser or for Node. */
export async function sizeOf(target: 'browser' | 'node', entry: keyof typeof entries): Promise<Size> {
  // A file of this package that is nowhere: so that the package finds itself by its name.
  const file = join(import.meta.dirname, 'entry.js')
  const built = (await build({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id === file ? id : undefined),
        load: (id) => (id === file ? entries[entry] : undefined),
      },
    ],
    // As an application: the build of a library keeps its white space.
    build: {
      write: false,
      minify: true,
      target: 'es2024',
      ssr: target === 'node',
      modulePreload: false,
      rolldownOptions: { input: file, preserveEntrySignatures: 'strict' },
    },
    ssr: { noExternal: true },
  })) as Rolldown.RolldownOutput | Rolldown.RolldownOutput[]
  const { code, imports, dynamicImports, moduleIds } = [built].flat()[0]!.output[0]
  return {
    what: `${target}, ${entry}`,
    raw: Buffer.byteLength(code),
    gzip: gzipSync(code).length,
    imports: [...imports, ...dynamicImports],
    modules: moduleIds,
    code,
  }
}

/** All of them, as a table. */
export async function sizes(): Promise<Size[]> {
  const all: Size[] = []
  for (const target of ['browser', 'node'] as const)
    for (const entry of Object.keys(entries)) all.push(await sizeOf(target, entry as keyof typeof entries))
  return all
}

if (import.meta.main) {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10)
  console.log(`${'bundle'.padEnd(20)}${'raw'.padStart(10)}${'gzip'.padStart(10)}`)
  for (const { what, raw, gzip } of await sizes()) console.log(`${what.padEnd(20)}${kilobytes(raw)}${kilobytes(gzip)}`)
}
