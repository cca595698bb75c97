/** The folder the built pages are in. */
export const pages: string
export function prepare(options?: { pages?: boolean }): Promise<void>
