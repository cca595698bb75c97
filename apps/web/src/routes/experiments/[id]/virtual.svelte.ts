/** Which rows of a long list are on screen; on paper the first of all. All rows have one height, so nothing is measured. */
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type Range,
  type VirtualItem,
  Virtualizer,
} from '@tanstack/virtual-core'
import { untrack } from 'svelte'
import { mostPrinted, print } from '#lib/print.svelte.ts'

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
  let isPrinted = false

  const show = () => {
    items = virtualizer.getVirtualItems()
    height = isPrinted ? (items.at(-1)?.end ?? 0) - (items[0]?.start ?? 0) : virtualizer.getTotalSize()
  }
  const optionsOf = ({ count, rowHeight, scroller, above, covered }: Options) => ({
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => scroller ?? null,
    scrollMargin: above,
    scrollPaddingStart: covered?.top ?? 0,
    scrollPaddingEnd: covered?.bottom ?? 0,
    overscan,
    rangeExtractor: (range: Range) =>
      isPrinted ? Array.from({ length: Math.min(count, mostPrinted) }, (_, i) => i) : defaultRangeExtractor(range),
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: show,
  })
  const virtualizer = new Virtualizer<HTMLElement, HTMLElement>(optionsOf(untrack(read)))

  $effect(() => untrack(() => virtualizer._didMount()))
  $effect(() => {
    const options = read()
    const onPaper = print.isOn
    untrack(() => {
      isPrinted = onPaper
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
