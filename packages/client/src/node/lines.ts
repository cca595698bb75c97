/** Text that comes in pieces, as whole lines; and what this process prints, heard. */
import { StringDecoder } from 'node:string_decoder'
import type { Source } from '../printer.ts'

/** A line that never ends is given out in pieces of so many characters. */
const longest = 100_000

/** Give it pieces as they come; `heard` gets whole lines, several joined by line breaks. `end` gives out the rest. */
export function lineSplitter(heard: (text: string) => void): { write(piece: string | Uint8Array): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const take = (text: string) => {
    rest += text
    const end = rest.length > longest ? rest.length : rest.lastIndexOf('\n')
    if (end < 0) return
    const lines = rest.slice(0, end)
    rest = rest.slice(end + 1)
    heard(lines)
  }
  return {
    write: (piece) => take(typeof piece === 'string' ? piece : decoder.write(Buffer.from(piece))),
    end() {
      const last = rest + decoder.end()
      rest = ''
      if (last) heard(last)
    },
  }
}

/** Hears what this process prints, which is printed all the same. */
export function listenToProcess(heard: (text: string, source: Source) => void): () => void {
  const stops = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name]
    const splitter = lineSplitter((text) => heard(text, name === 'stdout' ? 'STDOUT' : 'STDERR'))
    const write = stream.write
    const listening = function (this: unknown, piece: string | Uint8Array, ...rest: never[]) {
      splitter.write(piece)
      return write.call(stream, piece, ...rest)
    } as typeof stream.write
    stream.write = listening
    return () => {
      // Whoever listens since has ours inside theirs.
      if (stream.write === listening) stream.write = write
      splitter.end()
    }
  })
  return () => {
    for (const stop of stops) stop()
  }
}
