/** Which of the shell's overlays is open. One at a time. */
export type Overlay = 'palette' | 'keys' | 'create-experiment' | 'settings' | 'menu'

let open = $state<Overlay | undefined>()

export const shell = {
  get open(): Overlay | undefined {
    return open
  },
  show(overlay: Overlay): void {
    open = overlay
  },
  close(): void {
    open = undefined
  },
}
