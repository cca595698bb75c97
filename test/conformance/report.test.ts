import { describe, expect, it } from 'vitest'
import { areaOf, readReport, table } from './report.ts'

describe('a report', () => {
  it('has what passed and what did not, and takes what was skipped for failed', () => {
    const found = readReport(`<?xml version="1.0"?><testsuites><testsuite>
      <testcase classname="python.test_data_sets" name="test_one"/>
      <testcase classname="python.test_data_sets" name="test_two"><failure message="got 1 &amp; 2">a trace</failure></testcase>
      <testcase classname="python.test_data_sets" name="test_three"><skipped message="not now"/></testcase>
      <testcase classname="python.test_data_sets" name="test_four"><error message="broke"><![CDATA[<deep>]]></error></testcase>
    </testsuite></testsuites>`)
    expect(found.map(({ area, name }) => `${area}: ${name}`)).toEqual([
      'data sets: test one',
      'data sets: test two',
      'data sets: test three',
      'data sets: test four',
    ])
    expect(found.map(({ fault }) => fault)).toEqual([null, 'got 1 & 2\na trace', 'not now\n', 'broke\n<deep>'])
  })

  it('has one test for all the expectations of one name, failed if one of them is', () => {
    const found = readReport(`<testsuite>
      <testcase classname="runs" name="a_run_ends"/>
      <testcase classname="runs" name="a_run_ends"><failure message="no">x</failure></testcase>
      <testcase classname="runs" name="a_run_ends"/>
    </testsuite>`)
    expect(found).toEqual([{ area: 'runs', name: 'a run ends', fault: 'no\nx' }])
  })

  it('that is cut off is refused', () => {
    expect(() => readReport('<testsuite><testcase name="a" classname="b">')).toThrow(/unclosed/)
  })
})

it('an area is called alike by every test runner', () => {
  for (const place of ['python.test_data_sets', 'tidegate.DataSetsTest', 'test-data-sets.R', 'data-sets'])
    expect(areaOf(place)).toBe('data sets')
})

it('the table has what passed, of how many where that is fewer, and nothing where nothing was asked', () => {
  const test = (area: string, fault: string | null) => ({ area, name: 'n', fault })
  expect(
    table(
      new Map([
        ['One', [test('runs', null), test('runs', 'no'), test('search', null)]],
        ['Two', [test('search', null)]],
      ]),
    ),
  ).toBe(`| area | One | Two |
| --- | ---: | ---: |
| runs | **1 of 2** |  |
| search | 1 | 1 |
| all | **2 of 3** | 1 |`)
})
