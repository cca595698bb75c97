/** The folder the built pages are in. */
export const pages: string
export function prepareClient(): Promise<void>
export function preparePages(): Promise<void>
