/** `tidegate export`: an experiment or a workspace as Parquet and files, which `tidegate import folder` brings back. */
import { examples } from '../examples.ts'
import { bytes } from '../output.ts'
import type { Commands, Session } from '../session.ts'
import { exportTo } from '../transfer/export.ts'

interface Flags {
  dryRun?: boolean
}

async function take({ client, out, signal }: Session, name: string | undefined, folder: string, { dryRun = false }: Flags) {
  const bar = out.progress()
  try {
    const report = await exportTo(client, folder, name, {
      dryRun,
      signal,
      onProgress: ({ runs, found, points, files, bytes: size }) =>
        bar.update(runs, found, `runs, ${points} points, ${files} files (${bytes(size)})`),
    })
    bar.stop()
    const { experiments, runs, points, models, files, bytes: size, to } = report
    out.document(report, () =>
      dryRun
        ? `${experiments} experiments with ${runs} runs, and those that are deleted, would go to ${to}.`
        : `${experiments} experiments with ${runs} runs, ${points} points, ${models} logged models and ${files} files (${bytes(size)}) are in ${to}.`,
    )
  } finally {
    bar.stop()
  }
}

export default ((program, act) => {
  const group = program.command('export').description('an experiment or a workspace, whole, as Parquet and files')

  const experiment = group
    .command('experiment')
    .argument('<experiment>', 'its name or id')
    .argument('<folder>', 'a new folder')
    .description('one experiment with its runs, the deleted ones too')
    .option('--dry-run', 'only say what would go')
  examples(experiment, 'export experiment mnist ./mnist-export').action(
    act((session, name: string, folder: string, flags: Flags) => take(session, name, folder, flags)),
  )

  const workspace = group
    .command('workspace')
    .argument('<folder>', 'a new folder')
    .description('all experiments of the workspace')
    .option('--dry-run', 'only say what would go')
  examples(workspace, 'export workspace ./everything').action(
    act((session, folder: string, flags: Flags) => take(session, undefined, folder, flags)),
  )
}) satisfies Commands
