/**
 * Garbage on every path of the wire, the same garbage every time. Always true of the answers: 4xx (or 501, or the one 500 that MLflow has
 * too), in MLflow's shape, about the field that was wrong, silent about the machine; and what was refused has changed nothing.
 */
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generator } from '../random.ts'

type Input = Record<string, unknown>

let platform: Platform
let experiment: string
let deleted: string
let run: string
let model: string
beforeAll(async () => {
  platform = await startPlatform({ logLevel: 'silent' as never })
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'fuzz', tags: [{ key: 'k', value: 'v' }] })).experiment_id
  deleted = (await platform.wire('POST', 'experiments/create', { name: 'fuzz deleted' })).experiment_id
  await platform.wire('POST', 'experiments/delete', { experiment_id: deleted })
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: 'target', start_time: 1 })).run.info.run_id
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run,
    metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1 }],
    params: [{ key: 'p', value: '1' }],
    tags: [{ key: 't', value: '1' }],
  })
  model = (await platform.wire('POST', 'logged-models', { experiment_id: experiment, name: 'm' })).model.info.model_id
})
afterAll(() => platform?.stop())

/** Everything there is, in a few bytes. Points show by the head's sequence and the latest; names of keys may stay of what was refused later. */
async function state(): Promise<unknown> {
  // What is settled for search settles by itself, a while after the last point.
  const latest = '(SELECT run_id, key_id, step, ts, value, nan FROM latest)'
  const tables = [
    'experiment',
    'experiment_tag',
    'run',
    'run_head',
    'param',
    'tag',
    latest,
    'dataset',
    'dataset_input',
    'dataset_input_tag',
    'logged_model',
    'logged_model_point',
    'run_model',
  ]
  const sums = tables.map(
    (table, i) => `SELECT ${i} AS i, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS sum FROM ${table} t`,
  )
  const rows = await platform.db.query<{ i: number; sum: string }>(`${sums.join(' UNION ALL ')} ORDER BY i`)
  return { tables: rows.map(({ sum }, i) => [tables[i], sum]), files: (await readdir(platform.folder, { recursive: true })).sort() }
}

interface Answer {
  status: number
  text: string
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(platform.origin + path, { method, ...init })
  return { status: response.status, text: await response.text() }
}

const json = { 'content-type': 'application/json' }

/** What every refusal must be. Returns its message. */
function checkRefusal({ status, text }: Answer, what: string): string {
  let body: { error_code?: unknown; message?: unknown } = {}
  try {
    body = JSON.parse(text)
  } catch {
    expect.fail(`${what}: ${status} and not JSON: ${text.slice(0, 200)}`)
  }
  if (typeof body.error_code !== 'string' || typeof body.message !== 'string') expect.fail(`${what}: ${status} ${text.slice(0, 300)}`)
  if (!((status >= 400 && status < 500) || status === 501 || body.error_code === 'INVALID_STATE'))
    expect.fail(`${what}: ${status} ${text.slice(0, 300)}`)
  // A stack, a path of this machine, words of the database.
  expect([
    what,
    /\n\s+at |node_modules|\.ts:|\.js:|\/tmp\/|\/home\/|\/root\/|postgres|prisma|relation "|syntax error/i.exec(text)?.[0],
  ]).toEqual([what, undefined])
  expect(text.length).toBeLessThan(15_000)
  return body.message as string
}

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
/** As JSON text, for what JavaScript would not write. */
const garbage: string[] = [
  ...[null, '', ' ', 0, -1, 1.5, 1e308, 2 ** 63, -(2 ** 63), true, false, [], {}, [null], [[]], [{}], [0], ['']].map((value) =>
    JSON.stringify(value),
  ),
  ...['\0', 'a\0b', '\ud800', 'a\udfff', '../..', '..%2f..', '%00', "'; DROP TABLE run; --", '`', '"', '\\', '￿', '💥'.repeat(99)].map(
    (value) => JSON.stringify(value),
  ),
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'NaN', 'Infinity', '-0', '1e999', '0x10', '9'.repeat(40), 'null', '{}'].map(
    (value) => JSON.stringify(value),
  ),
  '{"toString": 1, "valueOf": 1}',
  '{"__proto__": {"polluted": true}, "constructor": 5}',
  '{"length": 3, "0": 1}',
  '1e999',
  '-1e999',
  '123456789012345678901234567890',
  deep(50),
  deep(100_000),
  `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
  JSON.stringify('x'.repeat(300_000)),
  JSON.stringify(Array(3_000).fill('x')),
  JSON.stringify(Array(3_000).fill({})),
]

/** Paths with an input that each takes. An array is one of its items, so that what is nested is fuzzed too. */
const metric = { key: 'm', value: 1, timestamp: 1, step: 1 }
const dataset = { name: 'n', digest: 'd', source_type: 't', source: 's', schema: '{}', profile: '{}' }
const calls: Array<['GET' | 'POST', string, () => Input]> = [
  ['POST', 'experiments/create', () => ({ name: 'fuzz', artifact_location: 'mlflow-artifacts:/fuzzed', tags: [{ key: 'k', value: 'v' }] })],
  ['GET', 'experiments/get', () => ({ experiment_id: experiment })],
  ['GET', 'experiments/get-by-name', () => ({ experiment_name: 'fuzz' })],
  ['GET', 'experiments/search', () => ({ max_results: 5, filter: "name = 'fuzz'", order_by: ['name'], view_type: 1, page_token: '' })],
  ['POST', 'experiments/search', () => ({ max_results: 5, filter: "name = 'fuzz'", order_by: ['name'], view_type: 1, page_token: '' })],
  ['POST', 'experiments/delete', () => ({ experiment_id: deleted })],
  ['POST', 'experiments/restore', () => ({ experiment_id: experiment })],
  ['POST', 'experiments/update', () => ({ experiment_id: deleted, new_name: 'fuzz' })],
  ['POST', 'experiments/set-experiment-tag', () => ({ experiment_id: deleted, key: 'k', value: 'v' })],
  ['POST', 'experiments/delete-experiment-tag', () => ({ experiment_id: experiment, key: 'none' })],
  ['POST', 'experiments/search-datasets', () => ({ experiment_ids: [experiment] })],
  ['POST', 'runs/create', () => ({ experiment_id: deleted, user_id: 'u', run_name: 'r', start_time: 1, tags: [{ key: 'k', value: 'v' }] })],
  ['GET', 'runs/get', () => ({ run_id: run, run_uuid: run })],
  ['POST', 'runs/update', () => ({ run_id: run, status: 'RUNNING', end_time: 0, run_name: 'target' })],
  ['POST', 'runs/delete', () => ({ run_id: 'none' })],
  ['POST', 'runs/restore', () => ({ run_id: 'none' })],
  [
    'POST',
    'runs/search',
    () => ({
      experiment_ids: [experiment],
      filter: 'metrics.m > 0',
      order_by: ['metrics.m'],
      run_view_type: 1,
      max_results: 5,
      page_token: '',
    }),
  ],
  ['POST', 'runs/log-metric', () => ({ run_id: run, ...metric, model_id: model, dataset_name: 'd', dataset_digest: 'e' })],
  ['POST', 'runs/log-parameter', () => ({ run_id: run, key: 'p', value: '1' })],
  [
    'POST',
    'runs/log-batch',
    () => ({
      ...{ run_id: run, metrics: [{ ...metric, model_id: model, dataset_name: 'd', dataset_digest: 'e' }] },
      ...{ params: [{ key: 'p', value: '1' }], tags: [{ key: 't', value: '1' }] },
    }),
  ],
  [
    'POST',
    'runs/log-inputs',
    () => ({ run_id: run, datasets: [{ dataset, tags: [{ key: 'k', value: 'v' }] }], models: [{ model_id: model }] }),
  ],
  ['POST', 'runs/outputs', () => ({ run_id: run, models: [{ model_id: model, step: 1 }] })],
  [
    'POST',
    'runs/log-model',
    () => ({ run_id: run, model_json: JSON.stringify({ artifact_path: 'a', flavors: {}, utc_time_created: 'now', run_id: run }) }),
  ],
  [
    'POST',
    'logged-models',
    () => ({
      ...{ experiment_id: experiment, name: 'm', model_type: 't', source_run_id: run },
      ...{ params: [{ key: 'k', value: 'v' }], tags: [{ key: 'k', value: 'v' }] },
    }),
  ],
  [
    'POST',
    'logged-models/search',
    () => ({
      ...{ experiment_ids: [experiment], filter: "name = 'm'", datasets: [{ dataset_name: 'd', dataset_digest: 'e' }] },
      ...{
        max_results: 5,
        order_by: [{ field_name: 'metrics.m', ascending: true, dataset_name: 'd', dataset_digest: 'e' }],
        page_token: '',
      },
    }),
  ],
  ['POST', 'runs/set-tag', () => ({ run_id: run, key: 't', value: '1' })],
  ['POST', 'runs/delete-tag', () => ({ run_id: run, key: 'none' })],
  ['GET', 'metrics/get-history', () => ({ run_id: run, metric_key: 'm', max_results: 5, page_token: '' })],
  ['GET', 'metrics/get-history-bulk', () => ({ run_id: [run], metric_key: 'm', max_results: 5 })],
  ['GET', 'metrics/get-history-bulk-interval', () => ({ run_ids: [run], metric_key: 'm', start_step: 0, end_step: 9, max_results: 5 })],
  ['GET', 'artifacts/list', () => ({ run_id: run, path: 'a' })],
]

/** The places in an input that can be made wrong: ['metrics', 0, 'key']. */
function places(value: unknown, path: Array<string | number> = []): Array<Array<string | number>> {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, each]) => places(each, [...path, Array.isArray(value) ? Number(key) : key]))
  return path.length ? [path, ...inner] : inner
}

const marker = '"@@"'
/** The input as JSON text with `text` in the place, or without it. */
function withGarbage(input: Input, path: Array<string | number>, text: string | undefined): string {
  const copy = structuredClone(input)
  const parent = path.slice(0, -1).reduce<any>((value, key) => value[key], copy)
  parent[path.at(-1)!] = text === undefined ? undefined : '@@'
  return JSON.stringify(copy).replace(marker, () => text ?? 'null')
}

describe.each(calls)('%s %s', (method, path, input) => {
  const ask = (text: string) =>
    method === 'POST'
      ? send('POST', `/api/2.0/mlflow/${path}`, { body: text, headers: json })
      : send('GET', `/api/2.0/mlflow/${path}?${text}`)

  /** As it was after the last request; undefined where that may have changed it. */
  let before: unknown
  /** Sends what is wrong and looks whether it was refused well. Returns the refusal's message, undefined where it was taken. */
  async function refused(text: string, what: string): Promise<string | undefined> {
    before ??= await state()
    const answer = await ask(text)
    if (answer.status === 200) {
      before = undefined
      return undefined
    }
    const message = checkRefusal(answer, what)
    expect([what, await state()]).toEqual([what, before])
    return message
  }

  it('takes no garbage for a field, names the field, and keeps nothing of what it refuses', async () => {
    const random = generator(path.length * 7919 + method.length)
    for (const place of places(input())) {
      const field = String(place.findLast((part) => typeof part === 'string'))
      const chosen = new Set<string | undefined>([undefined])
      while (chosen.size < 12) chosen.add(garbage[random(garbage.length)])
      for (const text of chosen) {
        const what = `${path} ${place.join('.')} = ${(text ?? 'nothing').slice(0, 60)}`
        if (method === 'GET') {
          const query = new URLSearchParams()
          for (const [key, value] of Object.entries(input())) {
            const given = key !== place[0] ? value : text === undefined ? [] : text.startsWith('"') ? JSON.parse(text) : text
            for (const each of [given].flat()) query.append(key, String(each).slice(0, 8000))
          }
          await refused(query.toString().slice(0, 8000), what)
          continue
        }
        const message = await refused(withGarbage(input(), place, text), what)
        // Where the type is wrong, the message says of which field.
        if (message && text && /^[[{]|^-?\d|^true|^false/.test(text) && !/not found|No Experiment|already exists/.test(message)) {
          expect(`${message} [${what}]`).toMatch(new RegExp(`['\`][^']*${field}|one ${field.replace(/s$/, '')}\\b`))
        }
      }
    }
  })

  it('takes no garbage for the whole', async () => {
    if (method === 'GET') {
      for (const query of [
        '%',
        '%zz=%zz',
        'run_id=%00',
        'run_id=%ED%A0%80',
        '=',
        '&&&',
        'run_id[]=a',
        'run_id=a&run_id=b',
        `x=${'y'.repeat(9000)}`,
        '__proto__=1',
      ]) {
        const answer = await ask(query)
        if (answer.status !== 200) checkRefusal(answer, `${path}?${query.slice(0, 40)}`)
      }
      return
    }
    for (const text of [
      ...garbage.filter((each) => !each.startsWith('{')),
      '{',
      '}',
      '{"run_id":',
      '{"a":1,}',
      "{'a': 1}",
      '\ufeff{}',
      '{}{}',
      'undefined',
      '\u0000',
      '<xml/>',
    ]) {
      const answer = await ask(text)
      if (answer.status !== 200 || text !== '"{}"') checkRefusal(answer, `${path} ${text.slice(0, 40)}`)
    }
    const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])
    checkRefusal(await send('POST', `/api/2.0/mlflow/${path}`, { body: bytes, headers: json }), `${path} bytes that are not UTF-8`)
    checkRefusal(await send('POST', `/api/2.0/mlflow/${path}`, { body: '{}', headers: { 'content-type': 'text/html' } }), `${path} as HTML`)
  })

  it('has no other methods', async () => {
    for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (calls.some(([each, known]) => each === other && known === path)) continue
      const answer = await send(other, `/api/2.0/mlflow/${path}`)
      expect([other, answer.status]).toEqual([other, 405])
      checkRefusal(answer, `${other} ${path}`)
    }
  })
})

it('a filter and an order made of random words are searched by or refused, and never fail', async () => {
  const words =
    `metrics. params. tags. attributes. datasets. m p name status start_time run_id experiment_id \`a b\` "c" 'd' '1' 1 -1.5 1e400 .5
    = != < >= <> == LIKE ILIKE ~ !~ IN NOT IS NULL NAN BETWEEN AND OR and not ( ) () ('a','b') (1) , ; . ' " \` \\ % _ -- /* -7d 5m today 2026-01-05 duration user experiment dataset '(' '[a' '^m$' DESC ASC \u00fc \ud83c\udf0a x`.split(
      /\s+/,
    )
  const random = generator(42)
  const phrase = (longest: number) =>
    Array.from({ length: 1 + random(longest) }, () => words[random(words.length)]! + (random(3) ? ' ' : '')).join('')
  for (let i = 0; i < 300; i++) {
    const part = () =>
      random(3) ? phrase(3) : ['name ~ ', 'params.p < ', 'metrics.m BETWEEN 1 AND ', 'NOT (', 'started > '][random(5)]! + phrase(2)
    const filter = random(2) ? phrase(12) : `metrics.m > 0 ${['AND', 'OR', 'AND NOT'][random(3)]} ${part()}`
    const order_by = random(3) ? [] : [phrase(4)]
    for (const [path, query] of [
      ['runs/search', { experiment_ids: [experiment] }],
      ['experiments/search', { max_results: 5 }],
    ] as const) {
      const answer = await send('POST', `/api/2.0/mlflow/${path}`, { body: JSON.stringify({ ...query, filter, order_by }), headers: json })
      if (answer.status !== 200) checkRefusal(answer, `${path} ${filter} by ${order_by}`)
    }
  }
})

describe('a body that is too large', () => {
  /** Sends a head, and then nothing: what is answered was decided without the body. */
  const announce = (path: string, headers: Record<string, string | number>, chunk?: Buffer) =>
    new Promise<number>((resolve, reject) => {
      const open = request(platform.origin + path, { method: 'POST', headers: { ...json, ...headers } }, (response) => {
        resolve(response.statusCode!)
        open.destroy()
      })
      open.on('error', reject)
      if (!chunk) return open.flushHeaders()
      const more = (): void => void (open.destroyed || open.write(chunk, () => setImmediate(more)))
      more()
    })

  it('is refused by its announced length, before it comes', async () => {
    expect(await announce('/api/2.0/mlflow/runs/log-batch', { 'content-length': 1 << 30 })).toBe(413)
    expect(await announce('/api/2.0/mlflow/runs/log-inputs', { 'content-length': 1 << 30 })).toBe(413)
  })

  it('is refused where it does not end, as soon as it is too long', async () => {
    expect(await announce('/api/2.0/mlflow/runs/log-batch', { 'transfer-encoding': 'chunked' }, Buffer.alloc(64 * 1024, ' '))).toBe(413)
  })
})

describe('paths of artifacts', () => {
  /** Out of the root, and harmless below a folder: there a second slash is one too many. */
  const absolute = ['/etc/passwd', '%2fetc%2fpasswd', 'file:%2f%2f%2fetc']
  const climbing = [
    '..',
    '../..',
    'a/../../b',
    '%2e%2e/x',
    '..%2f..%2fx',
    '%252e%252e%252fx',
    '..%5c..%5cx',
    'a%00b',
    'C:%5Cx',
    '%zz',
    '%c0%ae%c0%ae/x',
    'x'.repeat(2000),
    `${'a/'.repeat(900)}b`,
    '%ED%A0%80',
  ]

  it.each(['GET', 'PUT', 'DELETE'])('%s never climbs, and refuses what does', async (method) => {
    // fetch and URL would tidy the path: it is sent as it is.
    const raw = (path: string) =>
      new Promise<Answer>((resolve, reject) => {
        const { hostname, port } = new URL(platform.origin)
        const sent = request({ hostname, port, method, path, headers: { 'content-length': method === 'PUT' ? 1 : 0 } }, (response) => {
          let text = ''
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: response.statusCode!, text }))
        })
        sent.on('error', reject)
        sent.end(method === 'PUT' ? 'x' : undefined)
      })
    const before = await state()
    for (const path of [...absolute, ...climbing]) {
      for (const root of absolute.includes(path) ? [''] : ['', `${experiment}/${run}/artifacts/`, `${experiment}/`, 'none/']) {
        const answer = await raw(`/api/2.0/mlflow-artifacts/artifacts/${root}${path}`)
        checkRefusal(answer, `${method} ${root}${path.slice(0, 60)}`)
      }
    }
    expect(await state()).toEqual(before)
  })

  it('in queries never climb either', async () => {
    for (const path of [...absolute, ...climbing]) {
      for (const query of [
        `/get-artifact?run_id=${run}&path=${path}`,
        `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${path}`,
        `/api/2.0/mlflow-artifacts/artifacts?path=${path}`,
      ]) {
        const answer = await send('GET', query)
        if (answer.status === 200) expect(JSON.parse(answer.text).files ?? []).toEqual([])
        else checkRefusal(answer, query.slice(0, 120))
      }
      const answer = await send('POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=${path.slice(0, 100)}`, { body: 'x' })
      if (answer.status !== 200) checkRefusal(answer, `upload ${path.slice(0, 60)}`)
    }
  })
})
