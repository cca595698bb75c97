/**
 * What the audit log holds of each operation: whatever changes something says what was so before and what is after, or stands below with the
 * reason why there is nothing to say. The operations are those that were declared, so a new one without either fails. Secrets are in no entry.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphql } from '../../packages/server/src/modules.ts'
import { call, type Operation, operations } from '../../packages/server/src/operation.ts'
import type { Column, World } from './ids.ts'
import { inputOf } from './inputs.ts'
import { startWorlds, type Worlds } from './worlds.ts'

type Any = Operation<unknown, unknown, unknown>

/** Why an operation has no before and after. */
const reasons: Record<string, string[]> = {
  'changes nothing: who manages asks': [
    ...[
      'access.explain',
      'account.permission',
      'account.roles',
      'activity.chain',
      'audit.read',
      'grant.list',
      'model-access.get',
      'service.list',
    ],
    ...['webhook.get', 'webhook.list', 'webhook.deliveries', 'artifact.presign-upload', 'sso.begin-link'],
  ],
  'calls somebody, and leaves all as it is here': ['alert-rule.test', 'mail.test', 'sso.test', 'webhook.test', 'webhook.redeliver'],
  'makes something: there was nothing before, and what was asked says what is after': [
    ...[
      'account.create',
      'account.create-user',
      'alert-rule.create',
      'comment.add',
      'comment.add-to-model',
      'comment.add-to-request',
      'run-comment.add',
      'experiment.create',
      'logged-model.create',
    ],
    ...['model-version.create', 'registered-model.create', 'role.create', 'run.create', 'service.create', 'team.create'],
    ...['token.create', 'token.renew', 'transition.request', 'view.create', 'webhook.create', 'workspace.create'],
  ],
  'adds to a list that keeps all that was ever in it': ['check.report', 'check.override'],
  'has something looked at again: what it found before stays in the activity': ['check.rerun'],
  'what it changes is secret, before and after': [
    ...['account.change-password', 'account.reset-password', 'account.set-password', 'secret-key.rotate'],
  ],
  'who they are at a provider: the entry says which': ['account.link-sso', 'account.unlink-sso'],
  'what somebody has read is theirs': ['inbox.mark'],
  'an invitation that nobody followed: the entry says whose': ['account.withdraw'],
  'into the trash, out of it, or out of it for good: the operation says what is so after, and so what was before': [
    ...['experiment.delete', 'experiment.restore', 'run.delete', 'run.restore', 'runs.delete', 'runs.restore', 'trash.purge'],
    ...['logged-model.delete', 'logged-model.restore', 'import.finish-experiment'],
  ],
  'part of what runs and their models log: they keep it themselves': [
    ...['artifact.delete', 'import.experiment', 'import.finish', 'import.models', 'import.points', 'import.runs'],
    ...['logged-model.delete-tag', 'logged-model.finalize', 'logged-model.log-params', 'logged-model.set-tags'],
    ...['run.delete-tag', 'run.log-model', 'run.log-outputs', 'run.set-tag', 'run.update', 'runs.tag'],
  ],
}
const excused = new Set(Object.values(reasons).flat())

let worlds: Worlds
let north: World
await graphql()
/** All that writes an entry, but for the stream that runs log, and for ways in. */
const changing = [...operations.values()].filter((op) => (op.action !== 'read' || op.writes) && !op.quiet && !op.open)

beforeAll(async () => {
  worlds = await startWorlds()
  north = worlds.all[0]!
  await worlds.keep()
})
afterAll(() => worlds?.stop())

/** What changes something there: what the least input does may be what is so already. */
const telling: Record<string, (at: World) => object> = {
  'alert-rule.update': ({ rule }) => ({ ruleId: rule, name: 'renamed' }),
  'experiment.delete-tag': ({ experiment }) => ({ experimentId: experiment, key: 'k' }),
  'view.update': ({ view }) => ({ viewId: view, name: 'renamed' }),
  'sso.set': () => ({ name: 'Another name', clientSecret: 'kept secret' }),
  'member.set': ({ account }) => ({ account, role: 'ENGINEER' }),
  'team.join': ({ team, people }) => ({ team, account: people.engineer!.name }),
  // Of those the test has archived one.
  'workspace.restore': () => ({ workspace: 'east' }),
  'workspace.update': ({ workspace }) => ({ workspace, description: 'other' }),
}

const givens: Record<string, string> = { 'workspace.restore': "UPDATE workspace SET archived_at = 1 WHERE name = 'east'" }

async function entryOf(op: Any): Promise<{ before: string | null; after: string | null } | string> {
  const input = telling[op.name]?.(north) ?? inputOf(op, north)
  if (op.name in givens) await worlds.platform.db.query(givens[op.name]!)
  let refusal = ''
  for (const column of ['admin', 'installer', 'granted'] satisfies Column[]) {
    const ctx = await worlds.ctxOf(north.people[column]!, north.workspace)
    try {
      await call(ctx, op, input)
    } catch (error) {
      refusal = (error as Error).message
      continue
    }
    const [entry] = await worlds.platform.db.query<{ before: string | null; after: string | null }>(
      'SELECT before, after FROM audit WHERE operation = $1 ORDER BY id DESC LIMIT 1',
      [op.name],
    )
    return entry ?? 'there is no entry'
  }
  return refusal
}

describe('the audit log says what was so before and what is after:', () => {
  it.each(changing.filter(({ name }) => !excused.has(name)))('$name', async (op) => {
    expect(op.state, `'${op.name}' changes something: give it a \`state\`, or a reason in test/access/audit.test.ts.`).toBeTypeOf(
      'function',
    )
    const entry = await entryOf(op as Any)
    const all = await worlds.platform.db.query<{ text: string }>('SELECT a::text AS text FROM audit a')
    await worlds.restore()
    expect(entry).toEqual({ before: expect.stringMatching(/^\{".*\}$/), after: expect.stringMatching(/^\{".*\}$/) })
    expect((entry as { before: string }).before).not.toBe((entry as { after: string }).after)
    expect(all.filter(({ text }) => /kept secret|"secret":"[^…]|a long tide/.test(text))).toEqual([])
  })
})

it('what stands with a reason is there, and has none of it', () => {
  const names = new Set(changing.map(({ name }) => name))
  expect([...excused].filter((name) => !names.has(name) || operations.get(name)!.state)).toEqual([])
})
