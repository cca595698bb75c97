/** `pnpm test`: gets what the tests need, builds the pages, runs everything, and ends with "N passed, N failed". */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`The tests run on Node 22.18 or later, and this is ${process.version}. On Linux \`pnpm install\` brings its own.`)
  process.exit(1)
}

const root = join(import.meta.dirname, '..')
const { headlessChromium, mlflowPython } = await import('./prerequisites.mjs')
const { prepareClient, preparePages } = await import('../apps/server/prepare.mjs')
// Every file is a process of its own, and all load the same libraries: they are compiled once.
const env = { NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'), ...process.env }
const words = process.argv.slice(2)
/** Without what only pages and MLflow's clients need. */
const isBare = words.includes('--bare')
try {
  if (!isBare) {
    env.TIDEGATE_TEST_PYTHON = mlflowPython()
    env.TIDEGATE_TEST_CHROMIUM = headlessChromium()
  }
  await prepareClient()
  if (!isBare) await preparePages()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'tidegate-report-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...words.filter((word) => word !== '--bare')]
const { status } = spawnSync(process.execPath, [vitest, ...args], { cwd: root, env, stdio: 'inherit' })
let failed = status !== 0
try {
  const { numPassedTests, numFailedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that did not load has no failed test in it, and is a failure all the same.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const left = numTotalTests - numPassedTests - numFailedTests
  failed ||= numFailedTests + broken + left > 0 || numPassedTests === 0
  console.log(`${numPassedTests} passed, ${numFailedTests + broken + left} failed`)
} catch (error) {
  console.error(`There is no report of the tests: ${error.message}`)
  console.log('0 passed, 1 failed')
  failed = true
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)
