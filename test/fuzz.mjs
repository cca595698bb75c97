/**
 * `pnpm fuzz access [requests] [seed]`: random requests across workspaces. `pnpm fuzz gates [sequences] [seed]`: random sequences of what people
 * do to versions with gates. As many as CI makes, where it is not said; ends with "N passed, N failed".
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const usual = { access: '100000', gates: '10000' }
const [what = '', count = usual[what], seed = '1'] = process.argv.slice(2).filter((word) => word !== '--')
if (!(what in usual) || ![count, seed].every((word) => /^\d+$/.test(word))) {
  console.error('pnpm fuzz access|gates [how many] [seed]: two whole numbers.')
  process.exit(1)
}
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'run.mjs'), '--bare', '--config', 'test/fuzz.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, TIDEGATE_FUZZ: what, TIDEGATE_FUZZ_COUNT: count, TIDEGATE_FUZZ_SEED: seed },
})
process.exit(status ?? 1)
