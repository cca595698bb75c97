/** The time of day for relative times ("2 min ago"), so that all of them on a page move together. */
let now = $state(Date.now())
setInterval(() => {
  now = Date.now()
}, 15_000)

export const clock = {
  /** Milliseconds since 1970, at most 15 s old. */
  get now(): number {
    return now
  },
}
