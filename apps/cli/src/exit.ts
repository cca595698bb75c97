/** How a command ends: its exit code, and the one line that says why. docs/cli.md has the codes; scripts depend on them. */
import { ApiError } from '@tidegate/client'

export const exit = { ok: 0, failed: 1, usage: 2, notFound: 3, refused: 4, unreachable: 5, waiting: 6, interrupted: 130 } as const
export type ExitCode = (typeof exit)[keyof typeof exit]

/** A command that can't go on. The message names what, and the way out. */
export class Stop extends Error {
  readonly exit: ExitCode
  /** For `--json`: MLflow's words where the server said it. */
  readonly code: string
  /** What is shown below the message, to people. */
  readonly lines: string | undefined
  constructor(
    exitCode: ExitCode,
    message: string,
    { code = 'FAILED', cause, lines }: { code?: string; cause?: unknown; lines?: string } = {},
  ) {
    super(message, { cause })
    this.lines = lines
    this.exit = exitCode
    this.code = code
  }
}

export const usage = (message: string) => new Stop(exit.usage, message, { code: 'USAGE' })
export const notFound = (message: string) => new Stop(exit.notFound, message, { code: 'RESOURCE_DOES_NOT_EXIST' })

/** What the signal of Ctrl-C is aborted with. */
export const interrupted = new Stop(exit.interrupted, 'Interrupted.', { code: 'INTERRUPTED' })

const exits: Record<string, ExitCode> = {
  INVALID_PARAMETER_VALUE: exit.usage,
  BAD_REQUEST: exit.usage,
  RESOURCE_DOES_NOT_EXIST: exit.notFound,
  ENDPOINT_NOT_FOUND: exit.notFound,
  PERMISSION_DENIED: exit.refused,
  UNAUTHENTICATED: exit.refused,
  UNREACHABLE: exit.unreachable,
}

const byStatus: Record<number, ExitCode> = { 401: exit.refused, 403: exit.refused, 404: exit.notFound }

/** Any error as one that a command ends with. */
export function stopOf(error: unknown): Stop {
  if (error instanceof Stop) return error
  if (error instanceof ApiError) {
    const code = exits[error.code] ?? byStatus[error.status] ?? exit.failed
    const way =
      code === exit.unreachable
        ? ' Is it running? `tidegate doctor` looks.'
        : code === exit.refused
          ? ' `tidegate login` sets who asks.'
          : ''
    return new Stop(code, sentence(error.message) + way, { code: error.code, cause: error })
  }
  const { message, code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new Stop(exit.notFound, sentence(message), { code, cause: error })
  return new Stop(exit.failed, sentence(message ?? String(error)), { code: code ?? 'FAILED', cause: error })
}

export const sentence = (text: string) => (/[.!?)`]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`)
