/**
 * Every door, for everybody: each route and transfer of the wire, each query, mutation and subscription answers as matrix.txt says of the operation
 * behind it, and of a thing of another workspace, or one that is hidden from who asks, what it answers of none. Nothing is chosen here either: a
 * door is one by being there, which operations it asks is seen while it does, and one that is served and never asked is a fault.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { graphql } from '../../packages/server/src/modules.ts'
import { operations } from '../../packages/server/src/operation.ts'
import { type Door, doorsOf } from './doors.ts'
import { type Column, columns, type Ids, type Person, unknown, type World } from './ids.ts'
import { masked } from './inputs.ts'
import { startWorlds, type Worlds } from './worlds.ts'

const source = join(import.meta.dirname, '..', '..', 'packages', 'server', 'src')
/** An answer to HEAD has no code in it. */
const signs: Record<string, string> = { PERMISSION_DENIED: '-', RESOURCE_DOES_NOT_EXIST: '.', UNAUTHENTICATED: '!', 401: '!', 404: '.' }
/** What everybody gets of each operation, by the table. */
const table = new Map(
  [...readFileSync(join(import.meta.dirname, 'matrix.txt'), 'utf8').matchAll(/^([a-z-]+\.[a-z-]+) +\w+ +(.+?) \|/gm)].map((row) => [
    row[1]!,
    row[2]!.split(' '),
  ]),
)

let worlds: Worlds
let north: World
let south: World
let doors: Door[]
/** Who asks now. What a stream that was left does yet is of another. */
let asking = ''
/** What they asked of the domain: by its name, and whether it was let in. */
let asked: Array<{ name: string; isLetIn: boolean }> = []

beforeAll(async () => {
  await graphql()
  for (const op of operations.values()) {
    const { on, run } = op
    op.on = (...given) => {
      if (given[0].actor.name === asking) asked.push({ name: op.name, isLetIn: false })
      return on(...given)
    }
    op.run = (...given) => {
      const it = asked.findLast(({ name }) => name === op.name)
      if (it && given[0].actor.name === asking) it.isLetIn = true
      return run(...given)
    }
  }
  worlds = await startWorlds({ logLevel: 'silent' as never })
  ;[north, south] = worlds.all as [World, World, World]
  doors = await doorsOf(north)
  await worlds.keep()
})
afterAll(() => worlds?.stop())

interface Answer {
  /** `OK`, or the error's. */
  code: string
  said: unknown
}

async function ask({ face, request }: Door, at: Ids, { name, headers }: Person): Promise<Answer> {
  asking = name
  asked = []
  const { method, path, body, type } = request(at)
  const gone = new AbortController()
  const response = await fetch(worlds.platform.origin + path, {
    method,
    redirect: 'manual',
    signal: gone.signal,
    headers: {
      ...headers,
      'x-tidegate-workspace': north.workspace,
      accept: face === 'subscription' ? 'text/event-stream' : 'application/json',
      ...(type && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  })
  const text = face === 'subscription' ? await firstOf(response, gone) : await response.text()
  const code = /"(?:error_code|code)":"([A-Z_]+)"/.exec(text)?.[1]
  const isRefused = response.status >= 400 || (face !== 'wire' && text.includes('"errors":'))
  return { code: isRefused ? (code ?? String(response.status)) : 'OK', said: [response.status, text] }
}

/** What a stream says first: of one that has nothing to say yet, that it was let in. */
async function firstOf(response: Response, gone: AbortController): Promise<string> {
  let text = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true })
      if (/data: ?\{/.test(text) || text.startsWith('{')) break
    }
  })().catch(() => {})
  const isLetIn = async () => {
    // Where nothing is said, and nobody let in, that is the answer.
    const until = Date.now() + 3_000
    while (!gone.signal.aborted && !asked.at(-1)?.isLetIn && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.race([reading, isLetIn()])
  gone.abort()
  await reading
  return text
}

/** Names nothing but what is the workspace's own, or one's own. */
const ofWorkspace: Array<keyof Ids> = [
  'workspace',
  'token',
  'identity',
  'service',
  'serviceToken',
  'team',
  'customRole',
  'roleRule',
  'webhook',
  'delivery',
]

async function restore(): Promise<void> {
  await worlds.restore()
  for (const bell of ['access', 'standing'] as const) worlds.kernel.events.ring(bell, 0)
}

/** Asks no operation, and why that is right. Nobody is answered there, but for what `open` names. */
const without: Record<string, string> = {
  'query server': 'about the server, for whoever asks',
  'query runs': 'asks of many at once whether they may be read, with the same rule (loaders.ts)',
  'query columns': 'the same',
  'query explainFilter': 'about a text',
  'query webhookEvents': 'a list of words',
  'GET /letters/stop': 'a page with a button, the same for whoever looks',
  ...Object.fromEntries(
    ['POST mpu/create', 'POST mpu/complete', 'POST mpu/abort', 'GET presigned'].map((path) => [
      `${path.replace(' ', ' /api/2.0/mlflow-artifacts/')}/`,
      'the store of this server has no such thing, and it says so before anything is looked for',
    ]),
  ),
}
const open = /^query (server|viewer)$|\/mlflow-artifacts\/(mpu|presigned)\/|\/letters\/stop$/
/** Where the answer is another than that of the operation behind it, and why. */
const differs: Record<string, string> = {
  'query viewer': 'nobody is told that they are nobody',
  'GET /api/2.0/mlflow/users/current': 'about oneself, and the table is about somebody else',
  'GET /api/3.0/mlflow/users/current/permissions': 'the same',
  'PATCH /api/2.0/mlflow/users/update-password': 'one’s own is changed by another operation, which wants the old one',
  'POST /api/3.0/mlflow/users/permissions/revoke': 'who may is told that there is nothing to take away',
}

/** What no request can reach here, and why. */
const beyond = new Set([
  // There is no mail server.
  'mail.graphql.ts: mail.list',
  // Only who comes back from a provider does: sso.test.ts.
  'sso.rest.ts: account.link-sso',
])

const served = { wire: new Set<string>(), graphql: new Set<string>() }
const changes = (name: string) => operations.get(name)!.action !== 'read' || operations.get(name)!.writes === true

it('every door answers everybody as the table says of the operation behind it', async () => {
  const faults: string[] = []
  for (const door of doors) {
    const behind: string[] = []
    const answers = new Map<Column, { sign: string; said: unknown }>()
    for (const column of columns) {
      const { code, said } = await ask(door, north, north.people[column]!)
      const wasLetIn = asked.some(({ isLetIn }) => isLetIn)
      behind.push(...asked.map(({ name }) => name))
      if (wasLetIn) for (const { name } of asked) served[door.face === 'wire' ? 'wire' : 'graphql'].add(name)
      answers.set(column, { sign: code === 'OK' ? '+' : (signs[code] ?? (wasLetIn ? '+' : `(${code})`)), said })
      if (door.changes && (code === 'OK' || wasLetIn)) await restore()
    }
    // What is looked up before is no more than the change itself says.
    const name = (door.changes && behind.find(changes)) || behind[0]
    const shown = [...answers].map(([, { sign }]) => sign).join(' ')
    const about = () => `${shown}\n  ${JSON.stringify([answers.get('admin')!.said, door.request(north)]).slice(0, 900)}`
    if (!name) {
      if (!(door.name in without)) faults.push(`${door.name} asks no operation: ${about()}`)
      else if (!open.test(door.name) && answers.get('nobody')!.sign !== '!') faults.push(`${door.name} answers nobody: ${about()}`)
      continue
    }
    const row = table.get(name)
    if (!row) faults.push(`${door.name} asks '${name}', which has no row in matrix.txt`)
    else if (row[0] !== '*' && row.join(' ') !== shown && !(door.name in differs))
      faults.push(`${door.name} asks '${name}', of which the table says\n  ${row.join(' ')}, and answers\n  ${about()}`)
  }
  expect(faults.join('\n\n')).toBe('')
}, 480_000)

/** Each operation by what it is called in the sources. */
function namesInSources(files: string[]): Map<string, string> {
  const found = files.flatMap((file) => [
    ...readFileSync(join(source, file), 'utf8').matchAll(/const (\w+) = operation\(\{.*?\bname: '([\w.-]+)'/gs),
  ])
  return new Map(found.map(([, called, name]) => [called!, name!]))
}

it('every operation that a face names was asked through it', () => {
  const files = (readdirSync(source, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const names = namesInSources(files)
  expect([...operations.keys()].filter((name) => ![...names.values()].includes(name))).toEqual([])
  const left = files.flatMap((file) => {
    const face = file.endsWith('.rest.ts') ? 'wire' : file.endsWith('.graphql.ts') ? 'graphql' : undefined
    if (!face) return []
    const text = readFileSync(join(source, file), 'utf8').replace(/^import .*?from '.*?'$/gms, '')
    return [...names]
      .filter(([called, name]) => new RegExp(`\\b${called}\\b`).test(text) && !served[face].has(name))
      .map(([, name]) => `${basename(file)}: ${name}`)
      .filter((it) => !beyond.has(it))
  })
  expect(left).toEqual([])
})

/** Somebody's own account stays theirs: it is of no workspace. Who manages the installation manages every workspace. */
function placed(ids: Ids, column: Column): Ids {
  const { account, accountId, invitedId, workspace, customRole, roleRule } = north
  return { ...ids, account, accountId, invitedId, ...(column === 'installer' && { workspace, customRole, roleRule }) }
}

it('no door tells a thing of another workspace, or a hidden one, from one that never was', async () => {
  const faults: string[] = []
  // What is the workspace's own is not hidden in it.
  const hidden: Ids = { ...north.hidden, ...Object.fromEntries(ofWorkspace.map((key) => [key, unknown[key]])) }
  async function compare(door: Door, column: Column): Promise<void> {
    const said = async (ids: Ids) => {
      const at = placed(ids, column)
      const answer = await ask(door, at, north.people[column]!)
      if (door.changes && answer.code === 'OK') await restore()
      return answer.code === 'OK' ? 'done' : masked(answer.said, at)
    }
    const none = await said(unknown)
    const seesHidden = ['admin', 'reader', 'installer'].includes(column)
    for (const [whose, ids] of Object.entries({ 'another workspace': south, ...(!seesHidden && { 'who may see more': hidden }) })) {
      const foreign = await said(ids)
      if (foreign !== none) faults.push(`${door.name}, ${column}, of ${whose}: ${foreign}\n  and of none: ${none}`)
    }
  }
  // That an id of a run is taken is said to who brings their own: matrix.txt. Who signs in has not said who they are.
  const those = doors.filter(({ name }) => !/ import| \/auth\//.test(name))
  const before = await worlds.sumOf(south)
  const inTurn = those.filter(({ face, changes }) => changes || face === 'subscription')
  for (const door of inTurn) for (const column of columns.slice(2)) await compare(door, column)
  const readings = those.filter((door) => !inTurn.includes(door)).flatMap((door) => columns.slice(2).map((column) => ({ door, column })))
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let it = readings.pop(); it; it = readings.pop()) await compare(it.door, it.column)
    }),
  )
  expect(faults.join('\n\n')).toBe('')
  expect(await worlds.sumOf(south)).toBe(before)
}, 480_000)
