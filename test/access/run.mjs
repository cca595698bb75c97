/** `pnpm fuzz:access [requests] [seed]`: random requests across workspaces, 100 000 where it is not said; ends with "N passed, N failed". */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const [requests = '100000', seed = '1'] = process.argv.slice(2).filter((word) => word !== '--')
if (![requests, seed].every((word) => /^\d+$/.test(word))) {
  console.error('pnpm fuzz:access [requests] [seed]: two whole numbers.')
  process.exit(1)
}
const test = join(import.meta.dirname, '..')
const { status } = spawnSync(process.execPath, [join(test, 'run.mjs'), '--bare', '--config', 'test/access/vitest.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, TIDEGATE_FUZZ_REQUESTS: requests, TIDEGATE_FUZZ_SEED: seed },
})
process.exit(status ?? 1)
