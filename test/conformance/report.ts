/** What a client's own test runner found: JUnit's XML, which pytest, Surefire and testthat all write, and the table made of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SaxesParser } from 'saxes'

export interface Outcome {
  area: string
  name: string
  /** What went wrong; null where nothing did. */
  fault: string | null
}

/** The tests in one file of JUnit's XML. What was skipped has not passed, and counts as failed. */
export function readReport(xml: string): Outcome[] {
  const outcomes = new Map<string, Outcome>()
  let current: Outcome | undefined
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'testcase') {
      const { classname = '', name: test = '' } = attributes
      const key = `${classname}\n${test}`
      // testthat writes one for each expectation: they are one test.
      current = outcomes.get(key) ?? { area: areaOf(classname), name: test.replaceAll('_', ' '), fault: null }
      outcomes.set(key, current)
    } else if (current && /^(failure|error|skipped)$/.test(name)) current.fault = `${attributes.message ?? name}\n`
  })
  const add = (text: string) => {
    if (current?.fault) current.fault += text
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.on('closetag', ({ name }) => {
    if (name === 'testcase') current = undefined
  })
  parser.write(xml).close()
  return [...outcomes.values()]
}

/** `python.test_data_sets`, `org.tidegate.DataSetsTest` and `test-data-sets.R` are all of the area `data sets`. */
export const areaOf = (place: string): string =>
  place
    .replace(/\.R$/, '')
    .split('.')
    .at(-1)!
    .replace(/^test[-_]|Test$/g, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[-_]/g, ' ')
    .toLowerCase()

/** All reports in a folder. */
export const readReports = (folder: string): Outcome[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.xml'))
    .flatMap((name) => readReport(readFileSync(join(folder, name), 'utf8')))

/** Client by area in Markdown: how many passed, and of how many where that is fewer. */
export function table(found: Map<string, Outcome[]>): string {
  const clients = [...found.keys()]
  const areas = [...new Set([...found.values()].flat().map(({ area }) => area))].sort()
  const cell = (outcomes: Outcome[]) => {
    const passed = outcomes.filter(({ fault }) => fault === null).length
    if (!outcomes.length) return ''
    return passed === outcomes.length ? `${passed}` : `**${passed} of ${outcomes.length}**`
  }
  const rows = areas.map((area) => [area, ...clients.map((client) => cell(found.get(client)!.filter((one) => one.area === area)))])
  const all = ['all', ...clients.map((client) => cell(found.get(client)!))]
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(['area', ...clients]), line(['---', ...clients.map(() => '---:')]), ...rows.map(line), line(all)].join('\n')
}
