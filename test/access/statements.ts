/** How many statements this process sends to Postgres: in place of the time that an answer takes, which no test can tell. */
import pg from 'pg'
import type { Ids } from './ids.ts'
import { masked } from './inputs.ts'

/** What runs beside requests, whoever asks. */
const besides = /graphile_worker|pg_notify|^LISTEN|\bkept\.|xmin|point_(tail|chunk)|run_merge|SKIP LOCKED|^(BEGIN|COMMIT)/

let count = 0
let isCounting = false
const texts: string[] = []

const send = pg.Client.prototype.query as (...given: unknown[]) => unknown
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { text?: string }]
    const text = typeof first === 'string' ? first : (first?.text ?? '')
    if (isCounting && !besides.test(text)) {
      count++
      texts.push(text)
    }
    return send.apply(this, given)
  },
})

/** What `work` comes to, with the statements that were sent meanwhile. */
async function statements<T>(work: () => Promise<T>): Promise<{ result: T; count: number; texts: string[] }> {
  count = 0
  texts.length = 0
  isCounting = true
  try {
    const result = await work()
    return { result, count, texts: [...texts] }
  } finally {
    isCounting = false
  }
}

/**
 * How one who asks can tell `foreign` from `none`: by the answer, or by how much is done for it. '' where they can't. Something runs beside
 * requests now and then, so of some tries the least counts.
 */
export async function tellsApart(ask: (at: Ids) => Promise<unknown>, none: Ids, foreign: Ids): Promise<string> {
  const least = { none: Number.POSITIVE_INFINITY, foreign: Number.POSITIVE_INFINITY }
  let seen = ''
  for (let tries = 0; tries < 6; tries++) {
    const no = await statements(() => ask(none))
    const yes = await statements(() => ask(foreign))
    const [a, b] = [masked(no.result, none), masked(yes.result, foreign)]
    if (a !== b) return `it says ${b}, and of none ${a}`
    least.none = Math.min(least.none, no.count)
    least.foreign = Math.min(least.foreign, yes.count)
    if (least.none === least.foreign) return ''
    seen = [...no.texts, '--', ...yes.texts].join('\n')
  }
  return `it takes ${least.foreign} statements, and of none ${least.none}:\n${seen}`
}
