/** Examples under a command's help. */
import type { Command } from 'commander'

export const examples = (command: Command, ...lines: string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ tidegate ${line}`).join('\n')}`)
