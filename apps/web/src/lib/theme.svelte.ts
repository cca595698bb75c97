/** Light, dark, or as the system has it. `app.html` applies the stored choice before the first paint; this keeps it from then on. */
import { print } from '#lib/print.svelte.ts'
import { readStored, writeStored } from '#lib/stored.ts'

export type ThemeChoice = 'light' | 'dark' | 'system'

const systemDark = matchMedia('(prefers-color-scheme: dark)')
const stored = readStored('theme')

let choice = $state<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'system')
let system = $state(systemDark.matches)
systemDark.addEventListener('change', (event) => {
  system = event.matches
})

export const theme = {
  get choice(): ThemeChoice {
    return choice
  },
  /** What is on screen, and light on paper: read it in an effect to redraw a canvas when the theme changes. */
  get dark(): boolean {
    if (print.isOn) return false
    return choice === 'system' ? system : choice === 'dark'
  },
  set(next: ThemeChoice): void {
    choice = next
    writeStored('theme', next === 'system' ? null : next)
    if (next === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
  },
  /** To the other of light and dark. */
  toggle(): void {
    theme.set(theme.dark ? 'light' : 'dark')
  },
}
