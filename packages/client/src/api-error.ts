/** What went wrong, in one class: the server's refusals, and `UNREACHABLE` where no answer came. */

/** A refusal of the server, or its absence. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /**
   * The server's code, MLflow's words: INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, … Of this package itself: UNREACHABLE
   * (no answer came, or it was away for too long), BUFFER_FULL (too much waits to be sent) and HTTP_ERROR (a refusal that is not
   * the server's, such as a proxy's: `status` tells).
   */
  readonly code: string
  /** The input it is about, such as `input.metrics[3].value`, where the server says. */
  readonly field: string | undefined
  /** The HTTP status; 0 where no answer came, or it came through a WebSocket. */
  readonly status: number

  constructor(
    code: string,
    message: string,
    { field, status = 0, cause }: { field?: string | undefined; status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.code = code
    this.field = field
    this.status = status
  }
}
