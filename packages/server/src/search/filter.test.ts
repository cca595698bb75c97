import { describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { columnRef, type Grammar, parseColumnRef, parseOrderBy } from './column.ts'
import { explainFilter, type Filter, leaves, parseFilter } from './filter.ts'
import { offsetOf, pageToken, positionOf } from './page-token.ts'

/** A filter as a short text: what was understood. */
const understood = (text: string, grammar?: Grammar) =>
  leaves(parseFilter(text, grammar)).map(
    ({ column, comparator, value }) => `${column.kind}/${column.key} ${comparator} ${JSON.stringify(value)}`,
  )

/** A tree, with all its parentheses. */
const shown = (filter: Filter | null): string =>
  filter === null
    ? ''
    : filter.type === 'comparison'
      ? `${filter.column.key} ${filter.comparator} ${JSON.stringify(filter.value)}`
      : filter.type === 'not'
        ? `NOT (${shown(filter.of)})`
        : filter.of.map((each) => (each.type === 'comparison' ? shown(each) : `(${shown(each)})`)).join(` ${filter.type} `)

/** What is wrong, and the part of the text it points at. */
function refused(text: string, grammar?: Grammar): [string, string] {
  const found = explainFilter(text, grammar)
  if (found.ok) throw new Error(`${text} is taken`)
  return [found.message, text.slice(found.start, found.end)]
}

describe('the filter language takes', () => {
  // Each of these was given to MLflow's own parser, and understood so.
  it.each([
    ['metrics.acc > 0.9', 'metric/acc > 0.9'],
    ['metric.acc>=-1e-3', 'metric/acc >= -0.001'],
    ['metrics.a > .5', 'metric/a > 0.5'],
    ['metrics.a != 5.', 'metric/a != 5'],
    ['metrics.`val/loss` < 1', 'metric/val/loss < 1'],
    ['metrics."val loss" = 1', 'metric/val loss = 1'],
    ['`metrics`.acc <= 1', 'metric/acc <= 1'],
    ['metrics.a.b.c > 1', 'metric/a.b.c > 1'],
    ['metrics.1a > 1', 'metric/1a > 1'],
    ['metrics._x > 1', 'metric/_x > 1'],
    ['metrics.order > 1', 'metric/order > 1'],
    ["tags.mlflow.source.type = 'x'", 'tag/mlflow.source.type = "x"'],
    ["tags.and = 'x'", 'tag/and = "x"'],
    ["tag.`a``b` = 'x'", 'tag/a``b = "x"'],
    ["params.ä = 'x'", 'param/ä = "x"'],
    ["parameters.a = 'it\\'s'", `param/a = "it\\\\'s"`],
    ["param.a = 'it''s'", `param/a = "it''s"`],
    ['params.a != "it\'s"', `param/a != "it's"`],
    ["params.a = ''", 'param/a = ""'],
    ["params.'a' = 'x'", 'param/a = "x"'],
    ["params.a like '%x_'", 'param/a LIKE "%x_"'],
    ["params.a ILIKE '%x%'", 'param/a ILIKE "%x%"'],
    ['params.a IS NULL', 'param/a IS NULL null'],
    ['tags.a is not null', 'tag/a IS NOT NULL null'],
    ["status = 'RUNNING'", 'attribute/status = "RUNNING"'],
    ['status != "RUNNING"', 'attribute/status != "RUNNING"'],
    ['attribute.run_id IN (\'a\' , "b",)', 'attribute/run_id IN ["a","b"]'],
    ["run_id not in ('a')", 'attribute/run_id NOT IN ["a"]'],
    ["run_id IN ('it\\'s')", `attribute/run_id IN ["it's"]`],
    ['attr.start_time > 5.5', 'attribute/start_time > 5.5'],
    ['created > 5', 'attribute/start_time > 5'],
    ['run.Created > 5', 'attribute/start_time > 5'],
    ["`run name` = 'x'", 'attribute/run_name = "x"'],
    ['attributes.`Run name` LIKE "x"', 'attribute/run_name LIKE "x"'],
    ["user_id = 'x'", 'attribute/user_id = "x"'],
    ["artifact_uri LIKE 'x'", 'attribute/artifact_uri LIKE "x"'],
    ["dataset.name = 'x'", 'dataset/name = "x"'],
    ["datasets.context IN ('train')", 'dataset/context IN ["train"]'],
  ])('%s', (text, meaning) => expect(understood(text)).toEqual([meaning]))

  // And of these MLflow takes none.
  const now = Date.UTC(2026, 0, 5, 12)
  it.each([
    ['params.a IN (\'x\', "y")', 'a IN ["x","y"]'],
    ['params.lr < 1e-2', 'lr < 0.01'],
    ['params.lr NOT IN (1, .5)', 'lr NOT IN [1,0.5]'],
    ['metrics.a in (1,-2)', 'a IN [1,-2]'],
    ['metrics.a between 1 and 2 and metrics.b > 3', 'a BETWEEN [1,2] and b > 3'],
    ['params.n NOT  BETWEEN -1 AND 1', 'n NOT BETWEEN [-1,1]'],
    ['metrics.a IS NULL', 'a IS NULL null'],
    ['metrics.a is not nan', 'a IS NOT NAN null'],
    ["tags.a ~ '^v[0-9]+$'", 'a ~ "^v[0-9]+$"'],
    ["name!~'x'", 'run_name !~ "x"'],
    ["user NOT ILIKE 'a%'", 'user_id NOT ILIKE "a%"'],
    ["status IN ('FAILED','KILLED')", 'status IN ["FAILED","KILLED"]'],
    ['started > -1d', `start_time > ${now - 86_400_000}`],
    ['started >= today', `start_time >= ${Date.UTC(2026, 0, 5)}`],
    ["ended < 'yesterday'", `end_time < ${Date.UTC(2026, 0, 4)}`],
    ['created between 2026-01-01 and 2026-01-02T10:30Z', `start_time BETWEEN [${Date.UTC(2026, 0, 1)},${Date.UTC(2026, 0, 2, 10, 30)}]`],
    ["created > '2026-01-01 10:00:00.5'", `start_time > ${Date.UTC(2026, 0, 1, 10, 0, 0, 500)}`],
    ['created > 2026-01-01T10:00+0200', `start_time > ${Date.UTC(2026, 0, 1, 8)}`],
    ['duration > 1h30m', 'duration > 5400000'],
    ["duration <= '1.5s'", 'duration <= 1500'],
    ['ended is null', 'end_time IS NULL null'],
    ["dataset = 'cifar'", 'name = "cifar"'],
    ['dataset.context is not null', 'context IS NOT NULL null'],
    ["experiment = 'digits'", 'experiment = "digits"'],
    ["experiment_id IN ('01')", 'experiment_id IN ["1"]'],
    ['osprey', 'run_name HOLDS "osprey"'],
    ['calm osprey-214', 'run_name HOLDS "calm" and run_name HOLDS "osprey-214"'],
    ["'calm osprey' AND 5m", 'run_name HOLDS "calm osprey" and run_name HOLDS "5m"'],
    ['metrics.a > 1 OR metrics.b > 2 AND metrics.c > 3', 'a > 1 or (b > 2 and c > 3)'],
    ['(metrics.a > 1 or metrics.b > 2) metrics.c > 3', '(a > 1 or b > 2) and c > 3'],
    ['not metrics.a > 1 and metrics.b > 2', '(NOT (a > 1)) and b > 2'],
    ['NOT (metrics.a > 1 AND NOT osprey)', 'NOT (a > 1 and (NOT (run_name HOLDS "osprey")))'],
    ['((metrics.a>1))', 'a > 1'],
  ])('%s', (text, meaning) => expect(shown(parseFilter(text, 'runs', now))).toBe(meaning))

  it('comparisons joined by AND, in any case, over lines, or by nothing', () => {
    const both = ['param/a = "x"', 'metric/b > 1']
    for (const text of [
      "params.a = 'x' AND metrics.b > 1",
      "params.a = 'x'and\n\tmetrics.b>1",
      "params.a = 'x' metrics.b > 1",
      "AND params.a = 'x' AND AND metrics.b > 1 AND",
    ])
      expect(understood(text)).toEqual(both)
  })

  it('the empty text, as no filter', () => {
    expect(parseFilter('')).toBeNull()
    expect(parseFilter(undefined)).toBeNull()
  })

  it.each([
    ["name LIKE 'x%'", 'attribute/name LIKE "x%"'],
    ["attribute.name = 'x'", 'attribute/name = "x"'],
    ["experiment_id IN ('1', '02')", 'attribute/experiment_id IN ["1","2"]'],
    ['creation_time > 5', 'attribute/creation_time > 5'],
    ["tag.`a b` ILIKE 'x'", 'tag/a b ILIKE "x"'],
    ['tags.a IS NULL', 'tag/a IS NULL null'],
  ])('%s of experiments', (text, meaning) => expect(understood(text, 'experiments')).toEqual([meaning]))
})

describe('the filter language refuses', () => {
  const invalidClause = 'Invalid clause(s) in filter string: '
  it.each([
    ['metrics.a', `${invalidClause}'metrics.a'`, 'metrics.a'],
    ['metrics.a > 1;', `${invalidClause}';'`, ';'],
    ['metrics.a >', invalidClause, '>'],
    ['metrics.a > AND metrics.b > 1', invalidClause, '>'],
    ['(metrics.a > 1', `${invalidClause}'(' has no ')'`, '('],
    ['metrics.a > 1)', `${invalidClause}')'`, ')'],
    ['()', `${invalidClause}')'`, ')'],
    ['metrics.a > 1 OR', `${invalidClause}'OR'`, 'OR'],
    ['OR metrics.a > 1', `${invalidClause}'OR'`, 'OR'],
    ['metrics.a > 1 AND OR metrics.a < 0', `${invalidClause}'OR'`, 'OR'],
    ['metrics.a > 1 OR NOT', `${invalidClause}'NOT'`, 'NOT'],
    ["run_id IN ('a'", `${invalidClause}'(' has no ')'`, '('],
    ['status', `${invalidClause}'status'`, 'status'],
    ['metrics.a BETWEEN 1, 2', `${invalidClause}BETWEEN wants two values`, ','],
    ["params.a ~ 'x' ~ 'y'", `${invalidClause}'~'`, '~'],
    ['> 1', `${invalidClause}'>'`, '>'],
    ["params.a = 'x' -- no", `${invalidClause}'--'`, '--'],
    ["params.a = 'x", invalidClause, "'"],
    ["run_id IN 'a'", invalidClause, "'a'"],
    ['  ', "Invalid filter '  '. Could not be parsed.", '  '],
    ["params.a = '\0'", 'Invalid filter', "params.a = '\0'"],
    ['1 < metrics.a', "Invalid comparison clause. Expected 'Identifier' found '1'", '1'],
    ['metrics.val/loss > 1', "Invalid comparison clause. Expected 'Identifier' found 'metrics.val/loss'", 'metrics.val/loss'],
    ['"metrics.acc" > 1', "Invalid entity type '\"metrics'", '"metrics.acc"'],
    ["foo.bar = 'x'", "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']", 'foo.bar'],
    ["toString.x = 'x'", "Invalid entity type 'toString'", 'toString.x'],
    ["constructor = 'x'", "Invalid attribute key 'constructor' specified.", 'constructor'],
    ["lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage'", 'lifecycle_stage'],
    ["dataset.foo = 'x'", "Invalid dataset key 'foo' specified. Valid keys are '{'name', 'digest', 'context'}'", 'dataset.foo'],
    ["metrics.a = 'x'", "Expected numeric value type for metric. Found 'x'", "'x'"],
    ['metrics.a > nan', 'Expected numeric value type for metric. Found nan', 'nan'],
    ["start_time = '5'", "Expected numeric value type for numeric attribute: start_time. Found '5'", "'5'"],
    ['params.a = abc', 'Parameter value is either not quoted or unidentified quote types used for string value abc', 'abc'],
    ['tags.a = `abc`', 'Parameter value is either not quoted or unidentified quote types used for string value `abc`', '`abc`'],
    ['status = 5', 'Expected a quoted string value for attributes. Got value 5', '5'],
    ['dataset.name = 5', 'Expected a quoted string value for dataset attributes. Got value 5', '5'],
    ['metrics.a == 1', "Invalid comparator '==' not one of '{", '=='],
    ["params.a > '5'", "Invalid comparator '>' not one of '{", "'5'"],
    ['metrics.a << 1', "Invalid comparator '<<' not one of '{", '<<'],
    ['metrics.a <<', "Invalid comparator '<<' not one of '{", '<<'],
    ['tags.a > 5', "Invalid comparator '>' not one of '{", '>'],
    ['params.a IS NAN', "Invalid comparator 'IS NAN' not one of '{", 'IS NAN'],
    ['params.a LIKE 5', "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5", '5'],
    ['tags.a = 5', "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5", '5'],
    ['started > 2026-02-31', 'Expected numeric value type for numeric attribute: start_time. Found 2026-02-31. It takes', '2026-02-31'],
    ['duration > -5m', 'Expected numeric value type for numeric attribute: duration. Found -5m. It takes', '-5m'],
    [`name ~ '${'x'.repeat(251)}'`, 'A regular expression holds at most 250 characters, and this one 251.', `'${'x'.repeat(251)}'`],
    ["name ~ '(a)\\1'", "A regular expression can't refer back", "'(a)\\1'"],
    ['metrics.a IN (1, nan)', 'Expected numeric value type for metric. Found nan', '(1, nan)'],
    ["params.a RLIKE 'x'", "Invalid comparator 'RLIKE'", 'RLIKE'],
    ["datasets.name > 'x'", "Invalid comparator '>' not one of '{", '>'],
    ["run_id = ('a')", "Invalid comparator '=' for a list", "('a')"],
    ['run_id IN ()', 'While parsing a list in the query, expected a non-empty list of string values, but got empty list', '()'],
    [
      "run_id IN ('a', 1)",
      'While parsing a list in the query, expected string value, punctuation, or whitespace, but got different',
      "('a', 1)",
    ],
    [
      "run_id IN ('a'; 'b')",
      'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed',
      "('a'; 'b')",
    ],
  ])('%j', (text, message, at) => {
    const [said, where] = refused(text)
    expect(said.slice(0, message.length)).toBe(message)
    expect(where).toBe(at)
  })

  it('more than 100 comparisons', () => {
    const text = 'metrics.a > 1 AND '.repeat(100)
    expect(leaves(parseFilter(text))).toHaveLength(100)
    expect(refused(`${text}metrics.b > 1`)).toEqual(['A filter holds at most 100 comparisons.', 'metrics.b'])
  })

  it('what is nested more than 50 deep', () => {
    expect(leaves(parseFilter(`${'('.repeat(50)}x${')'.repeat(50)}`))).toHaveLength(1)
    expect(refused(`${'not '.repeat(51)}x`)[0]).toBe('Parentheses and NOT go at most 50 deep.')
  })

  it('an unquoted key with a hint how to write it', () => {
    expect(refused('metrics.val/loss > 1')[0]).toMatch(/metrics\.`val\/loss`$/)
  })

  it.each([
    ["attributes.name = 'x'", "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')"],
    ['metrics.a > 1', "Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')"],
    [
      'created > 1',
      "Invalid attribute key 'created' specified. Valid keys are '{'experiment_id', 'name', 'creation_time', 'last_update_time'}'",
    ],
    ['name IS NULL', "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"],
    ['last_update_time > 5.5', "Invalid value for numeric attribute 'last_update_time': '5.5'"],
    ["tags.a > 'x'", 'Invalid comparator for tag: >'],
    ["experiment_id LIKE '1'", 'Invalid comparator for experiment_id: LIKE'],
    ["experiment_id = 'x'", "Invalid experiment ID 'x'"],
  ])('%j of experiments', (text, message) => expect(refused(text, 'experiments')[0].slice(0, message.length)).toBe(message))

  it('anything else with INVALID_PARAMETER_VALUE, never with another fault', () => {
    const bits = [
      'metrics.',
      'params',
      '.a',
      'status',
      "'x'",
      "'",
      '"',
      '`',
      '(',
      ')',
      ' ',
      ',',
      '1',
      '-',
      '.5',
      'e9',
      '=',
      '!=',
      '>',
      'LIKE',
      'IN',
      'NOT',
      'IS',
      'NULL',
      'AND',
      'OR',
      '\n',
      '\\',
      'é',
      '\u{1f600}',
      '\ud800',
      '/',
      ';',
      '--',
      '~',
      'BETWEEN',
      '-7d',
      '2026-01-05',
      'today',
      'NAN',
    ]
    let seed = 7
    const random = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from({ length: 1 + random(12) }, () => bits[random(bits.length)]).join(random(2) ? ' ' : '')
      for (const grammar of ['runs', 'experiments', 'models'] as const)
        for (const read of [() => parseFilter(text, grammar), () => parseOrderBy([text], grammar)])
          try {
            read()
          } catch (error) {
            if (!(error instanceof AppError) || error.code !== 'INVALID_PARAMETER_VALUE') throw new Error(text, { cause: error })
          }
    }
  })
})

describe('order_by', () => {
  const orders = (...clauses: string[]) =>
    parseOrderBy(clauses).map(({ column, descending }) => `${column.kind}/${column.key} ${descending ? 'down' : 'up'}`)

  it('is a column and perhaps a direction', () => {
    expect(orders('metrics.`a b` DESC', 'params."x y" asc', 'tags.mlflow.source.name', 'Created desc', 'attribute.status')).toEqual([
      'metric/a b down',
      'param/x y up',
      'tag/mlflow.source.name up',
      'attribute/start_time down',
      'attribute/status up',
    ])
  })

  it.each([
    [[''], "Invalid order_by clause ''. Could not be parsed."],
    [['metrics.a DESC foo'], "Invalid order_by clause 'metrics.a DESC foo'. Could not be parsed."],
    [['metrics.a, metrics.b'], "Invalid order_by clause 'metrics.a, metrics.b'. Could not be parsed."],
    [['metrics.val/loss'], "Invalid order_by clause 'metrics.val/loss'. Could not be parsed."],
    [["params.a = 'x'"], "Invalid order_by clause 'params.a = 'x''. Could not be parsed."],
    [['metrics.a foo'], "Invalid ordering key in order_by clause 'metrics.a foo'."],
    [['datasets.name'], "Invalid identifier type 'dataset'"],
    [['metrics.a', 'metric.`a` DESC'], "`order_by` contains duplicate fields: ['metrics.a', 'metric.`a` DESC']"],
  ])('refuses %j', (clauses, message) => expect(() => parseOrderBy(clauses)).toThrow(message))

  it('of experiments knows attributes only', () => {
    expect(parseOrderBy(['name DESC'], 'experiments')).toEqual([{ column: { kind: 'attribute', key: 'name' }, descending: true }])
    expect(() => parseOrderBy(['tags.a'], 'experiments')).toThrow('Invalid order_by entity: tag')
  })
})

describe('a reference to a column', () => {
  it.each([
    [{ kind: 'metric', key: 'acc' }, 'metrics.acc'],
    [{ kind: 'metric', key: 'val/loss' }, 'metrics.`val/loss`'],
    [{ kind: 'param', key: 'my key' }, 'params.`my key`'],
    [{ kind: 'tag', key: 'mlflow.user' }, 'tags.mlflow.user'],
    [{ kind: 'tag', key: 'a`b' }, 'tags."a`b"'],
    [{ kind: 'tag', key: '5' }, 'tags.`5`'],
    [{ kind: 'attribute', key: 'start_time' }, 'attributes.start_time'],
  ] as const)('%j is written %s, and read so, alone and in a filter', (column, ref) => {
    expect(columnRef(column)).toBe(ref)
    expect(parseColumnRef(ref)).toEqual(column)
    expect(parseOrderBy([`${ref} DESC`])).toEqual([{ column, descending: true }])
  })

  it('needs no quotes where it stands alone', () => {
    expect(parseColumnRef('metrics.val/loss')).toEqual({ kind: 'metric', key: 'val/loss' })
    expect(parseColumnRef('start_time')).toEqual({ kind: 'attribute', key: 'start_time' })
  })
})

describe('a page token', () => {
  it('is base64 of an offset', () => {
    expect(offsetOf(undefined)).toBe(0)
    expect(offsetOf('')).toBe(0)
    expect(Buffer.from(pageToken(200), 'base64').toString()).toBe('{"offset": 200}')
    expect(offsetOf(pageToken(200))).toBe(200)
  })

  it('may say behind which run the page begins', () => {
    const after = { startTime: 5, uuid: 'a' }
    expect(positionOf(pageToken(200, after))).toEqual({ offset: 200, after })
    expect(positionOf(pageToken(200))).toEqual({ offset: 200 })
  })

  it.each([
    [Buffer.from('{"offset": 5, "after": [1.5, "a"]}').toString('base64'), 'Invalid page token, parsed value='],
    [Buffer.from('{"offset": 5, "after": "a"}').toString('base64'), 'Invalid page token, parsed value='],
    ['evilhax', 'Invalid page token, could not base64-decode'],
    [Buffer.from('not json').toString('base64'), 'Invalid page token, decoded value='],
    [Buffer.from('null').toString('base64'), 'Invalid page token, parsed value='],
    [Buffer.from('{"nope": 1}').toString('base64'), 'Invalid page token, parsed value='],
    [Buffer.from('{"offset": -1}').toString('base64'), 'Invalid page token, parsed value='],
  ])('%s is refused', (token, message) => expect(() => offsetOf(token)).toThrow(message))
})
