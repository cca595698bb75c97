/** Makes the README's picture, docs/runs.png: a server as anyone starts it, with runs that MLflow's client trains. `node test/web/picture.ts` */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch, openPage, python } from './chromium.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'tidegate-picture-'))
const server = spawn(process.execPath, [join(root, 'apps', 'server', 'start.mjs'), '--port', '0', '--data', folder], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let output = ''
for await (const chunk of server.stdout) {
  output += chunk
  if (output.includes('Ctrl-C')) break
}
const origin = /http:\/\/[\d.:]+/.exec(output)![0]

const train = (...args: Array<string | number>) =>
  spawn(python(), [join(import.meta.dirname, 'train.py'), ...args.map(String)], {
    env: { ...process.env, MLFLOW_TRACKING_URI: origin },
    stdio: 'ignore',
  })

const runs: Array<[string, number, number]> = [
  ['still-weir-205', 0.3, 16],
  ['north-eddy-187', 0.005, 64],
  ['pale-marsh-192', 0.02, 16],
  ['amber-heron-109', 0.05, 128],
  ['tidal-fern-198', 0.1, 64],
  ['brisk-heron-213', 0.02, 128],
]
const browser = await launch()
try {
  await once(train('churn-mlp', 'dry-gravel-168', 0.02, 32, 10, 0), 'exit')
  for (const [name, rate, width] of runs) await once(train('digits-mlp', name, rate, width, 60, 0), 'exit')
  const live = [train('digits-mlp', 'calm-osprey-214', 0.05, 64, 60, 0.5), train('digits-mlp', 'slate-lock-211', 0.01, 96, 60, 0.6)]
  await new Promise((resolve) => setTimeout(resolve, 22_000))
  const experiments = `${origin}/api/2.0/mlflow/experiments/get-by-name?experiment_name=digits-mlp`
  const { experiment } = (await (await fetch(experiments)).json()) as { experiment: { experiment_id: string } }
  const { page } = await openPage(browser, `${origin}/experiments/${experiment.experiment_id}`)
  await page.waitForTimeout(4_000)
  await page.screenshot({ path: join(root, 'docs', 'runs.png') })
  for (const child of live) child.kill()
} finally {
  await browser.close()
  server.kill('SIGINT')
  await once(server, 'exit')
  rmSync(folder, { recursive: true, force: true })
}
