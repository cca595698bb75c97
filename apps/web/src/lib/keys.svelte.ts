/**
 * The keyboard map. A page registers its keys with what they do; `?` shows all that are registered now. Keys without Mod are off where
 * something is written and while a dialog is open, and plain letters can be turned off altogether.
 *
 * How a key is written: `j`, `/`, `?`, `Enter`, `Escape`, `ArrowDown`, `Shift+x`, `Shift+Enter`, `Mod+k` (Cmd on a Mac, Ctrl elsewhere),
 * or two in a row within a second: `g r`. A sign that needs Shift to be typed is written as the sign.
 */
import { readStored, writeStored } from '#lib/stored.ts'

export interface Key {
  key: string
  /** For the map: `next row`, `open the palette`. */
  does: string
  /** The browser does nothing more with the key, unless this returns false. */
  run: (event: KeyboardEvent) => unknown
}

export interface KeyGroup {
  title: string
  keys: readonly Key[]
}

const chordWindow = 1_000
const isMac = /Mac|iP(hone|ad)/.test(navigator.platform)

// The truth is `registered`: state read while a component goes is what it was before, without what has just come in its place.
let registered: readonly KeyGroup[] = []
let groups = $state.raw(registered)
let letters = $state(readStored('keys') !== 'off')
let pending = ''
let pendingUntil = 0

export const keyMap = {
  /** Oldest first: the shell's own, then the page's. */
  get groups(): readonly KeyGroup[] {
    return groups
  },
  /** Whether keys without Mod do anything. Kept in this browser. */
  get letters(): boolean {
    return letters
  },
  set letters(on: boolean) {
    letters = on
    writeStored('keys', on ? null : 'off')
  },
}

/** Called while a component is set up; its keys go when the component goes. The newest registration of a key wins. */
export function registerKeys(title: string, keys: readonly Key[]): void {
  const group: KeyGroup = { title, keys }
  $effect.pre(() => {
    groups = registered = [...registered, group]
    return () => {
      groups = registered = registered.filter((other) => other !== group)
    }
  })
}

/** The caps to draw for a key: `Mod+k` is `⌘ K` on a Mac and `Ctrl K` elsewhere. */
export function keyCaps(key: string): string[] {
  const names: Record<string, string> = {
    Mod: isMac ? '⌘' : 'Ctrl',
    Shift: '⇧',
    Alt: isMac ? '⌥' : 'Alt',
    Enter: '↵',
    Escape: 'Esc',
    ArrowUp: '↑',
    ArrowDown: '↓',
    ArrowLeft: '←',
    ArrowRight: '→',
  }
  return key
    .split(' ')
    .flatMap((part) => part.split('+'))
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
}

function nameOf(event: KeyboardEvent): string {
  const letter = /^[a-z]$/i.test(event.key)
  let name = letter ? event.key.toLowerCase() : event.key
  if (event.shiftKey && (letter || event.key.length > 1)) name = `Shift+${name}`
  if (event.altKey) name = `Alt+${name}`
  if (isMac ? event.metaKey : event.ctrlKey) name = `Mod+${name}`
  return name
}

/** Inputs in which nothing is written, and the keys that they take for themselves. */
const taken: Record<string, RegExp> = {
  checkbox: /^(.*\+)?( |Enter)$/,
  radio: /^(.*\+)?( |Enter|Arrow\w+)$/,
  range: /^(.*\+)?(Enter|Arrow\w+|Home|End|Page\w+)$/,
}

/** True where what has the focus has a use for the key. */
function isTaken(name: string, target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && taken[target.type]) return taken[target.type]!.test(name)
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** True where Enter and Space already mean something to what has the focus. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('a[href], button, summary, [role="menuitem"], [role="tab"]') !== null
}

function find(name: string): Key | undefined {
  for (const group of [...groups].reverse()) {
    const key = group.keys.find((entry) => entry.key === name)
    if (key !== undefined) return key
  }
  return undefined
}

/** Does what the key does, without it: for a list of what can be done. The focus is where it was before. */
export function perform(key: Key): void {
  const event = new KeyboardEvent('keydown', { key: key.key })
  Object.defineProperty(event, 'target', { value: document.body })
  key.run(event)
}

/** The shell's one listener. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || /^(Shift|Control|Alt|Meta)$/.test(event.key)) return
  const name = nameOf(event)
  if (!name.startsWith('Mod+')) {
    if (isTaken(name, event.target) || document.querySelector('dialog[open], [data-opening]') !== null) return
    if (!letters && /^(Shift\+)?.$/.test(name)) return
    if (/^(Enter| )$/.test(event.key) && isPressable(event.target)) return
  }
  const chord = performance.now() < pendingUntil ? find(`${pending} ${name}`) : undefined
  pendingUntil = 0
  const key = chord ?? find(name)
  if (key !== undefined) {
    if (key.run(event) !== false) event.preventDefault()
  } else if (groups.some((group) => group.keys.some((entry) => entry.key.startsWith(`${name} `)))) {
    pending = name
    pendingUntil = performance.now() + chordWindow
  }
}
