/** What breaks callers of another version. */
import { expect, it } from 'vitest'
import { breaks } from './signatures.ts'

const field = (name: string, type = 'double', more: object = {}) => ({ name, type, shape: null, isRequired: true, default: null, ...more })
const signature = (inputs: Array<ReturnType<typeof field>>, outputs = [field('y')], params: typeof inputs = []) => ({
  inputs,
  outputs,
  params,
})
const optional = { isRequired: false }
const before = signature([field('a'), field('b')])

it.each([
  ['the same', before, []],
  ['one that may be given', signature([field('a'), field('b'), field('c', 'double', optional)]), []],
  ['one that need not be given any more', signature([field('a'), field('b', 'double', optional)]), []],
  ['one more that it gives', signature([field('a'), field('b')], [field('y'), field('z')]), []],
  ['one that must be given', signature([field('a'), field('b'), field('c')]), ["input 'c' is new and must be given"]],
  ['one that is missing', signature([field('a')]), ["input 'b' is taken no more"]],
  ['another type', signature([field('a', 'string'), field('b')]), ["input 'a' is string and was double"]],
  [
    'another shape',
    signature([field('a'), field('b')], [field('y', 'double', { shape: [-1, 2] })]),
    ["output 'y' is double [-1, 2] and was double"],
  ],
  ['nothing given', signature([field('a'), field('b')], []), ["output 'y' is given no more"]],
  ['a param', signature([field('a'), field('b')], [field('y')], [field('level')]), ["param 'level' is new and must be given"]],
])('%s', (_, mine, clauses) => {
  expect(breaks(mine as typeof before, before)).toEqual(clauses)
})

it('what need not be given before must be given now', () => {
  expect(breaks(before, signature([field('a'), field('b', 'double', optional)]))).toEqual(["input 'b' must be given now"])
})
