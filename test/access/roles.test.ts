/** The table of roles in docs/access.md is made from the rules: it says of every role what access.ts lets it do, and nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Action, abilityOf, may, nothing, roles, type Securable } from '../../packages/server/src/access.ts'

const workspaceId = 7
const things: Record<string, { on: Securable; may: Partial<Record<Action, string>> }> = {
  Workspace: {
    on: { kind: 'Workspace', id: workspaceId },
    may: {
      read: 'see the workspace, its members, teams and roles',
      create: 'make experiments',
      manage: 'members, teams, roles, gates, webhooks, the trash, the audit log',
    },
  },
  Experiment: {
    on: { kind: 'Experiment', id: 1, workspaceId },
    may: {
      read: 'see experiments, runs, metrics, files, logs',
      review: 'comment on runs',
      edit: 'log, tag, rename, set alert rules',
      delete: 'delete and restore runs and experiments',
      manage: 'grants on any experiment',
    },
  },
  RegisteredModel: {
    on: { kind: 'RegisteredModel', id: 1, workspaceId },
    may: {
      read: 'see registered models and their versions',
      review: 'ask for transitions, comment',
      create: 'register models',
      edit: 'register versions, describe and tag them and models',
      move: 'set stages and aliases without a gate',
      rename: 'rename models',
      delete: 'delete models and versions',
      manage: 'manage any model, and the grants on it; approve, where the gate says nobody else',
    },
  },
}
const actions: Action[] = ['read', 'review', 'create', 'edit', 'move', 'rename', 'delete', 'manage']

const abilities = new Map(
  roles.map((role) => [role, abilityOf({ name: 'somebody', kind: 'ACCOUNT', id: 1 }, workspaceId, { ...nothing, role })]),
)
const who = (action: Action, on: Securable) => roles.filter((role) => may(abilities.get(role)!, action, on))

function tableOf(): string {
  const title = roles.map((role) => role[0] + role.slice(1).toLowerCase())
  const lines = [`| | ${title.join(' | ')} |`, `|---|${'---|'.repeat(roles.length)}`]
  for (const { on, may: words } of Object.values(things)) {
    for (const action of actions) {
      if (!(action in words)) continue
      const those = who(action, on)
      lines.push(`| ${words[action]} |${roles.map((role) => (those.includes(role) ? ' ✓ |' : ' |')).join('')}`)
    }
  }
  return lines.join('\n')
}

it('every right that a role gives has its words', () => {
  // Who manages has every other too: only what somebody else has as well is a right of its own.
  const missing = Object.entries(things).flatMap(([kind, { on, may: words }]) =>
    actions
      .filter((action) => !(action in words) && who(action, on).some((role) => role !== 'ADMIN' && !who('manage', on).includes(role)))
      .map((action) => `${kind} ${action}`),
  )
  expect(missing).toEqual([])
})

it('docs/access.md has the table as the rules have it', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'access.md'), 'utf8')
  const table = tableOf()
  expect(text.includes(table), `docs/access.md should have:\n${table}`).toBe(true)
})
