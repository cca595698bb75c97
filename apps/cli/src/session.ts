/** What a command works with: the server, its voice, and whether it was told to stop. */
import { createInterface } from 'node:readline/promises'
import type { Client } from '@tidegate/client'
import type { Command } from 'commander'
import { openClient } from './connection.ts'
import { exit, Stop, usage } from './exit.ts'
import { type Output, openOutput } from './output.ts'
import { type Access, findAccess } from './profiles.ts'

/** Flags that every command has. */
export interface GlobalFlags {
  server?: string
  profile?: string
  workspace?: string
  json?: boolean
  quiet?: boolean
  color?: boolean
  yes?: boolean
}

export interface Session {
  out: Output
  flags: GlobalFlags
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
  readonly access: Access
  readonly client: Client
  /** Goes on when it may: --yes, or "y" on a terminal. */
  confirm(question: string): Promise<void>
}

/** What is called when a command is chosen: its arguments and options as commander gives them, after the session. */
export type Work<Given extends unknown[]> = (session: Session, ...given: Given) => Promise<void>
/** Makes a commander action of a command's work. */
export type Act = <Given extends unknown[]>(work: Work<Given>) => (...all: unknown[]) => Promise<void>

/** A file of commands: adds them to the program. */
export type Commands = (program: Command, act: Act) => void

export const acting =
  (signal: AbortSignal): Act =>
  (work) =>
  async (...all) => {
    const command = all.at(-1) as Command
    const flags = command.optsWithGlobals<GlobalFlags>()
    let access: Access | undefined
    let client: Client | undefined
    const session: Session = {
      out: openOutput(flags),
      flags,
      signal,
      // When they are asked for: `login` is there to mend what they would fail on.
      get access() {
        return (access ??= findAccess(flags))
      },
      get client() {
        return (client ??= openClient(session.access))
      },
      confirm: (question) => confirm(question, flags, signal),
    }
    try {
      await work(session, ...(all.slice(0, -1) as never))
    } finally {
      client?.close()
    }
  }

async function confirm(question: string, { yes }: GlobalFlags, signal: AbortSignal): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw usage(`${question} Say --yes to do it, or --dry-run to see what it would do.`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  // Readline takes Ctrl-C for itself.
  asking.once('SIGINT', () => process.emit('SIGINT'))
  try {
    const answer = await asking.question(`${question} [y/N] `, { signal })
    if (!/^y(es)?$/i.test(answer.trim())) throw new Stop(exit.failed, 'Nothing was done.', { code: 'DECLINED' })
  } finally {
    asking.close()
  }
}
