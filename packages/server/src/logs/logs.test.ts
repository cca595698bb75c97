import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { levelOf } from './logs.ts'

let platform: Platform
let experiment: string
let run: string

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'logs' })).experiment_id
})
afterAll(() => platform?.stop())
beforeEach(async () => {
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 })).run.info.run_id
})

interface Entry {
  text: string
  time?: number
  source?: 'STDOUT' | 'STDERR'
}
const append = async (entries: Entry[], batch?: string): Promise<number> =>
  (
    await platform.graphql('mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }', {
      input: { runId: run, entries, batch },
    })
  ).appendLog.total
const read = async (args = '') =>
  (
    await platform.graphql(
      `query ($run: ID!) { run(id: $run) { log${args} { total bytes next lines { number time source level text } } } }`,
      { run },
    )
  ).run.log
const texts = async (args = '') => (await read(args)).lines.map(({ text }: { text: string }) => text)

it('keeps lines in the order they came, with their time and source', async () => {
  expect(await read()).toEqual({ total: 0, bytes: 0, next: null, lines: [] })
  expect(
    await append([
      { text: 'epoch 1\nloss 0.5\n', time: 5, source: 'STDOUT' },
      { text: 'UserWarning: x', time: 6, source: 'STDERR' },
    ]),
  ).toBe(3)
  expect(await append([{ text: 'ERROR: disk', time: 7 }])).toBe(4)
  expect(await read()).toEqual({
    total: 4,
    bytes: 44,
    next: null,
    lines: [
      { number: 0, time: 5, source: 'STDOUT', level: 'INFO', text: 'epoch 1' },
      { number: 1, time: 5, source: 'STDOUT', level: 'INFO', text: 'loss 0.5' },
      { number: 2, time: 6, source: 'STDERR', level: 'INFO', text: 'UserWarning: x' },
      { number: 3, time: 7, source: 'NONE', level: 'ERROR', text: 'ERROR: disk' },
    ],
  })
})

it('keeps of a progress bar what stood there last, empty lines, and nothing that a database refuses', async () => {
  await append([{ text: '10%\r50%\r100%\n\nend\0\r\n' }, { text: '' }, { text: 'x'.repeat(20_000) }])
  const lines = await texts()
  expect(lines.slice(0, 3)).toEqual(['100%', '', 'end'])
  expect(lines[3]).toBe('')
  expect(lines[4]).toHaveLength(16_385)
})

it('is read in pages, from any line and from the end', async () => {
  for (let i = 0; i < 10; i++) await append([{ text: Array.from({ length: 10 }, (_, j) => `line ${i * 10 + j}`).join('\n') }])
  expect(await texts('(from: 15, first: 3)')).toEqual(['line 15', 'line 16', 'line 17'])
  expect((await read('(from: 15, first: 3)')).next).toBe(18)
  expect(await texts('(from: -2)')).toEqual(['line 98', 'line 99'])
  expect(await texts('(from: 100)')).toEqual([])
  expect(await texts('(from: -1000, first: 1)')).toEqual(['line 0'])
})

it('is searched by text in any case and by how grave a line is', async () => {
  for (let i = 0; i < 300; i++) await append([{ text: i % 100 === 7 ? `WARNING: Tide ${i}\nfine` : `step ${i}` }])
  await append([{ text: 'Traceback (most recent call last):\n  File "x.py"\nValueError: tide' }])
  expect(await texts('(from: 0, search: "TIDE")')).toEqual([
    'WARNING: Tide 7',
    'WARNING: Tide 107',
    'WARNING: Tide 207',
    'ValueError: tide',
  ])
  expect(await texts('(from: 0, level: ERROR)')).toEqual(['Traceback (most recent call last):', 'ValueError: tide'])
  expect(await texts('(from: 100, level: WARNING, search: "tide")')).toEqual(['WARNING: Tide 107', 'WARNING: Tide 207', 'ValueError: tide'])
  const first = await read('(from: 0, first: 1, search: "tide")')
  expect(await texts(`(from: ${first.next}, first: 1, search: "tide")`)).toEqual(['WARNING: Tide 107'])
})

it('writes a request that is sent again once, also at the same time', async () => {
  await append([{ text: 'a' }], 'one')
  expect(await append([{ text: 'a' }], 'one')).toBe(1)
  await Promise.all(Array.from({ length: 8 }, () => append([{ text: 'b\nc' }], 'two')))
  expect(await texts()).toEqual(['a', 'b', 'c'])
})

it('loses nothing and doubles nothing when many write at once', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => append([{ text: `from ${i}\nand ${i}` }])))
  const lines = await texts('(from: 0, first: 100)')
  expect(lines).toHaveLength(40)
  for (let i = 0; i < 20; i++) expect(lines[lines.indexOf(`from ${i}`) + 1]).toBe(`and ${i}`)
})

it.each([
  ['no such run', { runId: '0'.repeat(32), entries: [{ text: 'x' }] }, /Run with id=0+ not found/],
  ['too many lines', { entries: [{ text: '\n'.repeat(10_001) }] }, /10001 lines of 10001 characters are more than a request takes/],
  ['no entry', { entries: [] }, /entries/],
  ['a batch without a name', { entries: [{ text: 'x' }], batch: '' }, /batch/],
])('refuses %s', async (_, input, message) => {
  await expect(
    platform.graphql('mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }', { input: { runId: run, ...input } }),
  ).rejects.toThrow(message)
})

it('refuses a deleted run, whose log is kept, and goes with a purge', async () => {
  await append([{ text: 'kept' }])
  await platform.wire('POST', 'runs/delete', { run_id: run })
  await expect(append([{ text: 'late' }])).rejects.toThrow(/must be in the 'active' state/)
  await platform.wire('POST', 'runs/restore', { run_id: run })
  expect(await texts()).toEqual(['kept'])
})

it.each([
  ['2026-11-27 12:00:00 ERROR train: no space', 'ERROR'],
  ['ValueError: could not convert', 'ERROR'],
  ['sklearn.exceptions.NotFittedError: x', 'ERROR'],
  ['val_error: 0.1', 'INFO'],
  ['[WARNING] lr is high', 'WARNING'],
  ['/lib/x.py:12: FutureWarning: y', 'WARNING'],
  ['DEBUG:root:hello', 'DEBUG'],
  ['epoch 3', 'INFO'],
])('%s is %s', (text, level) => {
  expect(levelOf(text)).toBe(level)
})
