/** Who looks, in which workspace, and where the server is. Asked once; again when the line is back and it is still unknown. */
import { graphql, query, type ResultOf } from '#lib/api.ts'

const Session = graphql(`
  query Session {
    viewer { name workspace { id name } }
    server { version trackingUri }
  }
`)

type Answer = ResultOf<typeof Session>

let answer = $state.raw<Answer | undefined>()

export const session = {
  /** Undefined until the first answer. */
  get viewer(): Answer['viewer'] | undefined {
    return answer?.viewer
  },
  get server(): Answer['server'] | undefined {
    return answer?.server
  },
  /** Does nothing once the answer is there. A failure is left to the next call: the shell does without. */
  async load(): Promise<void> {
    if (answer !== undefined) return
    try {
      answer = await query(Session, {})
    } catch {
      // The rail then shows the product's name, and what needs the server says itself that it is away.
    }
  },
}
