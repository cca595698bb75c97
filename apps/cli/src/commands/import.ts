/** `tidegate import`: what was logged elsewhere, brought in under the ids it had. */
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { exit, Stop } from '../exit.ts'
import { bytes } from '../output.ts'
import type { Commands, Session } from '../session.ts'
import { importFrom, type Report, tidegate } from '../transfer/import.ts'
import type { OnFault, Source } from '../transfer/record.ts'
import { folderSource } from '../transfer/sources/folder.ts'
import { mlflowSource } from '../transfer/sources/mlflow.ts'
import { mlrunsSource } from '../transfer/sources/mlruns.ts'
import { neptuneSource } from '../transfer/sources/neptune.ts'
import { sqliteSource } from '../transfer/sources/sqlite.ts'
import { tensorboardSource } from '../transfer/sources/tensorboard.ts'
import { wandbSource } from '../transfer/sources/wandb.ts'

interface Flags {
  dryRun?: boolean
}

/** Brings it, shows how it goes, and says what came. */
async function bring({ client, out, signal }: Session, open: (onFault: OnFault) => Source | Promise<Source>, { dryRun = false }: Flags) {
  const bar = out.progress()
  let report: Report
  try {
    report = await importFrom(open, tidegate(client), {
      dryRun,
      signal,
      onProgress: ({ runs, found, points, files, bytes: size }) =>
        bar.update(runs, found, `runs, ${points} points, ${files} files (${bytes(size)})`),
    })
  } finally {
    bar.stop()
  }
  out.document(report, () => textOf(report))
  const left = report.unfinished.length + report.faults.length
  if (left)
    throw new Stop(
      exit.failed,
      `${count(left, 'thing')} did not come whole, as said above. Mend them and import again: what is there is not sent twice.`,
      { code: 'INCOMPLETE' },
    )
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
/** Lines of a list before it is cut. */
const most = 20

function textOf(report: Report): string {
  const {
    from,
    dryRun,
    experiments,
    brought,
    resumed,
    there,
    held,
    unfinished,
    points,
    models,
    heldModels,
    lostModelPoints,
    files,
    faults,
  } = report
  const list = (lines: string[]) => [
    ...lines.slice(0, most),
    ...(lines.length > most ? [`  and ${lines.length - most} more; --json has them all`] : []),
  ]
  const begun = resumed ? `, ${resumed} of them begun before` : ''
  return [
    dryRun
      ? `From ${from} ${count(brought, 'run')} would come${begun}${models ? `, and ${count(models, 'logged model')}` : ''}.`
      : `From ${from} came ${count(brought, 'run')}${begun}, ${count(points, 'point')}, ${count(models, 'logged model')} and ${count(files, 'file')} (${bytes(report.bytes)}).`,
    ...list(
      experiments.map(
        ({ name, id, made, runs }) => `  ${name}: ${count(runs, 'run')}${made ? ', a new experiment' : ''}${id === null ? '' : ` (${id})`}`,
      ),
    ),
    ...(there ? [`${count(there, 'run')} had come before.`] : []),
    ...(held.length
      ? [`${count(held.length, 'id')} are of other runs here, which stay as they are:`, ...list(held.map((id) => `  ${id}`))]
      : []),
    ...(heldModels.length
      ? [`${count(heldModels.length, 'id')} are of other models here, which stay as they are:`, ...list(heldModels.map((id) => `  ${id}`))]
      : []),
    ...(lostModelPoints ? [`${count(lostModelPoints, 'value')} of models were measured by runs that are not here, and did not come.`] : []),
    ...(unfinished.length ? ['Not whole:', ...list(unfinished.map(({ run, reason }) => `  ${run}: ${reason}`))] : []),
    ...(faults.length
      ? ['Could not be read:', ...list(faults.map(({ file, at, message }) => `  ${file}${at && `, ${at}`}: ${message}`))]
      : []),
  ].join('\n')
}

export default ((program, act) => {
  const group = program
    .command('import')
    .description('runs from MLflow, TensorBoard, W&B, Neptune, or an export: under the ids they had, and what is there is not sent twice')
  const source = (name: string, argument: string, what: string, description: string): Command =>
    group.command(name).argument(argument, what).description(description).option('--dry-run', 'only say what would come')

  const mlflow = source('mlflow', '<url>', 'its address; a user and a password may stand in it', 'from an MLflow server')
  examples(mlflow, 'import mlflow http://mlflow.internal:5000', 'import mlflow http://mlflow.internal:5000 --dry-run').action(
    act((session, url: string, flags: Flags) => {
      const { MLFLOW_TRACKING_TOKEN: token } = process.env
      return bring(session, (onFault) => mlflowSource(url, onFault, { token }), flags)
    }),
  )

  examples(source('mlruns', '<folder>', "MLflow's file store", 'from an `mlruns` folder'), 'import mlruns ./mlruns').action(
    act((session, folder: string, flags: Flags) => bring(session, (onFault) => mlrunsSource(folder, onFault), flags)),
  )

  const sqlite = source('sqlite', '<file>', "MLflow's database", "from MLflow's SQLite file, without its server").option(
    '--artifacts <folder>',
    'where that server kept its artifacts',
  )
  examples(sqlite, 'import sqlite mlflow.db --artifacts ./mlartifacts').action(
    act((session, file: string, { artifacts, ...flags }: Flags & { artifacts?: string }) =>
      bring(session, (onFault) => sqliteSource(file, onFault, { artifacts }), flags),
    ),
  )

  const tensorboard = source('tensorboard', '<folder>', 'what --logdir is', "from TensorBoard's event files, a run for each folder of them")
  examples(tensorboard, 'import tensorboard ./logs').action(
    act((session, folder: string, flags: Flags) => bring(session, (onFault) => tensorboardSource(folder, onFault), flags)),
  )

  const wandb = source(
    'wandb',
    '<path>',
    'the `wandb` folder, a run in it, or an exported CSV or JSON lines',
    'from W&B: what it keeps on the disk',
  )
  examples(wandb, 'import wandb ./wandb', 'import wandb ./exports/history.csv').action(
    act((session, path: string, flags: Flags) => bring(session, (onFault) => wandbSource(path, onFault), flags)),
  )

  const neptune = source(
    'neptune',
    '<folder>',
    'its --data-path, or what holds `data` and `files`',
    'from what neptune-exporter wrote',
  ).option('--files <folder>', 'its --files-path')
  examples(neptune, 'import neptune ./exports').action(
    act((session, folder: string, { files, ...flags }: Flags & { files?: string }) =>
      bring(session, (onFault) => neptuneSource(folder, onFault, { files }), flags),
    ),
  )

  examples(source('folder', '<folder>', 'what `export` wrote', 'from an export of Tidegate'), 'import folder ./mnist-export').action(
    act((session, folder: string, flags: Flags) => bring(session, (onFault) => folderSource(folder, onFault), flags)),
  )
}) satisfies Commands
