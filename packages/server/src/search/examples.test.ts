/** docs/filter.md, as it stands: its runs are made, and each of its filters is asked over both doors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseFilter } from './filter.ts'
import { patiently } from './patterns.sql.ts'
import { readDuration, readTime } from './time.ts'

const text = readFileSync(join(import.meta.dirname, '../../../../docs/filter.md'), 'utf8')
const part = text.slice(text.indexOf('## Examples'))
const rows = part
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
const examples = [...part.matchAll(/^(.+)\n→ (.*)$/gm)].map(([, filter, names]) => [filter!, names!] as const)

let platform: Platform
let experiment: string

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'filter' })).experiment_id
  const now = Date.now()
  for (const [run_name, status, user_id, started, duration, values] of rows) {
    const start_time = readTime(started!, now)!
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name, user_id, start_time })
    const { run_id } = run.info
    const pairs = [...values!.matchAll(/(\w+)\.([\w/]+)=(\S+)/g)].map(([, kind, key, value]) => ({ kind, key, value }))
    const of = (kind: string) => pairs.filter((pair) => pair.kind === kind).map(({ key, value }) => ({ key, value }))
    await platform.wire('POST', 'runs/log-batch', {
      run_id,
      params: of('params'),
      tags: of('tags'),
      metrics: of('metrics').map(({ key, value }) => ({ key, value: value === 'NaN' ? value : Number(value), timestamp: now, step: 0 })),
    })
    await platform.wire('POST', 'runs/update', { run_id, status, ...(duration && { end_time: start_time + readDuration(duration)! }) })
  }
})
afterAll(() => platform?.stop())

describe('docs/filter.md', () => {
  it('has runs and examples', () => {
    expect(rows.length).toBeGreaterThan(3)
    expect(examples.length).toBeGreaterThan(20)
  })

  it.each(examples)('%s → %s', async (filter, names) => {
    const { runs = [] } = await platform.wire('POST', 'runs/search', { experiment_ids: [experiment], filter, order_by: ['started'] })
    expect(runs.map((run: any) => run.info.run_name).join(', ')).toBe(names)
    const query =
      'query ($e: [ID!], $f: String) { searchRuns(experiments: $e, filter: $f, orderBy: [{ by: "started" }]) { nodes { name } } }'
    const found = (await platform.graphql(query, { e: [experiment], f: filter })).searchRuns.nodes
    expect(found.map((run: any) => run.name).join(', ')).toBe(names)
  })

  it('is right about what is refused, and where', async () => {
    const search = (filter: string) => platform.wire('POST', 'runs/search', { experiment_ids: [experiment], filter })
    const bad = "name ~ 'a' AND name ~ '(b'"
    await expect(search(bad)).rejects.toMatchObject({ status: 400, code: 'INVALID_PARAMETER_VALUE' })
    await expect(search(`name ~ '${'('.repeat(251)}'`)).rejects.toThrow('at most 250 characters')
    const query = 'query ($f: String!) { explainFilter(filter: $f) { ok message start end } }'
    const { explainFilter } = await platform.graphql(query, { f: bad })
    expect(explainFilter).toMatchObject({ ok: false, message: expect.stringContaining("Invalid regular expression '(b'") })
    expect(bad.slice(explainFilter.start, explainFilter.end)).toBe("'(b'")
    expect((await platform.graphql(query, { f: 'not (x or y)' })).explainFilter).toMatchObject({ ok: true, start: null })
  })

  it('is right about durations, which tables show and sort by', async () => {
    const table = (columns: string[]) =>
      platform.graphql(
        'query ($e: [ID!], $c: [String!]!) { runTable(experiments: $e, filter: "NOT ended IS NULL", orderBy: [{ by: "duration" }], columns: $c) { columns { values } } }',
        { e: [experiment], c: columns },
      )
    expect((await table(['duration', 'name'])).runTable.columns).toEqual([
      { values: [30_000, 300_000, 5_400_000] },
      { values: ['bold-heron', 'dark-gull', 'calm-osprey'] },
    ])
    await expect(table(['experiment'])).rejects.toThrow("'experiment' can be filtered by, and is no column of a table.")
  })

  it('is right about patterns that take too long', async () => {
    const filter = parseFilter("name ~ 'x'")
    const sleep = () => patiently(platform.db, filter, (sql) => sql.query('SELECT pg_sleep(60)'), 50)
    await expect(sleep()).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining('took longer than 0.05 s'),
    })
  })
})
