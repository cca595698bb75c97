/**
 * The paths of artifacts, cleaned and guarded in this one place. What comes out is relative, separated by single '/',
 * without '.' and '..', and the same path however it was spelled; it is safe to join to a store's root.
 */
import { AppError } from '../errors.ts'

/** Bytes of UTF-8: what file systems and object stores can hold. */
const longestSegment = 255
export const longestPath = 1024

/** MLflow's words; its tests match them. */
const refused = (detail = '') => new AppError('INVALID_PARAMETER_VALUE', `Invalid path${detail && `: ${detail}`}`, { field: 'path' })

/** Climbs out of its root on some system: '..', an absolute path, a drive, a URI of a file. '#' would begin a fragment. */
const climbs = (path: string) =>
  /^[/\\]|^[a-z]:(?:[/\\]|$)|^file:|[\\\0]/i.test(path) || path.split('/').includes('..') || !path.isWellFormed()

/**
 * The clean path; '' is the root itself. Refused as well is a path that climbs once it is decoded some more: whatever is
 * behind us may do so. Throws INVALID_PARAMETER_VALUE.
 */
export function cleanPath(path: string): string {
  if (climbs(path) || path.includes('#')) throw refused()
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  for (const segment of segments) {
    if (Buffer.byteLength(segment) > longestSegment) throw refused(`a name in it is longer than ${longestSegment} bytes.`)
  }
  const clean = segments.join('/')
  if (Buffer.byteLength(clean) > longestPath) throw refused(`it is longer than ${longestPath} bytes.`)
  let decoded = clean
  // MLflow's own bound. A path that still changes after it was made to deceive.
  for (let round = 0; ; round++) {
    if (climbs(decoded) || round === 10) throw refused()
    const next = decodeLeniently(decoded)
    if (next === decoded) return clean
    decoded = next
  }
}

/** The path of a URL, as it came, to a clean one. Throws INVALID_PARAMETER_VALUE. */
export function cleanUrlPath(encoded: string): string {
  let path: string
  try {
    path = decodeURIComponent(encoded)
  } catch {
    throw refused()
  }
  return cleanPath(path)
}

/** Decodes what is a valid escape and leaves the rest: '100%.txt' is a name too. */
export const decodeLeniently = (path: string) =>
  path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    }
  })

export const joinPath = (...parts: string[]) => parts.filter((part) => part !== '').join('/')
