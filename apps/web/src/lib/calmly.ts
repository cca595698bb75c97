/** Runs `work` at once, and once more after a pause (ms) for all calls that came meanwhile. */
export function calmly(pause: number, work: () => Promise<void>): { ring(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false
  let stopped = false
  const start = () => {
    timer = setTimeout(() => {
      timer = undefined
      if (again && !stopped) start()
    }, pause)
    again = false
    void work()
  }
  return {
    ring() {
      if (timer === undefined && !stopped) start()
      else again = true
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
