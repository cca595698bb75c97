/** The list: a new file of commands is two lines here. */
import activity from './commands/activity.ts'
import artifacts from './commands/artifacts.ts'
import completion from './commands/completion.ts'
import doctor from './commands/doctor.ts'
import exec from './commands/exec.ts'
import experiments from './commands/experiments.ts'
import exportRuns from './commands/export.ts'
import gate from './commands/gate.ts'
import gc from './commands/gc.ts'
import importRuns from './commands/import.ts'
import login from './commands/login.ts'
import logs from './commands/logs.ts'
import open from './commands/open.ts'
import replay from './commands/replay.ts'
import runs from './commands/runs.ts'
import secrets from './commands/secrets.ts'
import verify from './commands/verify.ts'
import version from './commands/version.ts'
import type { Commands } from './session.ts'

export const commands: Commands[] = [
  login,
  exec,
  runs,
  logs,
  experiments,
  artifacts,
  gate,
  activity,
  importRuns,
  exportRuns,
  replay,
  gc,
  secrets,
  verify,
  doctor,
  open,
  completion,
  version,
]
