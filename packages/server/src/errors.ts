/**
 * The one error class. Codes are MLflow's own, because its clients are the strictest readers; a code decides the HTTP
 * status and GraphQL's `extensions.code`. Anything that is not an AppError is a fault of ours: it is logged with its
 * stack and answered as INTERNAL_ERROR with an id to find the line by.
 */

/** Code to HTTP status. The list is closed. */
export const codes = {
  INVALID_PARAMETER_VALUE: 400,
  MALFORMED_REQUEST: 400,
  BAD_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RESOURCE_CONFLICT: 409,
  REQUEST_TOO_LARGE: 413,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL_ERROR: 500,
  INVALID_STATE: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const

export type ErrorCode = keyof typeof codes

/** Characters of a message: some hold what was sent, and nobody wants a megabyte of it back. */
const longest = 2000

export interface ErrorOptions {
  /** The input it is about, as its caller spells it: `metrics[3].value`. */
  field?: string
  /** The same in words of ours, where `message` is a sentence of MLflow's that its clients match: for GraphQL, and the pages. */
  plain?: string | undefined
  cause?: unknown
}

/** Something a caller should hear: what, with which value, and the way out. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly plain: string | undefined

  constructor(code: ErrorCode, message: string, { field, plain, cause }: ErrorOptions = {}) {
    super(message.length > longest ? `${message.slice(0, longest)}...` : message, { cause })
    this.name = 'AppError'
    this.code = code
    this.field = field
    this.plain = plain && plain.length > longest ? `${plain.slice(0, longest)}...` : plain
  }

  get status(): number {
    return codes[this.code]
  }
}

/** What is not there, or may not be seen: the two are told apart by nobody. */
export const notFound = (message: string) => new AppError('RESOURCE_DOES_NOT_EXIST', message)

export const invalid = (message: string, field?: string) => new AppError('INVALID_PARAMETER_VALUE', message, field ? { field } : {})

/** With MLflow's sentence for its clients, and ours for everybody else. */
export const invalidAs = (message: string, plain: string, field?: string) =>
  new AppError('INVALID_PARAMETER_VALUE', message, { plain, ...(field && { field }) })

/** Shows a value in a message as JSON, cut short. */
export function show(value: unknown): string {
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    // JSON is read to any depth and written to a few thousand.
    text = '(nested too deeply to be shown)'
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
