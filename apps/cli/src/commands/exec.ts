/** `tidegate exec`: runs a command as a run, with all that it prints as the run's log. The command does not depend on the server's being there. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { lineSplitter, type Run, resumeRun, type Source, startRun } from '@tidegate/client'
import { examples } from '../examples.ts'
import { notFound, usage } from '../exit.ts'
import { provenance } from '../git.ts'
import type { Commands } from '../session.ts'

interface Flags {
  experiment?: string
  name?: string
  run?: string
  tag: string[]
}

/** What the diff of what is not committed is kept as. */
const patch = 'code/uncommitted.patch'

const collect = (value: string, before: string[]) => [...before, value]

function tagsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`--tag '${text}' has no value: write key=value.`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** The script, where an interpreter is given one, as MLflow's client calls the source. */
function sourceOf(command: readonly string[]): string {
  return command.slice(1).find((word) => /\.(py|r|jl|js|mjs|ts|sh|ipynb)$/i.test(word)) ?? command[0]!
}

/** Ends with the command's own status: how it ended, and its exit code. */
function watch(
  command: readonly string[],
  run: Run,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ code: number; killed: boolean }> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['inherit', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const tee = (source: Source, from: NodeJS.ReadableStream, to: NodeJS.WriteStream) => {
    const lines = lineSplitter((text) => run.print(text, source))
    from.on('data', (piece: Buffer) => {
      to.write(piece)
      lines.write(piece)
    })
    from.on('end', () => lines.end())
  }
  tee('STDOUT', child.stdout, process.stdout)
  tee('STDERR', child.stderr, process.stderr)
  const stop = () => child.kill('SIGINT')
  signal.addEventListener('abort', stop)
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? notFound(`There is no command '${command[0]}'.`) : error),
    )
    child.once('close', (code, by) => {
      signal.removeEventListener('abort', stop)
      resolve({ code: code ?? 128 + (by ? constants.signals[by] : 0), killed: by !== null || signal.aborted })
    })
  })
}

export default ((program, act) => {
  const command = program
    .command('exec')
    .description(
      "runs a command as a run: its output is the run's log, and its code and end are kept; MLflow's clients in it log to that run",
    )
    .argument('<command...>', 'after --: the command with its arguments')
    .option('-e, --experiment <name>', 'the experiment; made where it is missing')
    .option('-n, --name <name>', 'of the run')
    .option('--run <id>', 'goes on with a run in place of a new one')
    .option('--tag <key=value>', 'a tag of the run; may be said again', collect, [])
  examples(command, 'exec -e mnist -- python train.py --lr 0.1', 'exec --run 0123456789abcdef0123456789abcdef -- ./evaluate.sh').action(
    act(async (session, words: string[], { experiment, name, run: id, tag }: Flags) => {
      const { access, signal, out } = session
      // Who asks goes along with what is logged too.
      void session.client
      if (id && (experiment || name))
        throw usage('--run goes on with a run, which has its experiment and name: leave out --experiment and --name.')
      const tags = tagsOf(tag)
      const code = await provenance()
      const source = sourceOf(words)
      const run = id
        ? await resumeRun(id, { url: access.url })
        : await startRun({
            url: access.url,
            ...(experiment && { experiment }),
            ...(name && { name }),
            tags: {
              'mlflow.source.name': source,
              'mlflow.source.type': 'LOCAL',
              'tidegate.command': words.join(' '),
              ...(code && { 'mlflow.source.git.commit': code.commit }),
              ...(code?.branch && { 'mlflow.source.git.branch': code.branch }),
              ...(code?.repository && { 'mlflow.source.git.repoURL': code.repository }),
              ...tags,
            },
          })
      if (id) run.setTags(tags)
      if (code?.diff) await run.logArtifact(patch, code.diff)
      out.note(`${run.name} is at ${run.url}`)
      const env = {
        MLFLOW_TRACKING_URI: access.url,
        MLFLOW_RUN_ID: run.id,
        ...(access.token && { MLFLOW_TRACKING_TOKEN: access.token }),
        ...(access.user && { MLFLOW_TRACKING_USERNAME: access.user }),
        ...(access.password && { MLFLOW_TRACKING_PASSWORD: access.password }),
        TIDEGATE_URL: access.url,
        TIDEGATE_RUN_ID: run.id,
        // Else Python keeps what it prints until it has 8 kB.
        PYTHONUNBUFFERED: '1',
      }
      const ended = await watch(words, run, env, signal).catch(async (error: Error) => {
        run.print(error.message, 'STDERR')
        await run.finish('FAILED')
        throw error
      })
      if (ended.code !== 0) run.print(`${basename(words[0]!)} ended with ${ended.code}`, 'STDERR')
      await run.finish(ended.killed ? 'KILLED' : ended.code === 0 ? 'FINISHED' : 'FAILED')
      process.exitCode = ended.code
    }),
  )
}) satisfies Commands
