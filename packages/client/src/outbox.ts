/**
 * What a run has logged and the server has not yet acknowledged. Always true: it leaves in the order it came, in at most one request
 * at a time, and stays here until it is acknowledged or refused. Sending again makes nothing twice: a point is what its name, step,
 * time and value are, and those are fixed when it is logged.
 */
import { ApiError } from './api-error.ts'
import { batchBody, batchLength, type Entry, fullBatch } from './entries.ts'
import { callWire, persist, unreached } from './exchange.ts'

export interface OutboxOptions {
  origin: string
  runId: string
  /** ms between requests, where a batch does not fill up sooner. */
  flushEvery: number
  /** The most entries kept. */
  maxWaiting: number
  /** How long a flush waits for a server that is away, ms. */
  giveUpAfter: number
  /** Told of each refusal when it happens. */
  onError: ((error: ApiError) => void) | undefined
}

interface Flush {
  /** Done when so many entries are settled. */
  at: number
  since: number
  resolve(): void
  reject(error: ApiError): void
}

type Timer = ReturnType<typeof setTimeout>
/** Does not keep Node running: before it exits, what waits is sent. */
const unref = (timer: Timer) => (timer as { unref?(): unknown }).unref?.()

export class Outbox {
  readonly #options: OutboxOptions
  #waiting: Entry[] = []
  /** Entries ever added, and those acknowledged or refused. */
  #added = 0
  #settled = 0
  #flushes: Flush[] = []
  /** A refusal that no flush has told of. */
  #refusal: ApiError | undefined
  #sending = false
  #timer: Timer | undefined
  /** Ends the pause between two tries. */
  #wake: (() => void) | undefined
  #failure: { since: number; last: ApiError } | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Takes all of these or throws BUFFER_FULL. */
  add(entries: readonly Entry[]): void {
    const { maxWaiting, origin } = this.#options
    if (this.#waiting.length + entries.length > maxWaiting) {
      const away = this.#failure ? ` ${origin} does not answer: ${this.#failure.last.message}` : ''
      throw new ApiError(
        'BUFFER_FULL',
        `${this.#waiting.length} entries wait to be sent, and maxWaiting is ${maxWaiting}. Await run.flush() now and then, or raise it.${away}`,
        { cause: this.#failure?.last },
      )
    }
    for (const entry of entries) this.#waiting.push(entry)
    this.#added += entries.length
    this.#schedule()
  }

  /**
   * Resolves when all that was added before is acknowledged. Rejects with the first refusal since the last flush, or with UNREACHABLE,
   * and then what waits is kept and still tried.
   */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ at: this.#added, since: Date.now(), resolve, reject })
      this.#wake?.()
      if (this.#settled === this.#added) this.#settle()
      else this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#sending) return
    if (this.#flushes.length || this.#waiting.length >= fullBatch) void this.#send()
    else if (!this.#timer) unref((this.#timer = setTimeout(() => this.#send(), this.#options.flushEvery)))
  }

  async #send(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending = true
    const batch = this.#waiting.slice(0, batchLength(this.#waiting))
    await this.#deliver(batch)
    this.#waiting.splice(0, batch.length)
    this.#settled += batch.length
    this.#sending = false
    this.#settle()
    if (this.#waiting.length) this.#schedule()
  }

  async #deliver(batch: Entry[]): Promise<void> {
    try {
      await this.#post(batch)
    } catch (error) {
      // A batch is all or nothing, but a refused param must not take the points with it.
      const kinds = [...new Set(batch.map(({ kind }) => kind))]
      if (kinds.length === 1) return this.#refused(error)
      for (const kind of kinds) await this.#post(batch.filter((entry) => entry.kind === kind)).catch((refusal) => this.#refused(refusal))
    }
  }

  async #post(batch: Entry[]): Promise<void> {
    const { origin, runId } = this.#options
    await persist(
      () => callWire(origin, 'POST', 'runs/log-batch', batchBody(runId, batch)),
      (ms, error) => this.#pause(ms, error),
    )
    this.#failure = undefined
  }

  #refused(error: unknown): void {
    this.#failure = undefined
    this.#refusal ??= error as ApiError
    const { onError } = this.#options
    // What it throws is not ours to swallow, and must not stop the sending.
    if (onError) queueMicrotask(() => onError(error as ApiError))
  }

  /** Tries go on for as long as there is somebody to log; flushes are told when it takes too long. */
  async #pause(ms: number, last: ApiError): Promise<void> {
    const { giveUpAfter } = this.#options
    const now = Date.now()
    this.#failure = { since: this.#failure?.since ?? now, last }
    const { since } = this.#failure
    const note = `${this.#waiting.length} entries wait, and are sent when it is back. `
    this.#flushes = this.#flushes.filter((flush) => {
      const waits = now + ms <= Math.max(flush.since, since) + giveUpAfter
      if (!waits) flush.reject(unreached(giveUpAfter, last, note))
      return waits
    })
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      const timer = setTimeout(resolve, ms)
      if (!this.#flushes.length) unref(timer)
    })
    this.#wake = undefined
  }

  #settle(): void {
    while (this.#flushes.length && this.#flushes[0]!.at <= this.#settled) {
      const { resolve, reject } = this.#flushes.shift()!
      const refusal = this.#refusal
      this.#refusal = undefined
      refusal ? reject(refusal) : resolve()
    }
  }
}
