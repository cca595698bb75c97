/** What is done with comments on models, versions and what was asked for them. */
import { mutate } from '#lib/api.ts'
import { DeleteComment, EditComment } from './documents.ts'

export const commenting = {
  onedit: (id: string, text: string) => mutate(EditComment, { id, text }),
  ondelete: (id: string) => mutate(DeleteComment, { id }),
}
