/**
 * The processes under measurement: which they are, what memory they hold, and that none of them outlives the bench. All
 * from /proc.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended between being listed and being read.
    return ''
  }
}

/** What a process is called, or '' where there is none. */
export const nameOf = (pid: number) => read(`/proc/${pid}/comm`).trim()
const parentOf = (pid: number) => Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)

/** Those processes that run, and all below them. */
export function tree(roots: number[]): number[] {
  const below = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = parentOf(Number(name))
    below.set(parent, [...(below.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  const walk = (pid: number) => {
    found.push(pid)
    for (const child of below.get(pid) ?? []) walk(child)
  }
  for (const root of roots) if (nameOf(root)) walk(root)
  return found
}

const KiB = (text: string, field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)

/** Memory that those processes and all below them hold, MiB: proportional, so what they share counts once. */
export const memoryOf = (roots: number[]): number =>
  tree(roots).reduce((sum, pid) => sum + KiB(read(`/proc/${pid}/smaps_rollup`), 'Pss'), 0) / 1024

/** The same by name of process, largest first: `node 120, postgres 60`. */
export function memoryByName(roots: number[]): string {
  const sums = new Map<string, number>()
  for (const pid of tree(roots)) {
    const name = nameOf(pid)
    sums.set(name, (sums.get(name) ?? 0) + KiB(read(`/proc/${pid}/smaps_rollup`), 'Pss') / 1024)
  }
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .map(([name, size]) => `${name} ${Math.round(size)}`)
    .join(', ')
}

/** Milliseconds of processor that those processes and all below them have used. A tick is 10 ms on Linux. */
export const busyOf = (roots: number[]): number =>
  tree(roots).reduce((sum, pid) => {
    const [user = '0', system = '0'] = read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ').slice(11)
    return sum + (Number(user) + Number(system)) * 10
  }, 0)

/** Starts to watch how far resident memory rises, Postgres left out. The result says by how many MiB it rose at its peak. */
export function watchPeak(roots: number[]): () => number {
  const before = new Map<number, number>()
  for (const pid of tree(roots)) {
    if (nameOf(pid) === 'postgres') continue
    // Sets the peak back to what is resident now (proc(5)).
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    before.set(pid, KiB(read(`/proc/${pid}/status`), 'VmRSS'))
  }
  return () => [...before].reduce((sum, [pid, then]) => sum + Math.max(0, KiB(read(`/proc/${pid}/status`), 'VmHWM') - then), 0) / 1024
}

const sleep = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const signal = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}

/** Ends everything below this process, at once. Synchronous, for the last moment. */
export function endAll(): void {
  const below = tree([process.pid]).slice(1)
  const postmasters = below.filter((pid) => nameOf(pid) === 'postgres' && nameOf(parentOf(pid)) !== 'postgres')
  for (const pid of below) if (nameOf(pid) !== 'postgres') signal(pid, 'SIGKILL')
  // Postgres is asked, because a killed one leaves its shared memory behind.
  for (const pid of postmasters) signal(pid, 'SIGQUIT')
  for (let i = 0; i < 100 && postmasters.some((pid) => nameOf(pid) === 'postgres'); i++) sleep(20)
}
