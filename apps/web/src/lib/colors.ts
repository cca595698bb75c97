/**
 * Which colour a run has in a view. A run asks for the slot its id hashes to and takes the first free one from there, so a run keeps
 * its colour from page to page wherever it can. Past ten runs the same hues come back with a dash pattern, never a new hue.
 */
const hues = 10
const dashes: readonly (readonly number[])[] = [[], [5, 3], [1.5, 2.5]]

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/**
 * A slot (from 0) for each run. Runs in `previous` keep theirs, so that adding one to a view recolours none; pass the last answer.
 * Slots 0–9 are used up before 10–19 (dashed), and so on.
 */
export function assignSlots(ids: readonly string[], previous?: ReadonlyMap<string, number>): Map<string, number> {
  const slots = new Map<string, number>()
  const taken = new Set<number>()
  for (const id of ids) {
    const kept = previous?.get(id)
    if (kept === undefined || taken.has(kept)) continue
    slots.set(id, kept)
    taken.add(kept)
  }
  for (const id of ids) {
    if (slots.has(id)) continue
    const wanted = hash(id) % hues
    for (let i = 0; ; i++) {
      const slot = Math.floor(i / hues) * hues + ((wanted + i) % hues)
      if (taken.has(slot)) continue
      slots.set(id, slot)
      taken.add(slot)
      break
    }
  }
  return slots
}

/** The CSS colour of a slot: `var(--run-1)` … `var(--run-10)`. */
export function slotColor(slot: number): string {
  return `var(--run-${(slot % hues) + 1})`
}

/** The dash pattern of a slot in pixels; empty is a whole line. */
export function slotDash(slot: number): number[] {
  return [...dashes[Math.floor(slot / hues) % dashes.length]!]
}

/** A token such as `--run-1` as a colour a canvas takes, in the theme now on screen. Ask again when `theme.dark` changes. */
export function canvasColor(token: string): string {
  const probe = document.createElement('span')
  // A run keeps its colour where the reader forces others on the page: it is told by it.
  if (/^--(run|seq)-/.test(token)) probe.style.setProperty('forced-color-adjust', 'none')
  probe.style.color = `var(${token})`
  document.documentElement.append(probe)
  const color = getComputedStyle(probe).color
  probe.remove()
  return color
}

/** A CSS colour that a canvas takes, as red, green and blue, 0 to 255. */
export function rgbOf(color: string): [number, number, number] {
  const ctx = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true })!
  ctx.fillStyle = color
  ctx.fillRect(0, 0, 1, 1)
  const [red, green, blue] = ctx.getImageData(0, 0, 1, 1).data
  return [red!, green!, blue!]
}
