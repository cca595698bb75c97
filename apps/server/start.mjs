/**
 * `pnpm start`: checks the Node it runs on, makes what is generated from sources and is not there yet, and starts the
 * server in this same process. Plain JavaScript, because it is what tells an old Node that it is one.
 */
import module from 'node:module'
import { join } from 'node:path'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Tidegate runs on Node 22.18 or later, and this is ${process.version}. On Linux \`pnpm install\` brings its own; elsewhere install it from nodejs.org.`,
  )
  process.exit(1)
}
// Compiled code is kept between starts: a second start is three times as fast.
module.enableCompileCache(join(import.meta.dirname, '..', '..', '.cache', 'compiled'))
// Type stripping says on every start that it is new.
process.removeAllListeners('warning')

const { prepareClient } = await import('./prepare.mjs')
await prepareClient()
const { main } = await import('./main.ts')
await main(process.argv.slice(2))
