/** What the palette can do: what the page on screen registers keys for, and what can be done everywhere. */
import { type Density, density } from '#lib/density.svelte.ts'
import { keyMap, perform } from '#lib/keys.svelte.ts'
import { shell } from '#lib/shell.svelte.ts'
import { theme } from '#lib/theme.svelte.ts'
import type { IconName } from '#lib/ui/icons.ts'

export interface Action {
  id: string
  text: string
  detail: string
  icon: IconName
  key?: string
  /** Where it leads. */
  href?: string
  run?: () => void
}

/** Keys that only make sense as keys. */
const moves = /^(j|k|Escape|Enter|Home|End|Tab|Page(Up|Down)|(Shift\+)?Arrow\w+|\/)$/

const everywhere: Action[] = [
  { id: 'do-experiments', text: 'Go to experiments', detail: '', icon: 'flask', key: 'g r', href: '/experiments' },
  { id: 'do-create', text: 'Create experiment', detail: '', icon: 'plus', run: () => shell.show('create-experiment') },
  { id: 'do-models', text: 'Go to models', detail: 'registry', icon: 'cube', key: 'g m', href: '/models' },
  { id: 'do-alerts', text: 'Go to alerts', detail: '', icon: 'bell', key: 'g n', href: '/alerts' },
  { id: 'do-inbox', text: 'Go to the inbox', detail: 'what you were told', icon: 'inbox', key: 'g i', href: '/inbox' },
  { id: 'do-rule', text: 'Create alert rule', detail: 'alerts', icon: 'bell', href: '/alerts?show=rules&new=' },
  { id: 'do-trash', text: 'Go to trash', detail: 'restore, free space', icon: 'trash', key: 'g t', href: '/trash' },
  { id: 'do-settings', text: 'Settings', detail: 'theme, rows, keys', icon: 'gear', key: ',', run: () => shell.show('settings') },
  { id: 'do-theme', text: 'Switch between light and dark', detail: 'theme', icon: 'moon', run: theme.toggle },
  { id: 'do-system', text: 'Use the system’s theme', detail: 'theme', icon: 'screen', run: () => theme.set('system') },
  ...(['compact', 'default', 'comfortable'] as const).map(
    (each: Density): Action => ({
      id: `do-density-${each}`,
      text: `Rows: ${each}`,
      detail: 'density',
      icon: 'list',
      run: () => density.set(each),
    }),
  ),
  { id: 'do-print', text: 'Print the page', detail: 'or keep it as a PDF', icon: 'file', run: () => setTimeout(() => window.print(), 50) },
  { id: 'do-welcome', text: 'Log your first run', detail: 'guide', icon: 'book', href: '/welcome' },
  { id: 'do-keys', text: 'Show all keys', detail: 'keyboard map', icon: 'keys', key: '?', run: () => shell.show('keys') },
]

/** The page's own first. */
export function allActions(): { page: Action[]; everywhere: Action[] } {
  const page = keyMap.groups
    .filter(({ title }) => title !== 'Everywhere')
    .flatMap(({ title, keys }) =>
      keys
        .filter(({ key }) => !moves.test(key))
        .map((key): Action => {
          const text = key.does.charAt(0).toUpperCase() + key.does.slice(1)
          return { id: `page-${title}-${key.key}`, text, detail: title.toLowerCase(), icon: 'keys', key: key.key, run: () => perform(key) }
        }),
    )
  return { page, everywhere }
}
