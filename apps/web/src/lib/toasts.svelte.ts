/** Short messages at the bottom left. A plain one leaves after six seconds; an error stays until it is closed. */
export interface Toast {
  id: number
  text: string
  kind: 'done' | 'error'
  undo: (() => void | Promise<void>) | undefined
  /** Where it leads. */
  href: string | undefined
}

const shownFor = 6_000
let last = 0

/** What is on screen, oldest first. */
export const toasts = $state<Toast[]>([])

/** Takes one away before its time. */
export function closeToast(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id)
  if (at >= 0) toasts.splice(at, 1)
}

/** Says something. `undo` adds a button that takes it back, `href` a link to what it is about. Returns the toast's id. */
export function toast(text: string, options: { kind?: Toast['kind']; undo?: Toast['undo']; href?: string } = {}): number {
  const id = ++last
  const kind = options.kind ?? 'done'
  toasts.push({ id, text, kind, undo: options.undo, href: options.href })
  if (kind === 'done') setTimeout(closeToast, shownFor, id)
  return id
}
