/**
 * Whether the page is being put on paper. Lists then draw what is otherwise scrolled to, charts are drawn for white, and what is wider than the
 * paper is made smaller. The browser asks for the media just before it makes the pages, so all of this is done in that moment.
 */
import { flushSync } from 'svelte'

/** Rows of a list that are printed. */
export const mostPrinted = 400
/** What fits on a sheet that lies, px. */
const sheet = 1000

const media = matchMedia('print')
let isOn = $state(media.matches)

export const print = {
  get isOn(): boolean {
    return isOn
  },
}

function turn(on: boolean): void {
  if (on === isOn) return
  flushSync(() => {
    isOn = on
  })
  for (const wide of document.querySelectorAll<HTMLElement>('.pane')) {
    if (on && wide.scrollWidth > sheet) wide.style.setProperty('--print-zoom', String(sheet / wide.scrollWidth))
    else wide.style.removeProperty('--print-zoom')
  }
}

media.addEventListener('change', ({ matches }) => turn(matches))
addEventListener('beforeprint', () => turn(true))
addEventListener('afterprint', () => turn(media.matches))
