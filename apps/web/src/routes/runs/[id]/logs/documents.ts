/** What the log of a run asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

const LogPage = graphql(`
  fragment LogPage on LogPage {
    total
    bytes
    next
    lines { number time source level text }
  }
`)
export type LogPage = ResultOf<typeof LogPage>

export const ReadLog = graphql(
  `
  query ReadLog($run: ID!, $from: Int!, $first: Int!, $search: String, $level: LogLevel) {
    run(id: $run) {
      id
      log(from: $from, first: $first, search: $search, level: $level) { ...LogPage }
    }
  }
`,
  [LogPage],
)

export const LogLines = graphql(
  `
  subscription LogLines($run: ID!, $after: Int) {
    logLines(run: $run, after: $after) { ...LogPage }
  }
`,
  [LogPage],
)
