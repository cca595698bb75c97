/** Moving in: an MLflow server with 10 000 runs of 20 params and 20 metrics, a million points in all, by the command as people use it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Case, connected, newExperiment } from '../bench.ts'
import { loadRuns } from '../load.sql.ts'

const runs = 10_000
const main = join(import.meta.dirname, '..', '..', '..', 'apps', 'cli', 'main.ts')

export const moving: Case = {
  name: 'import',
  async run({ mlflow, tidegate, note }) {
    const experiment = await connected(mlflow, newExperiment)
    await loadRuns(mlflow, experiment, runs)
    // Five of each metric.
    await mlflow.sql(`INSERT INTO metrics (key, timestamp, step, value, is_nan, run_uuid)
      SELECT l.key, l.timestamp - 100 + s, s, l.value * s, false, l.run_uuid FROM latest_metrics l JOIN runs r ON r.run_uuid = l.run_uuid,
      generate_series(20, 100, 20) AS s WHERE r.experiment_id = ${Number(experiment)}`)
    await mlflow.sql('VACUUM ANALYZE metrics')

    const bring = async () => {
      const start = performance.now()
      const args = ['--disable-warning=ExperimentalWarning', main, 'import', 'mlflow', mlflow.origin, '--server', tidegate.origin, '--json']
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 })
      return { seconds: (performance.now() - start) / 1000, report: JSON.parse(stdout) }
    }
    const { seconds, report } = await bring()
    if (report.brought < runs || report.points < runs * 100)
      throw new Error(`Only ${report.brought} runs and ${report.points} points came.`)
    const again = await bring()
    if (again.report.brought !== 0) throw new Error(`${again.report.brought} runs came twice.`)
    note(
      `The import was of ${report.brought} runs and ${report.points} points; again, with nothing to bring, it took ${again.seconds.toFixed(1)} s.`,
    )
    return [{ what: 'import of an MLflow server: 10 000 runs, a million points', unit: 's', tidegate: seconds, wanted: { atMost: 300 } }]
  },
}
