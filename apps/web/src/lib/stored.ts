/** Small preferences kept in this browser. Where storage is refused, a preference lasts as long as the page. */

/** The preference, or null where none was ever kept. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`tidegate.${name}`)
  } catch {
    return null
  }
}

/** Null forgets the preference. */
export function writeStored(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`tidegate.${name}`)
    else localStorage.setItem(`tidegate.${name}`, value)
  } catch {
    // Private windows may refuse storage; the choice still holds for this page.
  }
}
