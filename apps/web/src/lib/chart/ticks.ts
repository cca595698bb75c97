/** Where an axis is marked, three to five times, at round values, and what stands there. */
import type { Axis, Range } from '#lib/chart/lines.ts'
import { formatAxis, formatClock, formatDate, formatNumber } from '#lib/format.ts'

const most = 5

/** Multiples of `step` within the range, moved by `offset`. */
function multiples({ from, to }: Range, step: number, offset = 0): number[] {
  // A hair of tolerance: 0.3 / 0.1 is a little under 3.
  const first = Math.ceil((from - offset) / step - 1e-9)
  const last = Math.floor((to - offset) / step + 1e-9)
  const out: number[] = []
  for (let i = first; i <= last; i++) out.push(i * step + offset)
  return out
}

/** Ticks at 1, 2 or 5 times a power of ten. `whole` keeps them on whole numbers, as steps are. */
export function numberTicks(range: Range, whole = false): number[] {
  const span = range.to - range.from
  if (!(span > 0) || !Number.isFinite(span)) return [range.from]
  let before: number[] | undefined
  for (let power = Math.floor(Math.log10(span)) - 2; ; power++) {
    for (const digit of [1, 2, 5]) {
      // Division keeps small steps exact: 5 / 100, not 5 × 0.01.
      const step = power < 0 ? digit / 10 ** -power : digit * 10 ** power
      if (whole && step < 1) continue
      const ticks = multiples(range, step).map((tick) => (power < 0 ? Number(tick.toFixed(-power)) : tick))
      if (ticks.length <= most) return ticks.length < 3 && before !== undefined && before.length <= most + 2 ? before : ticks
      before = ticks
    }
  }
}

/** Ticks of a base-10 scale, as values. `range` is of values too, above zero. */
export function logTicks(range: Range): number[] {
  const first = Math.floor(Math.log10(range.from))
  const last = Math.ceil(Math.log10(range.to))
  const at = (digits: readonly number[], stride: number) => {
    const ticks: number[] = []
    for (let power = Math.ceil(first / stride) * stride; power <= last; power += stride) {
      for (const digit of digits) {
        const tick = power < 0 ? digit / 10 ** -power : digit * 10 ** power
        if (tick >= range.from * (1 - 1e-9) && tick <= range.to * (1 + 1e-9)) ticks.push(tick)
      }
    }
    return ticks
  }
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = at(digits, 1)
    if (ticks.length <= most && ticks.length >= (digits.length === 3 ? 3 : 2)) return ticks
    // Less than a decade: round values as on any scale.
    if (digits.length === 3 && ticks.length < 3) return numberTicks(range).filter((tick) => tick > 0)
  }
  for (let stride = 2; ; stride++) {
    const ticks = at([1], stride)
    if (ticks.length <= most) return ticks
  }
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const timeSteps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((n) => n * day),
]

/** Ticks of a wall clock or of a duration, in ms: at round times of day where the reader is, or of a clock that started at 0. */
export function timeTicks(range: Range, axis: 'time' | 'relative'): number[] {
  const offset = axis === 'time' ? new Date(range.from).getTimezoneOffset() * minute : 0
  for (const step of timeSteps) {
    if ((range.to - range.from) / step > most) continue
    const ticks = multiples(range, step, offset)
    if (ticks.length <= most) return ticks
  }
  return numberTicks(range, true)
}

/** Ticks for an axis of x. */
export function axisTicks(axis: Axis, range: Range): number[] {
  return axis === 'step' || axis === 'value' ? numberTicks(range, axis === 'step') : timeTicks(range, axis)
}

/** Numbers with one precision: as many digits as tell neighbours apart, `k`, `M` where they keep them short. */
export function tickTexts(ticks: readonly number[]): string[] {
  const greatest = Math.max(0, ...ticks.map(Math.abs))
  const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : greatest
  if (greatest === 0) return ticks.map(() => '0')
  if (greatest < 0.001) return ticks.map((tick) => formatNumber(tick, 3))
  let power = greatest < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(greatest) / 3))
  // 1 000 000.5 and 1 000 001 must not both be 1M.
  while (power > 0 && step / 1_000 ** power < 0.001) power--
  const scale = 1_000 ** power
  const decimals = Math.max(0, Math.min(12, -Math.floor(Math.log10(step / scale) + 1e-9)))
  const unit = ['', 'k', 'M', 'G', 'T'][power]!
  return ticks.map((tick) => {
    if (tick === 0) return '0'
    if (power === 0 && decimals === 0) return formatNumber(tick)
    const text = (Math.abs(tick) / scale).toFixed(decimals)
    return `${tick < 0 ? '−' : ''}${text}${unit}`
  })
}

const two = (n: number) => String(n).padStart(2, '0')

/** A duration as short as an axis wants it: `0`, `90 s`, `5 min`, `1 h 30`, `2 d`. */
function durationTick(ms: number, step: number): string {
  if (ms === 0) return '0'
  const size = Math.abs(ms)
  const sign = ms < 0 ? '−' : ''
  if (step < second) return `${sign}${formatNumber(size / second)} s`
  if (step < minute && size < 10 * minute) return `${sign}${size / second} s`
  if (size < hour)
    return size % minute === 0 ? `${sign}${size / minute} min` : `${sign}${Math.floor(size / minute)}:${two((size % minute) / second)}`
  if (size < 2 * day || step < day) {
    const rest = (size % hour) / minute
    return `${sign}${Math.floor(size / hour)} h${rest === 0 ? '' : ` ${two(Math.floor(rest))}`}`
  }
  return `${sign}${formatNumber(size / day, 3)} d`
}

function clockTick(time: number, step: number): string {
  if (step >= day) return formatDate(time, time)
  const date = new Date(time)
  if (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 && step >= minute) return formatDate(time, time)
  if (step >= minute) return formatClock(time)
  const text = `${formatClock(time)}:${two(date.getSeconds())}`
  return step >= second ? text : `${text}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** What stands at the ticks of an axis of x. */
export function axisTexts(axis: Axis, ticks: readonly number[]): string[] {
  if (axis === 'step' || axis === 'value') return tickTexts(ticks)
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : second
  return ticks.map((tick) => (axis === 'time' ? clockTick(tick, step) : durationTick(tick, step)))
}

/** What stands at the ticks of a base-10 scale. */
export function logTexts(ticks: readonly number[]): string[] {
  return ticks.map((tick) => formatAxis(tick))
}
