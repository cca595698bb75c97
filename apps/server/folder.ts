/** The data folder: one server at a time, and it must be writable. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether a process runs that may be a server of ours: a number alone may have been given to another since. */
function running(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const command = `/proc/${pid}/cmdline`
  return !existsSync('/proc/self/cmdline') || (existsSync(command) && readFileSync(command, 'utf8').includes('start.mjs'))
}

/** Takes the folder for this process. Throws an Error with one clear sentence. Returns what gives it back. */
export function takeFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new Error(
      `The data folder ${folder} can't be written to (${(error as NodeJS.ErrnoException).code}). Name another with --data, or change its owner.`,
    )
  }
  const file = join(folder, 'server.pid')
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  if (pid && pid !== process.pid && running(pid)) {
    throw new Error(`Another Tidegate already runs on ${folder} (process ${pid}). Stop it, or name another folder with --data.`)
  }
  writeFileSync(file, String(process.pid))
  return () => rmSync(file, { force: true })
}
