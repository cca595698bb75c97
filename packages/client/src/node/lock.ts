/**
 * Who writes a journal, and who sends it: a file that names the process. One whose process is gone is taken over. It keeps two from
 * doing the same work; that nothing is there twice does not depend on it.
 */
import fs from 'node:fs'
import { hostname } from 'node:os'
import { randomName } from '../address.ts'

/** A process of another machine is gone when it has not touched its lock for so long, ms. */
const silence = 60_000
const touchEvery = 10_000

/** Locks of this process: a container that starts again may have the same number. */
const held = new Set<string>()

/** Two that take over at once would each remove the other's: who did waits for so long and looks again, ms. */
const doubt = 20

interface Owner {
  pid: number
  host: string
  token: string
}

const read = (path: string) => JSON.parse(fs.readFileSync(path, 'utf8')) as Owner

function isThere(path: string): boolean {
  if (held.has(path)) return true
  try {
    const { pid, host } = read(path)
    if (host !== hostname()) return Date.now() - fs.statSync(path).mtimeMs < silence
    if (pid === process.pid) return false
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another account can't be asked, and is there. A lock that is being written has no text yet.
    return (error as NodeJS.ErrnoException).code === 'EPERM' || (error instanceof SyntaxError && isFresh(path))
  }
}

function isFresh(path: string): boolean {
  try {
    return Date.now() - fs.statSync(path).mtimeMs < 1000
  } catch {
    return false
  }
}

/** Takes it, or undefined where somebody has it. What comes back gives it up. */
export function lock(path: string): (() => void) | undefined {
  if (held.has(path)) return undefined
  const token = randomName()
  for (let tries = 0; tries < 3; tries++) {
    try {
      fs.writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), token } satisfies Owner), { flag: 'wx' })
      if (tries) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, doubt)
        if (read(path).token !== token) return undefined
      }
      held.add(path)
      const timer = setInterval(() => fs.utimes(path, new Date(), new Date(), () => {}), touchEvery)
      timer.unref()
      return () => {
        clearInterval(timer)
        held.delete(path)
        fs.rmSync(path, { force: true })
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // The folder is gone: so is what there was to lock.
      if (code === 'ENOENT') return undefined
      if (code !== 'EEXIST') throw error
      if (isThere(path)) return undefined
      fs.rmSync(path, { force: true })
    }
  }
  return undefined
}
