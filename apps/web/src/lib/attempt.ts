/** Something that may be refused, where what is on screen shows that it was done. */
import { toApiError } from '#lib/api.ts'
import { toast } from '#lib/toasts.svelte.ts'

/** Does it; a refusal is said, behind `failed`. True where it was done. */
export async function attempt(what: () => Promise<unknown>, failed: string): Promise<boolean> {
  try {
    await what()
    return true
  } catch (caught) {
    toast(`${failed} ${toApiError(caught).message}`, { kind: 'error' })
    return false
  }
}
