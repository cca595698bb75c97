import { describe, expect, it } from 'vitest'
import { type GroupRule, rolesOf } from './group-roles.ts'

const rules: GroupRule[] = [
  { group: '*', workspace: 'default', role: 'viewer' },
  { group: 'vision', workspace: 'vision', role: 'engineer' },
  { group: '/teams/nlp/*', workspace: 'nlp', role: 'contributor' },
  { group: 'leads', workspace: 'vision', role: 'approver' },
  { group: 'heads', workspace: 'vision', role: 'approver' },
]

describe('groups', () => {
  it('give the roles of every rule that they match, each once', () => {
    expect(rolesOf(['vision', 'leads', 'heads'], rules)).toEqual([
      { workspace: 'default', role: 'viewer' },
      { workspace: 'vision', role: 'engineer' },
      { workspace: 'vision', role: 'approver' },
    ])
  })

  it('match whole and as they are written, or from their beginning where a rule ends in *', () => {
    const only = (group: string) => rolesOf([group], rules).slice(1)
    expect(only('/teams/nlp/speech')).toEqual([{ workspace: 'nlp', role: 'contributor' }])
    for (const group of ['Vision', 'visionary', ' vision', '/teams/nlp', 'x/teams/nlp/speech', '*', '/teams/nlp*', ''])
      expect(only(group)).toEqual([])
  })

  it('that are none give what everybody has', () => {
    expect(rolesOf([], rules)).toEqual([{ workspace: 'default', role: 'viewer' }])
    expect(rolesOf(['vision'], [])).toEqual([])
  })
})
