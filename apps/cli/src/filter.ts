/** The filter language on a command line: it is the server's, and so is the word on what is wrong with it. */
import { ApiError, type Client, graphql } from '@tidegate/client'
import width from 'string-width'
import { exit, Stop, sentence } from './exit.ts'
import { plain } from './table.ts'

const Explain = graphql(`query ExplainFilter($filter: String!) { explainFilter(filter: $filter) { ok message start end } }`)

/** Waits for what asks with a filter; where the filter is what is wrong, says so with a caret under the place. */
export async function withFilter<Result>(client: Client, filter: string | undefined, asking: () => Promise<Result>): Promise<Result> {
  try {
    return await asking()
  } catch (error) {
    if (filter === undefined || !(error instanceof ApiError) || error.code !== 'INVALID_PARAMETER_VALUE') throw error
    const { explainFilter } = await client.query(Explain, { filter })
    const { ok, message, start, end } = explainFilter
    if (ok || message === null) throw error
    throw new Stop(exit.usage, sentence(message), {
      code: error.code,
      cause: error,
      lines: caret(filter, start ?? 0, end ?? filter.length),
    })
  }
}

function caret(filter: string, start: number, end: number): string {
  const shown = plain(filter)
  return `  ${shown}\n  ${' '.repeat(width(shown.slice(0, start)))}${'^'.repeat(Math.max(1, width(shown.slice(start, end))))}`
}
