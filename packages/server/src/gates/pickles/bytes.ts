/** Bytes one after the other, as a pickle is read: some are taken, many are passed over, and never all are kept. */

/** There is less than was to come. */
export class Short extends Error {}
/** There is more than is read. */
export class TooMuch extends Error {}

/** Bytes that all files of a version are read for. */
export interface Budget {
  left: number
}

const none = Buffer.alloc(0)

export class Bytes {
  /** How many were taken and passed over. */
  at = 0
  #chunks: AsyncIterator<Buffer>
  #budget: Budget
  #buffer: Buffer = none
  #from = 0

  constructor(chunks: AsyncIterable<Buffer>, budget: Budget) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#budget = budget
  }

  /** How many can be had at once. */
  get ready(): number {
    return this.#buffer.length - this.#from
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    this.#budget.left -= value.length
    if (this.#budget.left < 0) throw new TooMuch()
    this.#buffer = this.ready === 0 ? value : Buffer.concat([this.#buffer.subarray(this.#from), value])
    this.#from = 0
    return true
  }

  /** Waits until there are so many, or no more come: then false. */
  async has(count: number): Promise<boolean> {
    while (this.ready < count) if (!(await this.#more())) return false
    return true
  }

  /** Of those that are ready. */
  byte(): number {
    if (this.ready < 1) throw new Short()
    this.at++
    return this.#buffer[this.#from++]!
  }

  peek(): number | undefined {
    return this.#buffer[this.#from]
  }

  /** Of those that are ready: a view, good until the next is asked for. */
  take(count: number): Buffer {
    if (this.ready < count) throw new Short()
    this.#from += count
    this.at += count
    return this.#buffer.subarray(this.#from - count, this.#from)
  }

  async pass(count: number): Promise<void> {
    let left = count
    while (left > 0) {
      if (this.ready === 0 && !(await this.#more())) throw new Short()
      const some = Math.min(left, this.ready)
      this.#from += some
      this.at += some
      left -= some
    }
  }

  /** Up to the end of a line, without it. */
  async line(longest: number): Promise<string> {
    for (let looked = 0; ; ) {
      const end = this.#buffer.indexOf(10, this.#from + looked)
      if (end >= 0) {
        const line = this.take(end - this.#from).toString('latin1')
        this.byte()
        return line
      }
      looked = this.ready
      if (looked > longest) throw new TooMuch()
      if (!(await this.#more())) throw new Short()
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
