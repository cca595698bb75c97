/** Drawing many lines within a frame: colours of the scale by value, an order in which a part looks like all, and work cut to frames. */
import { canvasColor } from '#lib/colors.ts'

export const shades = 16

/** CSS for a place from 0 to 1 on the scale of `--seq-1` to `--seq-5`. */
export function seqColor(place: number): string {
  const at = place * 4
  const stop = Math.max(0, Math.min(3, Math.floor(at)))
  return `color-mix(in oklab, var(--seq-${stop + 2}) ${((at - stop) * 100).toFixed(1)}%, var(--seq-${stop + 1}))`
}

/** `--seq-1` to `--seq-5` in so many steps, in the theme now on screen, as colours a canvas takes. */
export function seqColors(count = shades): string[] {
  const probe = document.createElement('span')
  document.documentElement.append(probe)
  const colors = Array.from({ length: count }, (_, i) => {
    probe.style.color = seqColor(i / Math.max(1, count - 1))
    return getComputedStyle(probe).color
  })
  probe.remove()
  return colors
}

/** CSS for the same scale as a gradient. */
export const seqGradient = (isTurned: boolean): string =>
  `linear-gradient(90deg, ${(isTurned ? [5, 4, 3, 2, 1] : [1, 2, 3, 4, 5]).map((i) => `var(--seq-${i})`).join(', ')})`

export const mutedColor = (): string => canvasColor('--run-muted')

/** Places 0 to `count` in an order that is spread evenly from its beginning, always the same. */
export function spread(count: number): Uint32Array {
  const order = new Uint32Array(count)
  if (count === 0) return order
  // A step near the golden section that shares no factor with the count visits each once.
  let step = Math.max(1, Math.round(count * 0.618034))
  while (gcd(step, count) !== 1) step++
  for (let i = 0, at = 0; i < count; i++, at = (at + step) % count) order[i] = at
  return order
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** Milliseconds of a frame that drawing may take, so that a brush follows the pointer. */
const budget = 12

/** Works through `parts` over as many frames as it takes. Returns what stops it. */
export function inFrames(parts: number, work: (part: number) => void): () => void {
  let next = 0
  let frame = requestAnimationFrame(function step() {
    const end = performance.now() + budget
    while (next < parts && performance.now() < end) work(next++)
    if (next < parts) frame = requestAnimationFrame(step)
  })
  return () => cancelAnimationFrame(frame)
}
