/** Node's host: all of it. */
import type { Host } from '../host.ts'
import { filesIn, save } from './files.ts'
import { listenToProcess } from './lines.ts'
import { watchMachine } from './machine.ts'
import { beginSpooled, replayFolder } from './spool.ts'

export const host: Host = { spool: beginSpooled, replay: replayFolder, filesIn, save, watchMachine, listenToProcess }
