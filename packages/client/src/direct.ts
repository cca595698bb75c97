/** A run's sink that keeps what is logged in memory until the server has it. */

import type { ApiError } from './api-error.ts'
import { type ArtifactContent, type TransferOptions, upload } from './artifact.ts'
import type { Entry } from './entries.ts'
import { callWire, patienceOf, persist } from './exchange.ts'
import { type DatasetUse, sendInputs } from './inputs.ts'
import { type NewModel, sendModel } from './model.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'
import type { End, Sink } from './sink.ts'

export class Direct implements Sink {
  readonly #options: OutboxOptions
  readonly #run: { id: string; experimentId: string }
  readonly #outbox: Outbox
  /** Files, data sets and models under way. */
  readonly #underWay = new Set<Promise<void>>()

  constructor(options: OutboxOptions & { experimentId: string }) {
    this.#options = options
    this.#run = { id: options.runId, experimentId: options.experimentId }
    this.#outbox = new Outbox(options)
  }

  add(entries: readonly Entry[]): void {
    this.#outbox.add(entries)
  }

  flush(): Promise<void> {
    return this.#outbox.flush()
  }

  file(path: string, content: ArtifactContent, options?: TransferOptions): Promise<void> {
    return this.#send((origin) => upload(origin, this.#run.id, path, content, options))
  }

  inputs(uses: readonly DatasetUse[]): Promise<void> {
    return this.#send((origin) => sendInputs(origin, this.#run.id, uses))
  }

  model(model: NewModel): Promise<void> {
    return this.#send((origin) => sendModel(origin, this.#run, model))
  }

  async end(end: End): Promise<void> {
    const lost = (await Promise.allSettled(this.#underWay)).find((each) => each.status === 'rejected')
    const refusal = await this.#outbox.flush().catch((error: ApiError) => {
      if (error.code === 'UNREACHABLE') throw error
      return error
    })
    await this.#persist((origin) => callWire(origin, 'POST', 'runs/update', { run_id: this.#run.id, ...end }))
    if (refusal ?? lost) throw refusal ?? lost?.reason
  }

  #persist<T>(attempt: (origin: string) => Promise<T>): Promise<T> {
    return persist(() => attempt(this.#options.origin), patienceOf(this.#options.giveUpAfter))
  }

  #send(attempt: (origin: string) => Promise<void>): Promise<void> {
    const done = this.#persist(attempt).finally(() => this.#underWay.delete(done))
    this.#underWay.add(done)
    return done
  }
}
