/**
 * An async generator that ends when its reader leaves. A plain one can't: `return()` waits for the `await` it is
 * suspended in, here for a bell that may never ring. So the generator gets a signal, which `return()` aborts first.
 */
export function live<T>(start: (signal: AbortSignal) => AsyncGenerator<T>): AsyncIterableIterator<T> {
  const gone = new AbortController()
  const inner = start(gone.signal)
  const iterator: AsyncIterableIterator<T> = {
    next: () => inner.next(),
    async return() {
      gone.abort()
      return inner.return(undefined)
    },
    async throw(error) {
      gone.abort()
      return inner.throw(error)
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

/** The same, until it is ended from elsewhere: then a last one comes, and no more. */
export function endable<T>(inner: AsyncIterable<T>): { events: AsyncIterableIterator<T>; end(last: T): void } {
  const source = inner[Symbol.asyncIterator]()
  let over: { last?: T } | undefined
  let wake: (() => void) | undefined
  const leave = async () => {
    over = {}
    await source.return?.()
    return { done: true as const, value: undefined }
  }
  const events: AsyncIterableIterator<T> = {
    async next() {
      if (!over) {
        const step = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
          wake = () => resolve(undefined)
          source.next().then(resolve, reject)
        })
        if (step && !over) return step
      }
      if (!over || !('last' in over)) return { done: true, value: undefined }
      const value = over.last as T
      over = {}
      return { done: false, value }
    },
    return: leave,
    throw: leave,
    [Symbol.asyncIterator]: () => events,
  }
  return {
    events,
    end(last) {
      if (over) return
      over = { last }
      wake?.()
      void source.return?.()
    },
  }
}
