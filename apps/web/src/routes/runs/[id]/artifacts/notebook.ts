/** A Jupyter notebook (nbformat 4) as what is shown of it: https://nbformat.readthedocs.io/en/latest/format_description.html */

export type Output = { kind: 'text' | 'error'; text: string } | { kind: 'image'; src: string }

export interface Cell {
  kind: 'markdown' | 'code' | 'raw'
  source: string
  /** How often the kernel had run something when it ran this; undefined where it did not run. */
  count: number | undefined
  outputs: Output[]
}

type Json = Record<string, unknown>

const asText = (value: unknown): string => (Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : '')
/** The colours of a terminal, which a traceback has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with
const plain = (text: string): string => text.replace(/\u001b\[[\d;]*[A-Za-z]/g, '')

function outputOf(output: Json): Output | undefined {
  if (output.output_type === 'error') return { kind: 'error', text: plain(asText(output.traceback) || `${output.ename}: ${output.evalue}`) }
  if (output.output_type === 'stream') return { kind: 'text', text: plain(asText(output.text)) }
  const data = (output.data ?? {}) as Json
  for (const type of ['image/png', 'image/jpeg', 'image/webp']) {
    if (data[type]) return { kind: 'image', src: `data:${type};base64,${asText(data[type]).replace(/\s/g, '')}` }
  }
  // As an image nothing in it runs.
  if (data['image/svg+xml']) return { kind: 'image', src: `data:image/svg+xml,${encodeURIComponent(asText(data['image/svg+xml']))}` }
  const text = asText(data['text/plain'])
  return text ? { kind: 'text', text } : undefined
}

/** The cells; undefined for what is no notebook of version 4. */
export function cellsOf(json: unknown): Cell[] | undefined {
  const { cells, nbformat } = (json ?? {}) as Json
  if (!Array.isArray(cells) || Number(nbformat) < 4) return undefined
  return cells.map((cell: Json) => ({
    kind: cell.cell_type === 'markdown' || cell.cell_type === 'code' ? cell.cell_type : 'raw',
    source: asText(cell.source),
    count: typeof cell.execution_count === 'number' ? cell.execution_count : undefined,
    outputs: Array.isArray(cell.outputs) ? cell.outputs.map(outputOf).filter((output) => output !== undefined) : [],
  }))
}
