import { join } from 'node:path'
import type { Sql } from '@tidegate/db'
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseOrderBy } from './column.ts'
import { searchExperiments } from './experiments.sql.ts'
import { type Comparison, type Filter, parseFilter } from './filter.ts'
import { type RunSearch, searchRuns } from './search.sql.ts'

/** A run as the naive evaluation knows it. */
interface Plain {
  id: number
  experiment: number
  uuid: string
  attributes: Record<string, string | number | null>
  deleted: boolean
  metric: Record<string, number>
  param: Record<string, string>
  tag: Record<string, string>
  datasets: Array<{ name: string; digest: string; context: string | null }>
}

let seed = 11
const random = (n: number) => Math.floor(((seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32) * n)
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
const long = (tail: string) => `${'long '.repeat(250)}${tail}`

const names = ['a', 'b b', 'c/c', 'd.d']
const metricValues = [0, 1, -1, 0.5, 2.5, 1e-9, 1.797e308, Number.NaN]
const textValues = ['', 'x', 'X', 'xy', 'x_y', 'x%y', 'x\\y', "it's", 'é', 'É', '10', '9', long('1'), long('2')]
const experiments = [0, 1, 2]
const statuses = ['RUNNING', 'FINISHED', 'FAILED']

const runs: Plain[] = []
let db: TestDatabase

beforeAll(async () => {
  db = await freshDatabase()
  await db.query(
    `INSERT INTO experiment (id, workspace_id, name, artifact_location, created_at, updated_at) VALUES (1, 1, 'one', '', 1, 1), (2, 1, 'two', '', 2, 2)`,
  )
  // Made in this order, so that the ids in the snapshots stay.
  await db.query(
    `INSERT INTO key (experiment_id, kind, name) SELECT e, k, n FROM unnest($1::int[]) e, generate_series(0, 2) k, unnest($2::text[]) n ORDER BY 1, 2, 3`,
    [experiments, names],
  )
  const keys = await db.query<{ id: number; experiment_id: number; kind: number; name: string }>('SELECT * FROM key')
  const keyOf = (experiment: number, kind: number, name: string) =>
    keys.find((key) => key.experiment_id === experiment && key.kind === kind && key.name === name)!.id

  const rows = { latest: [] as unknown[][], param: [] as unknown[][], tag: [] as unknown[][], input: [] as unknown[][] }
  for (let id = 1; id <= 2_600; id++) {
    const experiment = id <= 2_400 ? 0 : id <= 2_550 ? 1 : 2
    const run: Plain = {
      id,
      experiment,
      uuid: `${random(2 ** 31).toString(16)}${id.toString(16).padStart(8, '0')}`.padStart(32, '0'),
      attributes: {
        run_name: pick(textValues.slice(0, -2)),
        user_id: pick(['ann', 'bob', '']),
        status: pick(statuses),
        start_time: pick([0, 5, 1_000 + random(20), 2_000 + id]),
        end_time: pick([null, 3_000 + random(50)]),
        artifact_uri: `mlflow-artifacts:/${id % 7}`,
      },
      deleted: random(8) === 0,
      metric: {},
      param: {},
      tag: {},
      datasets: [],
    }
    run.attributes.run_id = run.uuid
    run.attributes.experiment = ['Default', 'one', 'two'][experiment]!
    run.attributes.experiment_id = String(experiment)
    const { start_time: start, end_time: end } = run.attributes
    run.attributes.duration = start && end ? Number(end) - Number(start) : null
    for (const name of names) {
      if (random(4)) {
        const value = random(3) ? random(1_000) / 8 : pick(metricValues)
        run.metric[name] = value
        const settled = random(5) ? value : null
        rows.latest.push([id, keyOf(experiment, 0, name), Number.isNaN(value) ? 0 : value, Number.isNaN(value), settled])
      }
      for (const [kind, table] of [
        [1, 'param'],
        [2, 'tag'],
      ] as const)
        if (random(4)) rows[table].push([id, keyOf(experiment, kind, name), (run[table][name] = pick(textValues))])
    }
    for (let i = random(3); i > 0; i--) {
      const set = { name: `set${i}`, digest: pick(['d1', 'd2']), context: pick([null, 'train', 'eval']) }
      run.datasets.push(set)
      rows.input.push([id, experiment, set.name, set.digest, set.context])
    }
    runs.push(run)
  }
  const insert = (into: string, casts: string[], list: unknown[][]) =>
    db.query(
      `INSERT INTO ${into} SELECT * FROM unnest(${casts.map((cast, i) => `$${i + 1}::${cast}[]`)})`,
      casts.map((_, i) => list.map((row) => row[i])),
    )
  await insert(
    'run (workspace_id, changed_at, id, experiment_id, uuid, name, user_name, status, start_time, end_time, artifact_uri, deleted_at)',
    ['int', 'bigint', 'int', 'int', 'text', 'text', 'text', 'run_status', 'bigint', 'bigint', 'text', 'bigint'],
    runs.map(({ id, experiment, uuid, attributes: a, deleted }) => [
      1,
      0,
      id,
      experiment,
      uuid,
      a.run_name,
      a.user_id,
      a.status,
      a.start_time,
      a.end_time,
      a.artifact_uri,
      deleted ? 1 : null,
    ]),
  )
  await insert(
    'param (run_id, key_id, v, n)',
    ['int', 'int', 'text', 'float8'],
    rows.param.map((row) => [...row, numberOf(row[2] as string)]),
  )
  await insert('tag (run_id, key_id, v)', ['int', 'int', 'text'], rows.tag)
  await db.query(
    `INSERT INTO latest (run_id, key_id, step, ts, value, nan, settled)
     SELECT r, k, 1, 1, v, n, s FROM unnest($1::int[], $2::int[], $3::float8[], $4::bool[], $5::float8[]) AS x(r, k, v, n, s)`,
    [0, 1, 2, 3, 4].map((i) => rows.latest.map((row) => row[i])),
  )
  const columns = [0, 1, 2, 3, 4].map((i) => rows.input.map((row) => row[i]))
  const input = 'unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[]) AS x(r, e, n, g, c)'
  await db.query(
    `INSERT INTO dataset (experiment_id, name, digest, source_type, source) SELECT DISTINCT e, n, g, '', '' FROM ${input} WHERE r + length(c) IS DISTINCT FROM 0`,
    columns,
  )
  await db.query(
    `INSERT INTO dataset_input (run_id, dataset_id) SELECT r, d.id FROM ${input} JOIN dataset d ON d.experiment_id = e AND d.name = n AND d.digest = g WHERE c IS DISTINCT FROM '-'`,
    columns,
  )
  await db.query(
    `INSERT INTO dataset_input_tag SELECT i.id, 'mlflow.data.context', c FROM ${input} JOIN dataset d ON d.experiment_id = e AND d.name = n AND d.digest = g
     JOIN dataset_input i ON i.run_id = r AND i.dataset_id = d.id WHERE c IS NOT NULL`,
    columns,
  )
  // As if the catalogue said so: enough for second walks.
  await db.query('UPDATE key SET uses = 20000 WHERE experiment_id = 0')
  await db.query('ANALYZE')
})
afterAll(() => db.close())

// The naive evaluation: what the specification says, one run at a time.

const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const like = (text: string, pattern: string, flags: string) =>
  new RegExp(
    `^${[...pattern].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c.replace(/[\\^$.*+?()[\]{}|]/, '\\$&'))).join('')}$`,
    `s${flags}`,
  ).test(text)
// Case is ASCII's, as in SQLite.
const lower = (text: string) => text.replace(/[A-Z]/g, (c) => c.toLowerCase())

const numberOf = (text: string) => (/^\d+$/.test(text) ? Number(text) : null)

function holds(actual: string | number | null | undefined, { comparator, value, column }: Comparison): boolean {
  const isNothing = actual === undefined || actual === null || (column.kind === 'attribute' && (actual === '' || actual === 0))
  if (comparator === 'IS NULL') return isNothing
  if (comparator === 'IS NOT NULL') return !isNothing
  if (column.kind === 'param' && actual !== undefined && typeof [value].flat()[0] === 'number') actual = numberOf(actual as string)
  if (actual === undefined || actual === null) return false
  switch (comparator) {
    case 'LIKE':
    case 'NOT LIKE':
      return like(String(actual), String(value), '') !== comparator.startsWith('NOT')
    case 'ILIKE':
    case 'NOT ILIKE':
      return like(lower(String(actual)), lower(String(value)), '') !== comparator.startsWith('NOT')
    case 'HOLDS':
      return lower(String(actual)).includes(lower(String(value)))
    case '~':
    case '!~':
      return new RegExp(String(value), 's').test(String(actual)) === (comparator === '~')
    case 'IN':
      return (value as unknown[]).includes(actual)
    case 'NOT IN':
      return !(value as unknown[]).some((each) => each === actual)
    case 'BETWEEN':
      return Number(actual) >= (value as number[])[0]! && Number(actual) <= (value as number[])[1]!
    case 'NOT BETWEEN':
      return Number(actual) < (value as number[])[0]! || Number(actual) > (value as number[])[1]!
    case 'IS NAN':
      return Number.isNaN(actual)
    case 'IS NOT NAN':
      return !Number.isNaN(actual)
    case '=':
      return actual === value
    case '!=':
      return actual !== value
    case '<':
      return actual < value!
    case '<=':
      return actual <= value!
    case '>':
      return actual > value!
    default:
      return actual >= value!
  }
}

const holdsFor = (run: Plain, filter: Filter): boolean => {
  if (filter.type === 'not') return !holdsFor(run, filter.of)
  if (filter.type !== 'comparison') return filter.of[filter.type === 'and' ? 'every' : 'some']((each) => holdsFor(run, each))
  const { kind, key } = filter.column
  if (kind !== 'dataset') return holds(cellOf(run, filter.column), filter)
  if (filter.comparator === 'IS NULL') return run.datasets.every((set) => set[key as 'name'] === null)
  return run.datasets.some((set) => holds(set[key as 'name'], filter))
}

const cellOf = (run: Plain, { kind, key }: Comparison['column']) =>
  kind === 'attribute' ? run.attributes[key] : run[kind as 'metric' | 'param' | 'tag'][key]

function naive({ experiments, filter, lifecycle = 'ACTIVE', orderBy = [], runs: among }: RunSearch): number[] {
  const matches = runs.filter(
    (run) =>
      experiments.includes(run.experiment) &&
      (!among || among.includes(run.id)) &&
      (lifecycle === 'ALL' || run.deleted === (lifecycle === 'DELETED')) &&
      (!filter || holdsFor(run, filter)),
  )
  const rank = (found: unknown) => (found === undefined || found === null ? 2 : Number.isNaN(found) ? 1 : 0)
  const compare = (a: unknown, b: unknown) => (typeof a === 'string' ? bytes(a, b as string) : (a as number) - (b as number))
  return matches
    .sort((a, b) => {
      for (const { column, descending } of orderBy) {
        const [x, y] = [cellOf(a, column), cellOf(b, column)]
        if (rank(x) !== rank(y)) return rank(x) - rank(y)
        const order = rank(x) ? 0 : compare(x, y)
        if (order) return descending ? -order : order
      }
      return (b.attributes.start_time as number) - (a.attributes.start_time as number) || bytes(a.uuid, b.uuid)
    })
    .map(({ id }) => id)
}

const quoted = (text: string) => (text.includes("'") || text.includes('\\') ? `"${text}"` : `'${text}'`)

const patterns = ['^x', 'y$', '^.$', '[0-9]+', '(long ){3}', "it's|X", '^$']
const numbers = [0, 1, 0.5, 60, 100, -1, 9, 10, 1e-9, '1e999']
const number = () => pick(numbers)

function randomComparison(): string {
  const name = `\`${pick(names)}\``
  const text = () => {
    const value = pick(textValues)
    const [comparator, shown] = pick([
      ['=', value],
      ['!=', value],
      ['LIKE', `%${value.slice(-2)}`],
      ['LIKE', `${value.slice(0, 3)}%`],
      ['ILIKE', `%${value.toUpperCase()}_`],
      ['ILIKE', value],
      ['NOT LIKE', `${value.slice(0, 1)}%`],
      ['NOT ILIKE', `%${value.slice(-1)}`],
      ['~', pick(patterns)],
      ['!~', pick(patterns)],
    ] as const)
    return `${comparator} ${quoted(shown)}`
  }
  return pick([
    () => `metrics.${name} ${pick(['=', '!=', '<', '<=', '>', '>='])} ${number()}`,
    () => `metrics.${name} ${pick(['IS NULL', 'IS NOT NULL', 'IS NAN', 'IS NOT NAN'])}`,
    () => `${pick(['metrics', 'params'])}.${name} ${pick(['IN', 'NOT IN'])} (${number()}, ${number()}, 3.5)`,
    () => `${pick(['metrics', 'params'])}.${name} ${pick(['BETWEEN', 'NOT BETWEEN'])} ${number()} AND ${number()}`,
    () => `params.${name} ${pick(['=', '!=', '<', '<=', '>', '>='])} ${number()}`,
    () => `${pick(['params', 'tags'])}.${name} ${pick(['IN', 'NOT IN'])} ('x', "X", 'xy')`,
    () => `duration ${pick(['<', '>=', 'BETWEEN 1s AND', 'IS NULL OR duration >'])} ${pick(['1s', '1900ms', 2000])}`,
    () => `${pick(['name', 'user', 'ended', 'started', 'dataset', 'datasets.context'])} ${pick(['IS NULL', 'IS NOT NULL'])}`,
    () =>
      `${pick(['started', 'ended'])} ${pick(['>', '<'])} ${pick(['1970-01-01', '1970-01-01T00:00:02Z', "'1970-01-01 00:00:03'", 'today', '-7d'])}`,
    () => pick(['x', 'X_', "'x%'", '"xy"', '9', 'É']),
    () =>
      `${pick(['experiment', 'experiment_id'])} ${pick(['=', '!='])} '${pick(['one', 'two', '1', '0', 'three'])}'`.replace(
        /_id (.*)'[a-z]+'/,
        "_id $1'2'",
      ),
    () => `user ${pick(['IN', 'NOT IN'])} ('ann', '')`,
    () => `params.${name} ${text()}`,
    () => `tags.${name} ${text()}`,
    () => `${pick(['params', 'tags'])}.${name} ${pick(['IS NULL', 'IS NOT NULL'])}`,
    () => `${pick(['params', 'tags'])}.nowhere ${pick(['IS NULL', 'IS NULL', "= 'x'"])}`,
    () => `status ${pick(['=', '!='])} '${pick([...statuses, 'running'])}'`,
    () => `${pick(['run_name', 'user_id', 'artifact_uri', 'run_id', 'status'])} ${text()}`,
    () => `run_id ${pick(['IN', 'NOT IN'])} (${Array.from({ length: 30 }, () => `'${pick(runs).uuid}'`)})`,
    () => `${pick(['start_time', 'end_time'])} ${pick(['=', '!=', '<', '<=', '>', '>='])} ${pick([0, 5, 1_010, 3_010, 3_010.5])}`,
    () =>
      `datasets.${pick(["name = 'set1'", "name IN ('set1', 'set2')", "digest != 'd1'", "context = 'train'", "context NOT IN ('eval')", "name LIKE '%2'"])}`,
  ])()
}

/** A filter as deep as that at most. */
function randomFilter(depth: number): string {
  if (depth === 0 || random(3) === 0) return randomComparison()
  const inner = () => randomFilter(depth - 1)
  return pick([
    () => `NOT ${random(2) ? `(${inner()})` : `NOT (${inner()})`}`,
    () => `(${inner()} OR ${inner()})`,
    () => `(${inner()} OR ${inner()} AND ${inner()})`,
    () => `${inner()} AND ${inner()}`,
    () => `(${inner()})`,
  ])()
}

function randomSearch(): RunSearch & { text: string } {
  const filter = random(6) ? randomFilter(pick([0, 1, 2, 3])) : ''
  const order = Array.from({ length: pick([0, 1, 1, 2]) }, () =>
    pick([
      `metrics.\`${pick(names)}\``,
      `params.\`${pick(names)}\``,
      `tags.\`${pick(names)}\``,
      'metrics.nowhere',
      'start_time',
      'end_time',
      'run_name',
      'status',
      'run_id',
      'user_id',
      'duration',
      'experiment',
    ]),
  )
  const orders = [...new Set(order)].map((column) => `${column} ${pick(['ASC', 'DESC'])}`)
  return {
    text: `${filter} | ${orders}`,
    experiments: pick([[0], [0], [1], [2], [0, 1], [0, 1, 2], [7], [1, 7]]),
    filter: parseFilter(filter),
    orderBy: parseOrderBy(orders),
    lifecycle: pick(['ACTIVE', 'ACTIVE', 'DELETED', 'ALL']),
    limit: pick([1, 3, 20, 400]),
    offset: pick([0, 0, 0, 5, 300, 5_000]),
    count: pick(['none', 'bounded', 'exact']),
    ...(random(6) === 0 && { runs: Array.from({ length: 40 }, () => pick(runs).id) }),
  }
}

describe('a search', () => {
  it('gives what a plain evaluation gives, for 900 random filters, orders and pages', async () => {
    for (let i = 0; i < 900; i++) {
      const search = randomSearch()
      const expected = naive(search)
      const { offset = 0, limit } = search
      const page = await searchRuns(db, search)
      const about = { i, ...search, filter: undefined, orderBy: undefined }
      expect({ about, ids: page.ids }).toEqual({ about, ids: expected.slice(offset, offset + limit) })
      expect({ about, more: page.hasMore }).toEqual({ about, more: expected.length > offset + limit })
      if (search.count !== 'none')
        expect({ about, total: page.total, exact: page.exact }).toEqual({ about, total: expected.length, exact: true })
    }
  })

  it('pages behind a run, through all of them and each once', async () => {
    for (const [filter, orderBy] of [
      ['', []],
      ['params.a IS NOT NULL AND NOT metrics.a > 60', []],
      ["tags.a = 'x' OR name ~ 'y'", ['start_time ASC']],
      ["tags.a = 'x' AND params.a = '10'", ['start_time DESC']],
    ] as const) {
      const search = { experiments: [0, 1], filter: parseFilter(filter), orderBy: parseOrderBy(orderBy), limit: 130 }
      const all = naive(search)
      const seen: number[] = []
      let after: { startTime: number; uuid: string } | undefined
      for (let more = true; more; ) {
        const page = await searchRuns(db, { ...search, after, count: 'exact' })
        expect(page.total).toBe(all.length)
        seen.push(...page.ids)
        const last = runs[page.ids.at(-1)! - 1]!
        after = { startTime: last.attributes.start_time as number, uuid: last.uuid }
        more = page.hasMore
      }
      expect(seen).toEqual(all)
    }
  })

  const found = async (filter: string, orderBy: string[] = [], limit = 5) =>
    (await searchRuns(db, { experiments: [0], filter: parseFilter(filter), orderBy: parseOrderBy(orderBy), limit })).ids

  it('puts NaN after the numbers and runs without a value last, up and down', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const ids = await found('', [`metrics.a ${direction}`], 3_000)
      const ranks = ids.map((id) => (Number.isNaN(runs[id - 1]!.metric.a) ? 1 : runs[id - 1]!.metric.a === undefined ? 2 : 0))
      expect(ranks).toEqual([...ranks].sort())
      expect(new Set(ranks).size).toBe(3)
    }
  })

  it('finds values too long for the index', async () => {
    const ids = await found(`params.a = '${long('2')}' AND tags.a LIKE '%1'`, ['params.a DESC'], 3_000)
    expect(ids.length).toBeGreaterThan(0)
    expect(ids).toEqual(naive({ experiments: [0], filter: parseFilter(`params.a = '${long('2')}' AND tags.a LIKE '%1'`), limit: 0 }))
  })

  it('counts to a bound', async () => {
    const before = await searchRuns(db, { experiments: [0], limit: 1, count: 'bounded' })
    expect(before).toMatchObject({ hasMore: true, exact: true })
    await db.tx(async (sql) => {
      await sql.query(
        `INSERT INTO run (id, workspace_id, changed_at, experiment_id, uuid, name, artifact_uri) SELECT 10000 + g, 1, 0, 0, 'more' || g, '', '' FROM generate_series(1, 10000) g`,
      )
      expect(await searchRuns(sql, { experiments: [0], limit: 1, count: 'bounded' })).toMatchObject({ total: 10_000, exact: false })
      expect(await searchRuns(sql, { experiments: [0], limit: 1, count: 'exact' })).toMatchObject({
        total: before.total! + 10_000,
        exact: true,
      })
      expect((await searchRuns(sql, { experiments: [0], limit: 1 })).total).toBeUndefined()
      await sql.query(`DELETE FROM run WHERE uuid LIKE 'more%'`)
    })
  })

  it('orders very many runs of one value by their newest', async () => {
    await db.tx(async (sql) => {
      await sql.query(`INSERT INTO key (experiment_id, kind, name) VALUES (2, 0, 'flat')`)
      await sql.query(
        `INSERT INTO run (id, workspace_id, changed_at, experiment_id, uuid, name, artifact_uri, start_time, deleted_at)
         SELECT 10000 + g, 1, 0, 2, 'flat' || g, '', '', g / 3, CASE WHEN g % 5 = 0 THEN 1 END FROM generate_series(1, 12000) g`,
      )
      await sql.query(
        `INSERT INTO latest (run_id, key_id, step, ts, value, settled) SELECT 10000 + g, key.id, 1, 1, v, CASE WHEN g % 7 > 0 THEN v END
         FROM key, LATERAL (SELECT g, CASE g WHEN 50 THEN 0 ELSE 1 END AS v FROM generate_series(1, 12000) g) x WHERE name = 'flat'`,
      )
      const expected = (ids: number[]) =>
        ids.sort((a, b) => Math.floor(b / 3) - Math.floor(a / 3) || (`flat${a}` < `flat${b}` ? -1 : 1)).map((g) => 10_000 + g)
      const all = Array.from({ length: 12_000 }, (_, i) => i + 1).filter((g) => g % 5 > 0 && g !== 50)
      const search = { experiments: [1, 2], limit: 50, orderBy: parseOrderBy(['metrics.flat DESC']) }
      expect((await searchRuns(sql, { ...search, offset: 20 })).ids).toEqual(expected(all).slice(20, 70))
      const filter = parseFilter("run_id ~ '[37]$'")
      expect((await searchRuns(sql, { ...search, filter })).ids).toEqual(expected(all.filter((g) => [3, 7].includes(g % 10))).slice(0, 50))
      await sql.query(`DELETE FROM latest WHERE run_id > 10000`)
      await sql.query(`DELETE FROM run WHERE id > 10000`)
      await sql.query(`DELETE FROM key WHERE name = 'flat'`)
    })
  })

  it('of no experiments and of no runs finds nothing', async () => {
    expect(await searchRuns(db, { experiments: [], limit: 5 })).toEqual({ ids: [], hasMore: false, total: 0, exact: true })
    expect(await searchRuns(db, { experiments: [0], limit: 5, runs: [] })).toEqual({ ids: [], hasMore: false, total: 0, exact: true })
    expect(await searchRuns(db, { experiments: [0], limit: 5, filter: parseFilter('metrics.nowhere > 1') })).toMatchObject({ ids: [] })
  })

  it('has these statements', async () => {
    let text = ''
    const record: Sql = {
      query(sql, values) {
        text += `${sql};\n\n`
        return db.query(sql, values)
      },
    }
    const shapes: Array<[string, Partial<RunSearch> & { f?: string; o?: string[] }]> = [
      ['newest first: a walk', {}],
      ['a loose filter, newest first: a walk, and the count apart', { f: "status != 'x'", limit: 1, count: 'bounded' }],
      ['newest first, behind a run', { after: { startTime: 2_000, uuid: 'a' } }],
      ['by a metric: a walk of its index', { o: ['metrics.a DESC'] }],
      ['by a param, which few values have', { o: ['params.a'] }],
      ['values alone, joined by or: sets', { f: "metrics.a > 124 OR params.a ~ '^x_y$' AND tags.a = 'x'" }],
      ['attributes beside them: hashed', { f: "(user = 'nobody' OR metrics.a > 124.9) AND NOT tags.a IN ('x', 'xy')", o: ['metrics.a'] }],
      ['a number of params, by duration', { f: 'params.a BETWEEN 9 AND 9.5', o: ['duration'] }],
      ['by an attribute, then a metric: the whole', { o: ['status', 'metrics.a DESC'] }],
      ['by a metric in several experiments: a walk of each', { o: ['metrics.a DESC'], experiments: [0, 1] }],
      [
        'a tight filter: the walk, then the whole',
        { f: "metrics.a > 100 AND params.`b b` = 'x' AND tags.a IS NULL AND start_time > 5", o: ['metrics.a DESC'] },
      ],
      ['data sets', { f: "datasets.name = 'set1' AND datasets.context IN ('train')" }],
      ['among some runs', { f: 'metrics.a > 1', runs: [1, 2, 3] }],
    ]
    for (const [name, { f, o, ...search }] of shapes) {
      text += `-- ${name}\n`
      await searchRuns(record, { experiments: [0], limit: 100, filter: parseFilter(f), orderBy: parseOrderBy(o ?? []), ...search })
    }
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'search.statements.sql'))
  })
})

describe('a search of experiments', () => {
  const found = async (filter: string, orderBy: string[] = [], more = {}) =>
    (
      await searchExperiments(db, {
        workspace: 1,
        filter: parseFilter(filter, 'experiments'),
        orderBy: parseOrderBy(orderBy, 'experiments'),
        limit: 10,
        ...more,
      })
    ).ids

  beforeAll(async () => {
    await db.query(`INSERT INTO workspace (id, name, created_at) VALUES (2, 'other', 0)`)
    await db.query(
      `INSERT INTO experiment (id, workspace_id, name, artifact_location, created_at, updated_at, deleted_at)
       VALUES (3, 1, 'Gone', '', 3, 9, 5), (4, 1, 'same time', '', 2, 7, NULL), (5, 2, 'elsewhere', '', 2, 7, NULL)`,
    )
    await db.query(`INSERT INTO experiment_tag VALUES (1, 'team', 'vision'), (2, 'team', 'Vision'), (4, 'a b', 'x')`)
  })

  it('gives the newest first, and those that are not deleted', async () => {
    expect((await found('')).slice(1)).toEqual([2, 4, 1])
    expect(await found('', [], { lifecycle: 'DELETED' })).toEqual([3])
    expect(await found('', [], { lifecycle: 'ALL', reach: { only: [1, 3, 5] } })).toEqual([3, 1])
  })

  it('filters by attributes and tags', async () => {
    expect(await found("name LIKE '%e%'")).not.toContain(3)
    expect(await found("name ILIKE 'SAME%'")).toEqual([4])
    expect(await found("experiment_id IN ('1', '4')")).toEqual([4, 1])
    expect(await found("experiment_id != '4' AND creation_time <= 2")).toEqual([2, 1])
    expect(await found('last_update_time >= 7 AND last_update_time < 8')).toEqual([4])
    expect(await found("tags.team = 'vision'")).toEqual([1])
    expect(await found("tags.team ILIKE 'vision'")).toEqual([2, 1])
    expect(await found('tag.`a b` IS NOT NULL AND tags.team IS NULL')).toEqual([4])
    expect(await found("tags.team != 'vision'")).toEqual([2])
    expect(await found("NOT tags.team = 'vision' AND creation_time > 0 AND creation_time < 9")).toEqual([2, 4])
    expect(await found("tags.team IN ('vision', 'x') OR name ~ '^same'")).toEqual([4, 1])
    expect(await found('SAME or creation_time between 1 and 1')).toEqual([4, 1])
    expect(await found('creation_time > 2001-01-01 AND creation_time < now')).toEqual([0])
  })

  it('orders, ties by id, newest first, and pages', async () => {
    expect(await found('creation_time < 10', ['creation_time'])).toEqual([1, 4, 2])
    expect(await found('creation_time < 10', ['name DESC'])).toEqual([2, 4, 1])
    expect(await found('creation_time < 10', ['experiment_id'])).toEqual([1, 2, 4])
    const search = { workspace: 1, filter: parseFilter('creation_time < 10', 'experiments') }
    expect(await searchExperiments(db, { ...search, limit: 2 })).toEqual({ ids: [2, 4], hasMore: true })
    expect(await searchExperiments(db, { ...search, limit: 2, offset: 2 })).toEqual({ ids: [1], hasMore: false })
  })
})
