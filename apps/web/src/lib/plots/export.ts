/** A plot as a file: its values as CSV, its picture as SVG or PNG. */
import type { PlotColumn } from '#lib/plots/columns.ts'

/** As RFC 4180 has it. A text that a spreadsheet would take for a formula begins with an apostrophe. */
const field = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A row for each run; what is missing is empty. */
export function csvOf(ids: readonly string[], names: readonly string[], columns: readonly PlotColumn[]): string {
  const head = ['run_id', 'run_name', ...columns.map(({ ref }) => ref)]
  const rows = ids.map((id, i) => [
    id,
    names[i]!,
    ...columns.map(({ values, categories }) => (Number.isNaN(values[i]!) ? '' : categories ? categories[values[i]!]! : String(values[i]))),
  ])
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

const styles = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'paint-order',
  'font-size',
  'font-weight',
  'text-anchor',
  'opacity',
]
const namespace = 'http://www.w3.org/2000/svg'

/** What is drawn within an element: its canvases as pictures, its drawings with their styles, and the texts marked `data-draw`. */
export function svgOf(element: HTMLElement): { svg: string; width: number; height: number } {
  const corner = element.getBoundingClientRect()
  const whole = document.createElementNS(namespace, 'svg')
  const set = (node: Element, values: Record<string, string | number>) => {
    for (const [name, value] of Object.entries(values)) node.setAttribute(name, String(value))
  }
  set(whole, { xmlns: namespace, width: corner.width, height: corner.height, 'font-family': getComputedStyle(element).fontFamily })
  const ground = document.createElementNS(namespace, 'rect')
  set(ground, { width: '100%', height: '100%', fill: getComputedStyle(document.body).backgroundColor })
  whole.append(ground)
  for (const part of element.querySelectorAll<HTMLElement | SVGSVGElement>('canvas, svg.ch, [data-draw]')) {
    const { left, top, width, height } = part.getBoundingClientRect()
    const at = { x: left - corner.left, y: top - corner.top, width, height }
    if (part instanceof HTMLCanvasElement) {
      if (getComputedStyle(part).opacity === '0' || part.width === 0) continue
      const image = document.createElementNS(namespace, 'image')
      set(image, { ...at, href: part.toDataURL() })
      whole.append(image)
    } else if (part instanceof SVGSVGElement) {
      const copy = part.cloneNode(true) as SVGSVGElement
      set(copy, at)
      const originals = part.querySelectorAll('*')
      for (const [i, each] of copy.querySelectorAll('*').entries()) {
        const computed = getComputedStyle(originals[i]!)
        each.setAttribute('style', styles.map((name) => `${name}:${computed.getPropertyValue(name)}`).join(';'))
      }
      whole.append(copy)
    } else {
      const text = document.createElementNS(namespace, 'text')
      set(text, {
        x: at.x + width / 2,
        y: at.y + height * 0.75,
        'text-anchor': 'middle',
        'font-size': getComputedStyle(part).fontSize,
        'font-weight': getComputedStyle(part).fontWeight,
        fill: getComputedStyle(part).color,
      })
      text.textContent = part.textContent
      whole.append(text)
    }
  }
  return { svg: new XMLSerializer().serializeToString(whole), width: corner.width, height: corner.height }
}

/** At twice the size on screen, so that it is sharp in print. */
export async function pngOf(element: HTMLElement): Promise<Blob> {
  const { svg, width, height } = svgOf(element)
  const image = new Image()
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = width * 2
  canvas.height = height * 2
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large.'))), 'image/png'),
  )
}

/** Offers a file to the browser. */
export function save(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
