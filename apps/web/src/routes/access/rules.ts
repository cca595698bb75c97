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
  { permission: 'EDIT', text: 'change', on: things },
  { permission: 'USE', text: 'be in', on: ['WORKSPACE'] },
  { permission: 'MANAGE', text: 'manage', on: [...things, 'WORKSPACE'] },
  { permission: 'NO_PERMISSIONS', text: 'not even see', on: things },
]

/** `key=value`, several with commas between. Undefined where it is none. */
export function readTags(text: string): { key: string; value: string }[] | undefined {
  const tags = text
    .split(',')
    .map((part) => /^([^=]+)=(.*)$/.exec(part.trim()))
    .map((match) => (match ? { key: match[1]!.trim(), value: match[2]!.trim() } : undefined))
  return tags.every((tag) => tag !== undefined) ? tags : undefined
}
