/** Colours for a few lines of sample code: strings, comments, keywords. Enough for snippets, no parser. */
export interface CodePart {
  /** The class of `.code`: s string, c comment, p keyword; empty for the rest. */
  kind: '' | 's' | 'c' | 'p'
  text: string
}

const pattern =
  /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|((?:^|\s)#.*$|\/\/ .*$|&&)|\b(import|from|with|for|in|as|def|return|const|let|await|async|export|new|function|if|else)\b/gm

/** The text in parts; joined they are the text. */
export function highlight(text: string): CodePart[] {
  const parts: CodePart[] = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) parts.push({ kind: '', text: text.slice(at, match.index) })
    parts.push({ kind: match[1] !== undefined ? 's' : match[2] !== undefined ? 'c' : 'p', text: match[0] })
    at = match.index + match[0].length
  }
  if (at < text.length) parts.push({ kind: '', text: text.slice(at) })
  return parts
}
