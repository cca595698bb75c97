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
