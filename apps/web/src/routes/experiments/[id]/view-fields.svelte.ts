/** A view as a page follows it, field by field: who reads one is not told of a change to others. */
import { codecs, type View } from './view.ts'

function follow<T>(params: () => URLSearchParams, { name, read }: { name: string; read: (values: readonly string[]) => T }): () => T {
  // Compared as text: another address that says the same of it is no change.
  const said = $derived(JSON.stringify(params().getAll(name)))
  const value = $derived(read(JSON.parse(said)))
  return () => value
}

/** Called while a component is set up. */
export function followView(params: () => URLSearchParams): View {
  const fields = Object.entries(codecs).map(([field, codec]) => [field, { get: follow<unknown>(params, codec), enumerable: true }] as const)
  return Object.defineProperties({}, Object.fromEntries(fields)) as View
}
