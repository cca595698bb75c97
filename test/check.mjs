/** `pnpm check`: types, Svelte, lint and format, side by side. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { generate } from '../prisma/generate.mjs'

const root = join(import.meta.dirname, '..')
generate()

const node = process.execPath
const checks = {
  types: [node, ['node_modules/typescript7/bin/tsc', '-p', 'tsconfig.json'], root],
  pages: ['pnpm', ['run', 'check'], join(root, 'apps', 'web')],
  lint: [join(root, 'node_modules', '.bin', 'biome'), ['check', '--error-on-warnings', '.'], root],
}

const outcomes = await Promise.all(
  Object.entries(checks).map(([name, [command, args, cwd]]) =>
    new Promise((resolve) => {
      const start = performance.now()
      const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
      let output = ''
      child.stdout.on('data', (chunk) => (output += chunk))
      child.stderr.on('data', (chunk) => (output += chunk))
      child.on('error', (error) => resolve([name, false, error.message, start]))
      child.on('exit', (code) => resolve([name, code === 0, output, start]))
    }).then(([name, ok, output, start]) => {
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(6)} ${((performance.now() - start) / 1000).toFixed(1)} s`)
      if (!ok) console.log(output.trimEnd())
      return ok
    }),
  ),
)
process.exit(outcomes.every(Boolean) ? 0 : 1)
