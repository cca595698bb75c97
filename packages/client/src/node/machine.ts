/** What the machine does, under the names of MLflow's system metrics. What this system doesn't tell is left out. */
import fs from 'node:fs'
import os from 'node:os'
import type { Metrics } from '../entries.ts'

const megabyte = 1e6
/** As MLflow rounds them. */
const rounded = (value: number) => Math.round(value * 10) / 10

/** Time of all processors since the machine started, ms. */
function processorTime() {
  let idle = 0
  let all = 0
  for (const { times } of os.cpus()) {
    idle += times.idle
    all += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { idle, all }
}

/** Bytes through all network devices since the machine started: Linux tells them. */
function networkBytes(): { received: number; sent: number } | undefined {
  try {
    let received = 0
    let sent = 0
    for (const line of fs.readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2)) {
      const numbers = line.split(':')[1]?.trim().split(/\s+/).map(Number)
      if (!numbers) continue
      received += numbers[0] ?? 0
      sent += numbers[8] ?? 0
    }
    return { received, sent }
  } catch {
    return undefined
  }
}

function memory(): Metrics {
  const total = os.totalmem()
  const used = total - os.freemem()
  return {
    'system/system_memory_usage_megabytes': rounded(used / megabyte),
    'system/system_memory_usage_percentage': rounded((used / total) * 100),
  }
}

function disk(): Metrics {
  const { blocks, bfree, bavail, bsize } = fs.statfsSync('/')
  const used = (blocks - bfree) * bsize
  const free = bavail * bsize
  return {
    'system/disk_usage_percentage': rounded((used / (used + free)) * 100),
    'system/disk_usage_megabytes': rounded(used / megabyte),
    'system/disk_available_megabytes': rounded(free / megabyte),
  }
}

/** Measures each `every` ms. Does not keep Node running. */
export function watchMachine(every: number, log: (metrics: Metrics) => void): () => void {
  if (!(every >= 100 && every < 2 ** 31))
    throw new TypeError(`systemMetrics is ${every}: give true, or the ms between two measurements, at least 100.`)
  let before = processorTime()
  const atStart = networkBytes()
  const timer = setInterval(() => {
    const now = processorTime()
    const passed = now.all - before.all
    const network = networkBytes()
    const metrics: Record<string, number> = { ...memory(), ...disk() }
    if (passed > 0) metrics['system/cpu_utilization_percentage'] = rounded((1 - (now.idle - before.idle) / passed) * 100)
    if (network && atStart) {
      metrics['system/network_receive_megabytes'] = (network.received - atStart.received) / megabyte
      metrics['system/network_transmit_megabytes'] = (network.sent - atStart.sent) / megabyte
    }
    before = now
    log(metrics)
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}
