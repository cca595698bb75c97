import { redirect } from '@sveltejs/kit'

/** There is one area so far. */
export function load(): never {
  redirect(307, '/experiments')
}
