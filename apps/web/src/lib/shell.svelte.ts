/** Which of the shell's overlays is open. One at a time. */
export type Overlay = 'palette' | 'keys' | 'create-experiment' | 'settings' | 'menu'

let open = $state<Overlay | undefined>()
let about = $state('')

export const shell = {
  get open(): Overlay | undefined {
    return open
  },
  /** What it is to begin with: the folder of a new experiment, what is sought. */
  get about(): string {
    return about
  },
  show(overlay: Overlay, what = ''): void {
    open = overlay
    about = what
  },
  close(): void {
    open = undefined
  },
}
