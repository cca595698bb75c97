/** What a rule says, in words. */
import type { Permission, Rule } from './documents.ts'

export const kinds: readonly { kind: Rule['kind']; text: string }[] = [
  { kind: 'EXPERIMENT', text: 'experiments' },
  { kind: 'REGISTERED_MODEL', text: 'models' },
  { kind: 'WORKSPACE', text: 'the workspace' },
]

const things: readonly Rule['kind'][] = ['EXPERIMENT', 'REGISTERED_MODEL']
/** On the workspace a rule lets in or lets manage; it takes nothing. */
export const permissions: readonly { permission: Permission; text: string; on: readonly Rule['kind'][] }[] = [
  { permission: 'READ', text: 'see', on: things },
  { permission: 'ADD_VERSIONS', text: 'add versions to', on: ['REGISTERED_MODEL'] },
  { permission: 'MANAGE_STAGING', text: 'move to Staging versions of', on: ['REGISTERED_MODEL'] },
  { permission: 'MANAGE_PRODUCTION', text: 'move to Production versions of', on: ['REGISTERED_MODEL'] },
  { permission: 'EDIT', text: 'change', on: things },
  { permission: 'USE', text: 'be in', on: ['WORKSPACE'] },
  { permission: 'MANAGE', text: 'manage', on: [...things, 'WORKSPACE'] },
  { permission: 'NO_PERMISSIONS', text: 'not even see', on: things },
]

/** Which of a kind. Of models there is more to ask. */
export const whiches: readonly {
  which: 'all' | 'one' | 'tags' | 'stage' | 'alias' | 'own'
  text: string
  hint: string
  on: readonly Rule['kind'][]
}[] = [
  { which: 'all', text: 'all', hint: '', on: things },
  { which: 'one', text: 'one', hint: 'name', on: things },
  { which: 'tags', text: 'those tagged', hint: 'key=value, key=value', on: things },
  { which: 'stage', text: 'those in the stage', hint: 'Production', on: ['REGISTERED_MODEL'] },
  { which: 'alias', text: 'those with the alias', hint: 'champion', on: ['REGISTERED_MODEL'] },
  { which: 'own', text: 'those one made', hint: '', on: ['REGISTERED_MODEL'] },
]

/** `key=value`, several with commas between. Undefined where it is none. */
export function readTags(text: string): { key: string; value: string }[] | undefined {
  const tags = text
    .split(',')
    .map((part) => /^([^=]+)=(.*)$/.exec(part.trim()))
    .map((match) => (match ? { key: match[1]!.trim(), value: match[2]!.trim() } : undefined))
  return tags.every((tag) => tag !== undefined) ? tags : undefined
}
