/** Which rows of a long list are on screen. All rows have one height, so nothing is measured. */
import { elementScroll, observeElementOffset, observeElementRect, type VirtualItem, Virtualizer } from '@tanstack/virtual-core'
import { untrack } from 'svelte'

interface Options {
  count: number
  /** px. */
  rowHeight: number
  scroller: HTMLElement | undefined
  /** What stands above the list in the scroller, px. */
  above: number
  /** What covers the top and the bottom of the scroller, px. */
  covered?: { top: number; bottom: number }
}

/** Rows drawn beyond each edge. */
const overscan = 6

/** Called while a component is set up. */
export function virtualRows(read: () => Options) {
  let items = $state.raw<readonly VirtualItem[]>([])
  let height = $state(0)

  const show = () => {
    items = virtualizer.getVirtualItems()
    height = virtualizer.getTotalSize()
  }
  const optionsOf = ({ count, rowHeight, scroller, above, covered }: Options) => ({
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => scroller ?? null,
    scrollMargin: above,
    scrollPaddingStart: covered?.top ?? 0,
    scrollPaddingEnd: covered?.bottom ?? 0,
    overscan,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: show,
  })
  const virtualizer = new Virtualizer<HTMLElement, HTMLElement>(optionsOf(untrack(read)))

  $effect(() => untrack(() => virtualizer._didMount()))
  $effect(() => {
    const options = read()
    untrack(() => {
      virtualizer.setOptions(optionsOf(options))
      virtualizer.measure()
      virtualizer._willUpdate()
      show()
    })
  })

  return {
    get items() {
      return items
    },
    /** Of all rows together, px. */
    get height() {
      return height
    },
    reveal(index: number, align: 'auto' | 'center' = 'auto'): void {
      virtualizer.scrollToIndex(index, { align })
    },
  }
}
