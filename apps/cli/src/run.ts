/** From arguments to an exit code. Ctrl-C lets a command tidy up; a second one ends it at once. */
import { CommanderError } from 'commander'
import { exit, interrupted, type Stop, stopOf, usage } from './exit.ts'
import { buildProgram } from './program.ts'
import { acting } from './session.ts'
import { plain } from './table.ts'

/** What Ctrl-C leaves a command to tidy up, ms: a server may be what doesn't answer. */
const grace = 3_000

export async function run(argv: string[]): Promise<number> {
  const stopping = new AbortController()
  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(exit.interrupted)
    stopping.abort(interrupted)
    setTimeout(() => process.exit(exit.interrupted), grace).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  // A reader that has seen enough, such as `head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exit.ok : exit.failed))

  try {
    await buildProgram(acting(stopping.signal)).parseAsync(argv, { from: 'user' })
    return process.exitCode === undefined ? exit.ok : Number(process.exitCode)
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for is an answer; help because nothing was said is not.
      if (error.exitCode === 0) return exit.ok
      if (error.code === 'commander.help') return exit.usage
    }
    const stop = stopping.signal.aborted ? interrupted : error instanceof CommanderError ? usageOf(error) : stopOf(error)
    tell(stop, argv)
    return stop.exit
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
  }
}

const usageOf = ({ message }: CommanderError) =>
  usage(
    `${message
      .replace(/^error: /, '')
      .replace(/\s*\n\s*/g, ' ')
      .replace(/[^.)?]$/, '$&.')} \`--help\` shows how.`,
  )

function tell({ exit: status, code, message, lines }: Stop, argv: string[]): void {
  const json = argv.includes('--json')
  const line = plain(message.replace(/\s*\n\s*/g, ' '))
  process.stderr.write(
    json ? `${JSON.stringify({ error: { code, message, exit: status } })}\n` : `tidegate: ${line}\n${lines ? `${lines}\n` : ''}`,
  )
}
