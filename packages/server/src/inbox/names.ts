/** Whom a text names, and how it is told of in a sentence. */

/** The names that a text calls, as `@ada`; not in code, where an @ is something else. */
export function namesIn(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?(```|$)/g, ' ').replace(/`[^`\n]*`/g, ' ')
  const found = prose.matchAll(/(?<![\p{L}\p{N}._@+/-])@([\p{L}\p{N}._@+-]+)/gu)
  return [...new Set([...found].map(([, name]) => name!.toLowerCase().replace(/[._@+-]+$/, '')))].filter(Boolean)
}

const short = (text: string, most = 200): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most)}…`.toWellFormed() : line
}
export const quoted = (text: string) => (text.trim() ? `: “${short(text)}”` : '')
