/**
 * Every operation of the house, for everybody, in their own workspace and about things of another: the answer is as matrix.txt says. Nothing is
 * chosen here: the operations are those that were declared, so a new one without a row fails, and a row changes in a commit or not at all.
 *
 * A thing of another workspace, or one that is hidden from who asks, answers as one that never was: the same words but for the id, after the same
 * statements in the database; and it is as it was.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../../packages/server/src/errors.ts'
import { graphql } from '../../packages/server/src/modules.ts'
import { call, type Operation, operations } from '../../packages/server/src/operation.ts'
import { type Column, columns, type Ids, unknown, type World } from './ids.ts'
import { besideNone, idsIn, inputOf } from './inputs.ts'
import { tellsApart } from './statements.ts'
import { startWorlds, type Worlds } from './worlds.ts'

const file = join(import.meta.dirname, 'matrix.txt')
const signs: Record<string, string> = { PERMISSION_DENIED: '-', RESOURCE_DOES_NOT_EXIST: '.', UNAUTHENTICATED: '!' }

let worlds: Worlds
let north: World
let south: World
await graphql()
beforeAll(async () => {
  worlds = await startWorlds()
  ;[north, south] = worlds.all as [World, World, World]
  await worlds.keep()
})
afterAll(() => worlds?.stop())

type Any = Operation<unknown, unknown, unknown>

/** What an attempt is answered, and all is as it was. */
async function saidOf(op: Any, column: Column, at: Ids, input = inputOf(op, at)): Promise<unknown> {
  const { sign, said, reached } = await attempt(op, column, at, input)
  if (reached && changes(op)) await worlds.restore()
  return [sign, said]
}

interface Outcome {
  sign: string
  /** What was said, or the error. */
  said: unknown
  /** It came past the door. */
  reached: boolean
  code: string
}

async function attempt(op: Any, column: Column, at: Ids, input = inputOf(op, at)): Promise<Outcome> {
  const ctx = await worlds.ctxOf(north.people[column]!, north.workspace).catch((error: unknown) => error as AppError)
  if (ctx instanceof Error) return { sign: signs[ctx.code] ?? `(${ctx.code})`, said: ctx.message, reached: false, code: ctx.code }
  let reached = false
  const watched = {
    ...op,
    run(...given: Parameters<Any['run']>) {
      reached = true
      return op.run(...given)
    },
  }
  try {
    const said = await call(ctx, watched, input)
    return { sign: '+', said, reached, code: 'OK' }
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'INTERNAL_ERROR'
    if (code === 'INTERNAL_ERROR') throw error
    return { sign: signs[code] ?? (reached ? '+' : `(${code})`), said: [code, (error as Error).message], reached, code }
  }
}

const changes = (op: Any) => op.action !== 'read' || op.writes === true
/** Asked before it is known who asks: there is nothing to be authorised. */
const isOpen = (op: Any) => op.open === true
/**
 * What hears that an id is taken, though not by whom: ids of runs and models are one set for the whole installation, and whoever brings their own
 * has to be told that another must be found. They are 128 random bits, so nobody meets one by chance.
 */
const saysTaken = new Set(['import.states', 'import.runs', 'import.models'])
/**
 * What is refused to all for a reason that has nothing to do with who asks: here nobody has a password or a browser, the store gives no URLs, and
 * there is no mail server.
 */
const alwaysRefused = new Set([
  'account.change-password',
  'account.link-sso',
  'artifact.presign-download',
  'artifact.presign-upload',
  'mail.test',
  'sso.begin-link',
])

/** What is not hidden in a workspace that one is in: it is the workspace's, or one's own. */
const ofWorkspace = new Set<keyof Ids>([
  ...(['workspace', 'token', 'identity', 'service', 'serviceToken'] as const),
  ...(['team', 'customRole', 'roleRule', 'webhook', 'delivery'] as const),
])

const all = [...operations.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
const rows = new Map<string, string>()
const rowOf = (op: Any, own: string, others: string) => `${op.name.padEnd(28)} ${op.action.padEnd(7)} ${own} | ${others}`.trimEnd()

describe('open to whom the table says, and to nobody by the id of what is not theirs:', () => {
  it.each(all)('$name', async (op) => {
    if (isOpen(op)) return void rows.set(op.name, rowOf(op, columns.map(() => '*').join(' '), ''))
    let own = ''
    const codes = new Map<string, string>()
    for (const column of columns) {
      const { sign, said, reached, code } = await attempt(op, column, north)
      own += `${own && ' '}${sign}`
      codes.set(column, code === 'OK' ? code : `${code}: ${[said].flat().at(-1)}`)
      if (reached && code === 'OK' && changes(op)) await worlds.restore()
    }
    expect(
      [...codes.values()].includes('OK') || alwaysRefused.has(op.name),
      `Nobody gets '${op.name}' done: ${JSON.stringify([...codes])}. Give it an input in samples (inputs.ts).`,
    ).toBe(true)

    const faults: string[] = []
    const named = idsIn((at) => inputOf(op, at), north).filter((key) => !['account', 'accountId', 'invitedId'].includes(key))
    for (const key of named) {
      for (const [whose, thing] of [
        ['another workspace', south],
        ['who may see more', north.hidden],
      ] as const) {
        if (thing === north.hidden && ofWorkspace.has(key)) continue
        const before = await worlds.sumOf(south)
        for (const column of columns) {
          // Who manages the workspace sees what is hidden from others.
          if (thing === north.hidden && ['admin', 'reader', 'installer'].includes(column)) continue
          // Who manages the installation manages every workspace.
          if (column === 'installer' && ['workspace', 'customRole', 'roleRule'].includes(key)) continue
          const foreign: Ids = { ...north, [key]: thing[key] }
          const none: Ids = { ...north, [key]: unknown[key] }
          const told = await tellsApart((at) => saidOf(op, column, at), none, foreign)
          if (told) faults.push(`${column}, ${key} of ${whose}: ${told}`)
          // Which of two is named as missing tells nothing either.
          if (column !== 'viewer' || !besideNone(inputOf(op, none), unknown[key])) continue
          const both = (at: Ids) => saidOf(op, column, at, besideNone(inputOf(op, at), at[key]))
          const apart = await tellsApart(both, none, foreign)
          if (apart) faults.push(`${column}, ${key} of ${whose} beside one that never was: ${apart}`)
        }
        if ((await worlds.sumOf(south)) !== before) faults.push(`${key} of ${whose}: south is not what it was`)
      }
    }
    const isTaken = saysTaken.has(op.name)
    if (!isTaken) expect(faults).toEqual([])
    rows.set(op.name, rowOf(op, own, named.length === 0 ? '' : isTaken ? 'taken' : '.'))
  })
})

const head = [
  'What everybody gets of every operation. Made by matrix.test.ts: `pnpm test test/access/matrix.test.ts -u` writes it anew.',
  '+ done   - denied   . not there   ! not signed in   * asked before it is known who asks',
  'The last column: things of another workspace, and those hidden from who asks. "taken": hears that an id is in use, not by whom.',
  '',
  `${' '.repeat(37)}nobody`,
  ...columns.slice(1).map((column, i) => `${' '.repeat(37)}${'| '.repeat(i + 1)}${column}`),
]

it('every operation has its row, as it is in the file', async () => {
  const kept = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const isWriting = (expect.getState() as any).snapshotState._updateSnapshot === 'all'
  const missing = [...rows].filter(([name]) => !kept.includes(`\n${name} `))
  if (!isWriting)
    expect(
      missing.map(
        ([name, row]) =>
          `The operation '${name}' has no row in test/access/matrix.txt. It would be:\n${row}\nIf that is meant: pnpm test test/access/matrix.test.ts -u`,
      ),
    ).toEqual([])
  await expect(`${[...head, ...rows.values()].join('\n')}\n`).toMatchFileSnapshot(file)
})
