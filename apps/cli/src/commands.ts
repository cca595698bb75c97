/** The list: a new file of commands is two lines here. */
import experiments from './commands/experiments.ts'
import version from './commands/version.ts'
import type { Commands } from './session.ts'

export const commands: Commands[] = [experiments, version]
