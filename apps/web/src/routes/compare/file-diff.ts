/** Two trees of files beside each other, and two texts: pairs of lines, what is alike folded away. */
import type { Change } from 'diff'

export interface FileFacts {
  path: string
  /** Bytes. */
  size: number | null
  url: string | null
}

/** `same`: of one size, which is as much as a list of files says. */
export type FileState = 'added' | 'removed' | 'changed' | 'same'

export interface FilePair {
  path: string
  before: FileFacts | undefined
  after: FileFacts | undefined
  state: FileState
}

/** All files of both, those that surely differ first, then by path. */
export function pairFiles(before: readonly FileFacts[], after: readonly FileFacts[]): FilePair[] {
  const left = new Map(before.map((file) => [file.path, file]))
  const right = new Map(after.map((file) => [file.path, file]))
  const rank: Record<FileState, number> = { changed: 0, added: 0, removed: 0, same: 1 }
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((path): FilePair => {
      const [one, other] = [left.get(path), right.get(path)]
      const state = !one ? 'added' : !other ? 'removed' : one.size === other.size ? 'same' : 'changed'
      return { path, before: one, after: other, state }
    })
    .sort((a, b) => rank[a.state] - rank[b.state] || (a.path < b.path ? -1 : 1))
}

export interface Line {
  /** From 1. */
  number: number
  text: string
}

/** A line of one side beside the one that took its place; one alone was only removed or only added. */
export interface LinePair {
  before: Line | undefined
  after: Line | undefined
  same: boolean
}

const linesOf = (text: string): string[] => {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The changes of jsdiff's `diffLines`, as pairs. */
export function pairLines(changes: readonly Pick<Change, 'value' | 'added' | 'removed'>[]): LinePair[] {
  const pairs: LinePair[] = []
  let left = 0
  let right = 0
  let gone: Line[] = []
  let come: Line[] = []
  const settle = () => {
    for (let i = 0; i < Math.max(gone.length, come.length); i++) pairs.push({ before: gone[i], after: come[i], same: false })
    gone = []
    come = []
  }
  for (const { value, added, removed } of changes) {
    for (const text of linesOf(value)) {
      if (removed) gone.push({ number: ++left, text })
      else if (added) come.push({ number: ++right, text })
      else {
        settle()
        pairs.push({ before: { number: ++left, text }, after: { number: ++right, text }, same: true })
      }
    }
  }
  settle()
  return pairs
}

/** Pairs to show, and how many that are alike are folded between them. */
export type Piece = LinePair | { folded: number }

/** Leaves `context` lines around what differs. */
export function foldSame(pairs: readonly LinePair[], context = 3): Piece[] {
  const near = new Uint8Array(pairs.length)
  for (const [i, pair] of pairs.entries()) {
    if (pair.same) continue
    near.fill(1, Math.max(0, i - context), Math.min(pairs.length, i + context + 1))
  }
  const pieces: Piece[] = []
  for (let i = 0; i < pairs.length; ) {
    let to = i
    while (to < pairs.length && near[to] === 0) to++
    // One line is shorter than the word that it is folded.
    if (to - i > 1) pieces.push({ folded: to - i })
    else if (to > i) pieces.push(pairs[i]!)
    i = to
    for (; i < pairs.length && near[i] === 1; i++) pieces.push(pairs[i]!)
  }
  return pieces
}
