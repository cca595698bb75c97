/**
 * What a run printed and the server has not yet acknowledged. Always true: it leaves in the order it came, in at most one request at a
 * time, and a request that is sent again has the same id, so that no line is written twice.
 */
import { randomName } from './address.ts'
import { ApiError } from './api-error.ts'
import { exchange, patienceOf, persist } from './exchange.ts'

export type Source = 'STDOUT' | 'STDERR'

interface Entry {
  text: string
  time: number
  source: Source | null
}

export interface PrinterOptions {
  origin: string
  runId: string
  /** ms between requests. */
  flushEvery: number
  /** How long a flush waits for a server that is away, ms. */
  giveUpAfter: number
}

const document = 'mutation AppendLog($input: AppendLogInput!) { appendLog(input: $input) { total } }'
/** What one request takes: half of what the server does. */
const most = { lines: 5_000, characters: 2_000_000 }
/** Characters that are kept while the server is away; of what is printed then the oldest is dropped, and that is said in the log. */
const mostWaiting = 32_000_000

const linesIn = (text: string): number => text.split('\n').length

export class Printer {
  readonly #options: PrinterOptions
  #waiting: Entry[] = []
  #characters = 0
  #dropped = 0
  /** A request that was not answered: sent again as it was. */
  #unanswered: string | undefined
  #sending: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: PrinterOptions) {
    this.#options = options
  }

  add(text: string, source: Source | null, time = Date.now()): void {
    const last = this.#waiting.at(-1)
    if (last && last.source === source && time - last.time < 100 && last.text.length < 10_000) last.text += `\n${text}`
    else this.#waiting.push({ text, source, time })
    this.#characters += text.length
    while (this.#characters > mostWaiting && this.#waiting.length > 1) {
      const { text: lost } = this.#waiting.shift()!
      this.#characters -= lost.length
      this.#dropped += linesIn(lost)
    }
    if (this.#timer || this.#sending) return
    this.#timer = setTimeout(() => void this.flush().catch(() => {}), this.#options.flushEvery)
    // Before Node exits what waits is sent.
    ;(this.#timer as { unref?(): unknown }).unref?.()
  }

  /** Resolves when all that was added before is in the server's database. Throws what the server refuses; UNREACHABLE. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#sending || this.#unanswered || this.#waiting.length)
      await (this.#sending ??= this.#send().finally(() => (this.#sending = undefined)))
  }

  async #send(): Promise<void> {
    const { origin, giveUpAfter } = this.#options
    const body = (this.#unanswered ??= this.#request())
    const ask = async () => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
      const { errors } = (await exchange(`${origin}/graphql`, init)) as { errors?: { message: string; extensions?: { code?: string } }[] }
      if (errors?.[0]) throw new ApiError(errors[0].extensions?.code ?? 'INTERNAL_ERROR', errors[0].message)
    }
    await persist(ask, patienceOf(giveUpAfter)).catch((error) => {
      if (!(error instanceof ApiError) || error.code !== 'UNREACHABLE') this.#unanswered = undefined
      throw error
    })
    this.#unanswered = undefined
  }

  /** The body of the next request, of as much as one takes. */
  #request(): string {
    const entries: Entry[] = []
    let lines = 0
    let characters = 0
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      lines += linesIn(next.text)
      characters += next.text.length
      if (entries.length && (lines > most.lines || characters > most.characters)) break
      this.#characters -= next.text.length
      entries.push(this.#waiting.shift()!)
    }
    if (this.#dropped) {
      entries.unshift({ text: `[${this.#dropped} lines were dropped while the server was away]`, time: Date.now(), source: 'STDERR' })
      this.#dropped = 0
    }
    return JSON.stringify({ query: document, variables: { input: { runId: this.#options.runId, entries, batch: randomName() } } })
  }
}
