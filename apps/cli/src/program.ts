/** All commands and flags, as commander's tree: what is parsed, what --help prints and what a shell completes come from it. */
import { Command } from 'commander'
import { commands } from './commands.ts'
import type { Act } from './session.ts'

export function buildProgram(act: Act): Command {
  const program = new Command('tidegate')
    .description('Tidegate from a shell: runs, experiments, their files, and the server.')
    .option('--server <url>', 'the server, for this command')
    .option('--profile <name>', 'the server and user that `login` kept under this name')
    .option('--workspace <name>', 'the workspace that is meant')
    .option('--json', 'one JSON document; for lists one line each')
    .option('-q, --quiet', 'nothing but what was asked for: of lists the ids')
    .option('-y, --yes', "don't ask before what can't be undone")
    .option('--no-color', 'no colours (as NO_COLOR=1)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .helpCommand('help [command]', 'help of a command')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 refused, 5 unreachable, 6 still waiting, 130 interrupted.',
    )
  for (const add of commands) add(program, act)
  return settle(program)
}

/** What a subcommand doesn't take over from its parent when it is made. */
function settle(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {} })
  command.showSuggestionAfterError(true)
  for (const child of command.commands) settle(child)
  return command
}
