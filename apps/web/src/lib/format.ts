/**
 * Numbers and times as the pages write them: four significant digits, thin-space groups, a true minus, `3e-4` below a thousandth, an en
 * dash for what is missing. Nothing here reads the clock: whoever shows a relative time passes `now`.
 */

/** A metric's value as the API gives it. */
export type Real = number | 'NaN' | 'Infinity' | '-Infinity'

/** What stands where there is no value. */
export const missing = '–'
const thin = '\u2009'
const minus = '−'

function group(digits: string): string {
  const [whole = '', rest] = digits.split('.')
  // Four digits stay together only past the point; before it, groups of three.
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thin)
  return rest === undefined ? grouped : `${grouped}.${rest}`
}

function signed(negative: boolean, text: string): string {
  return negative ? minus + text : text
}

function exponential(x: number, significant: number): string {
  const [mantissa = '', exponent = ''] = x.toExponential(significant - 1).split('e')
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
  return `${short}e${exponent.replace('+', '')}`
}

/** How many decimals `x` needs to show `significant` digits, without its trailing zeros. */
function decimalsOf(x: number, significant: number): number {
  const text = Number(Math.abs(x).toPrecision(significant)).toString()
  if (text.includes('e')) return 0
  return text.split('.')[1]?.length ?? 0
}

function special(value: Real | null | undefined): string | undefined {
  if (value === null || value === undefined) return missing
  if (value === 'NaN' || (typeof value === 'number' && Number.isNaN(value))) return 'NaN'
  if (value === 'Infinity' || value === Number.POSITIVE_INFINITY) return '∞'
  if (value === '-Infinity' || value === Number.NEGATIVE_INFINITY) return `${minus}∞`
  return undefined
}

function isScientific(x: number): boolean {
  return x !== 0 && (x < 0.001 || x >= 1e12)
}

/** One number on its own: 4 significant digits unless told, no trailing zeros. Whole numbers below 10¹² keep all their digits. */
export function formatNumber(value: Real | null | undefined, significant = 4): string {
  const word = special(value)
  if (word !== undefined) return word
  const x = value as number
  const size = Math.abs(x)
  if (isScientific(size)) return signed(x < 0, exponential(size, significant))
  if (Number.isInteger(x)) return signed(x < 0, group(String(size)))
  const digits = Math.max(significant, Math.trunc(size).toString().length)
  return signed(x < 0, group(Number(size.toPrecision(digits)).toString()))
}

/** How many decimals a column needs to show its values at `significant` digits, at most 6. */
export function columnDecimals(values: Iterable<Real | null | undefined>, significant = 4): number {
  let decimals = 0
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value) || isScientific(Math.abs(value))) continue
    decimals = Math.max(decimals, Math.min(6, decimalsOf(value, significant)))
  }
  return decimals
}

/** A number with so many decimals, for a column of one precision. */
export function formatFixed(value: Real | null | undefined, decimals: number, significant = 4): string {
  const word = special(value)
  if (word !== undefined) return word
  const x = value as number
  const size = Math.abs(x)
  if (isScientific(size)) return signed(x < 0, exponential(size, significant))
  return signed(x < 0, group(size.toFixed(decimals)))
}

/** One precision for a column: as many decimals as its values need at `significant` digits, at most 6. */
export function columnFormat(values: Iterable<Real | null | undefined>, significant = 4): (value: Real | null | undefined) => string {
  const decimals = columnDecimals(values, significant)
  return (value) => formatFixed(value, decimals, significant)
}

/** An axis' tick or a rate: `4.2k`, `1.3M`. */
export function formatAxis(x: number): string {
  const size = Math.abs(x)
  if (size < 1000 || size >= 1e15) return formatNumber(x)
  const power = Math.min(4, Math.floor(Math.log10(size) / 3))
  return signed(x < 0, `${Number((size / 1000 ** power).toPrecision(3))}${['', 'k', 'M', 'G', 'T'][power]}`)
}

/** A count in words' company: `1 204`. */
export function formatCount(count: number): string {
  return signed(count < 0, group(String(Math.abs(Math.trunc(count)))))
}

/** Bytes in decimal units: `4.2 kB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return missing
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let power = bytes < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(bytes) / 3))
  // 999 950 B rounds to a thousand kB: that is one MB.
  if (power < 5 && Number((bytes / 1000 ** power).toPrecision(3)) >= 1000) power++
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}

/** A duration in ms, by its two largest units: `240 ms`, `4.2 s`, `3 m 05 s`, `1 h 08 m`, `2 d 04 h`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || ms < 0) return missing
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${Number((ms / 1000).toPrecision(3))} s`
  const seconds = Math.round(ms / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`
  const hours = Math.floor(minutes / 60)
  return `${formatCount(Math.floor(hours / 24))} d ${two(hours % 24)} h`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** What a Date holds: a clock that counts in nanoseconds is past it. */
const isDate = (time: number): boolean => Math.abs(time) <= 8.64e15
const noDate = 'no date'

/** Relative below seven days ("38 min ago", "in 2 h"), then the date. Times in ms since 1970; 0 and null are missing. */
export function formatAgo(time: number | null | undefined, now: number): string {
  if (!time) return missing
  const seconds = Math.round((now - time) / 1000)
  if (seconds < -60) {
    const minutes = Math.round(-seconds / 60)
    if (minutes < 60) return `in ${minutes} min`
    if (minutes < 1440) return `in ${Math.round(minutes / 60)} h`
    return formatDate(time, now)
  }
  if (seconds < 10) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ago`
  const days = Math.floor(hours / 24)
  if (days < 7) return days === 1 ? 'yesterday' : `${days} days ago`
  return formatDate(time, now)
}

/** The date where the reader is: `4 Mar`, with the year when it is another one than `now`'s. */
export function formatDate(time: number, now: number): string {
  if (!isDate(time)) return noDate
  const date = new Date(time)
  const day = `${date.getDate()} ${months[date.getMonth()]}`
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`
}

/** The exact moment, for a title: `2026-03-04 14:03:11 UTC`. Missing is an empty text, which shows no title. */
export function formatExact(time: number | null | undefined): string {
  if (!time) return ''
  return isDate(time)
    ? `${new Date(time)
        .toISOString()
        .replace(/\.\d+Z$/, '')
        .replace('T', ' ')} UTC`
    : `${time} ms after 1970 is ${noDate}`
}

/** The time of day where the reader is: `14:03`. */
export function formatClock(time: number): string {
  if (!isDate(time)) return missing
  const date = new Date(time)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}
