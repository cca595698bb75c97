/** Finding charts by their keys: words in any order, or a regular expression where the text is one. */
import { matchScore } from '#lib/palette-match.ts'

export interface Finder {
  matches: (key: string) => boolean
  /** Why the expression cannot be read; then all keys match. */
  problem: string | undefined
}

/** Signs that are in expressions and hardly ever in words that are typed to find a key. */
const isExpression = (text: string): boolean => /[\^$*+?()[\]{}|\\]/.test(text)

export function finderOf(text: string): Finder {
  const wanted = text.trim()
  if (!isExpression(wanted)) {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
    return { matches: (key) => matchScore(key, words) !== undefined, problem: undefined }
  }
  try {
    const expression = new RegExp(wanted, 'i')
    return { matches: (key) => expression.test(key), problem: undefined }
  } catch (error) {
    return { matches: () => true, problem: (error as Error).message.replace(/^Invalid regular expression: /, '') }
  }
}
