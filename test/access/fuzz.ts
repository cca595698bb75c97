/**
 * Random requests across workspaces by every door, in rounds. In each round one workspace is at rest: its people, and nobody, read by whatever ids
 * there are; then those of the others read and change what they can, with its ids too, while subscriptions of its people are open; then the first
 * requests are made again. Nobody may have seen anything of another workspace at any time; and the one at rest must be as it was, answer by answer
 * and row by row: so no count, no order and no error depends on what others have. Then all is put back.
 */
import { buildSchema } from '../../packages/server/src/graphql.ts'
import { measureFor } from '../../packages/server/src/trash/measure.ts'
import { generator } from '../random.ts'
import { follow } from './follow.ts'
import type { Person, World } from './ids.ts'
import { isSame, openWatch } from './leaks.ts'
import { type Asked, requestOf } from './requests.ts'
import type { Worlds } from './worlds.ts'

export interface Report {
  requests: number
  byDoor: Record<string, number>
  byOutcome: Record<string, number>
  /** What never was answered with more than a refusal. */
  neverDone: string[]
  /** Events that came by subscriptions. */
  events: number
  faults: string[]
}

/** Of a round. What is put back after it takes as long for a large one. */
const small = { reading: 150, changing: 300, following: 24 }
const large = { reading: 400, changing: 800, following: 40 }
export const roundSize = 2 * small.reading + small.changing + small.following
/** Refusals that MLflow has under such a status too. */
const own500 = new Set(['NOT_IMPLEMENTED', 'INVALID_STATE'])
/** At a time. */
const abreast = 6
const mostFaults = 20

const roles = ['granted', 'viewer', 'contributor', 'engineer', 'approver', 'admin', 'reader', 'admin'] as const
/** Its answers are of what oneself has done: they are looked at, and differ from one time to the next. */
const ownDoings = /auditLog|importStates|access-?[tT]okens|query tokens/

interface Sent extends Asked {
  /** Undefined: nobody. */
  home: World | undefined
  headers: Record<string, string>
}

interface Answer {
  status: number
  text: string
}

export async function fuzz(worlds: Worlds, requests: number, seed: number, say: (line: string) => void = () => {}): Promise<Report> {
  const { all, platform, kernel } = worlds
  const sizes = requests > 10 * roundSize ? large : small
  const schema = await buildSchema()
  const watch = await openWatch(worlds)
  // What is measured in the background is settled before it begins.
  while (await measureFor(kernel, 10_000));
  await worlds.keep()
  const report: Report = { requests: 0, byDoor: {}, byOutcome: {}, neverDone: [], events: 0, faults: [] }
  const done = new Map<string, boolean>()
  /** What of others the people of a workspace have written into it, since all was put back. */
  const written = new Map<World, Array<readonly string[]>>()
  const count = (of: Record<string, number>, key: string) => (of[key] = (of[key] ?? 0) + 1)
  const seen = new Set<string>()
  function fault(it: Sent, what: string): void {
    // Of one kind one is enough.
    const kind = `${it.what} ${what.slice(0, 12)}`
    if (seen.has(kind)) return
    seen.add(kind)
    say(`fault ${report.faults.length + 1}: ${kind}`)
    const who = `${it.home?.workspace ?? 'nobody'} ${JSON.stringify(it.headers)}`
    report.faults.push(`${who} ${it.what}: ${what}\n  ${it.path.slice(0, 300)} ${it.body ?? ''}`.slice(0, 2_000))
  }

  function draw(number: number, whose: World[], kind: 'reading' | 'changing' | 'following'): Sent {
    const random = generator(seed ^ (number * 2654435761))
    const own = random.pick(whose)
    const isNobody = random.chance(4)
    const person: Person = isNobody ? own.people.nobody! : own.people[random.pick(roles)]!
    const asked = requestOf(random(2 ** 31), schema, { own, all, kind })
    const named = random.chance(80) ? own.workspace : random.chance(80) ? random.pick(all).workspace : 'nowhere-at-all'
    const header = random.pick(['x-tidegate-workspace', 'x-mlflow-workspace', 'cookie'])
    const place: Record<string, string> = random.chance(12) ? {} : { [header]: header === 'cookie' ? `tidegate_workspace=${named}` : named }
    return {
      ...asked,
      said: [...asked.said, named],
      home: isNobody ? undefined : own,
      headers: { ...person.headers, ...place, ...(asked.type && { 'content-type': asked.type }), accept: 'application/json' },
    }
  }

  function judge(it: Sent, text: string): void {
    // Of what they asked they find it all in their own log.
    const looked = it.what === 'query auditLog' ? text.replace(/"detail":"(?:[^"\\]|\\.)*"/g, '') : text
    const leaks = watch.leaksIn(looked, it.home?.workspace, [...it.said, ...((it.home && written.get(it.home)) ?? []).flat()])
    if (leaks.length) fault(it, `was told ${leaks.slice(0, 5).join(', ')}: ${text.slice(0, 1_500)}`)
  }

  async function send(it: Sent & { foreign?: string[] }): Promise<Answer> {
    report.requests++
    count(report.byDoor, it.door)
    // While it is under way others may be told of it already.
    const mine = it.home ? written.get(it.home)! : []
    mine.push(it.foreign ?? [])
    const response = await fetch(platform.origin + it.path, {
      method: it.method,
      headers: it.headers,
      redirect: 'manual',
      ...(it.body !== undefined && { body: it.body }),
    })
    const text = await response.text()
    const code = /"(?:error_code|code)":"([A-Z_]+)"/.exec(text)?.[1]
    const isDone = response.status < 400 && !(it.door === 'graphql' && text.includes('"errors":'))
    count(report.byOutcome, isDone ? 'OK' : (code ?? String(response.status)))
    if (!isDone && it.foreign) mine.splice(mine.indexOf(it.foreign), 1)
    done.set(it.what, isDone || (done.get(it.what) ?? false))
    if (code === 'INTERNAL_ERROR' || (response.status >= 500 && !own500.has(code ?? '')))
      fault(it, `failed: ${response.status} ${text.slice(0, 500)}`)
    // Who is not signed in learns that, and nothing else.
    const isAsked =
      /^query (viewer|server)$/.test(it.what) ||
      /^(MALFORMED_REQUEST|REQUEST_TOO_LARGE|INVALID_PARAMETER_VALUE|UNAUTHENTICATED)$/.test(code ?? '')
    if (!it.home && it.door === 'graphql' && !isAsked) fault(it, `nobody was answered ${text.slice(0, 500)}`)
    judge(it, text)
    return { status: response.status, text }
  }

  async function sendAll(them: Sent[]): Promise<Answer[]> {
    const answers: Answer[] = []
    let next = 0
    await Promise.all(
      Array.from({ length: abreast }, async () => {
        for (let i = next++; i < them.length; i = next++) answers[i] = await send(them[i]!)
      }),
    )
    return answers
  }

  let number = 0
  const several = (count: number, whose: World[], kind: 'reading' | 'changing' | 'following') =>
    Array.from({ length: count }, () => draw(number++, whose, kind))

  for (let round = 0; report.requests < requests && report.faults.length < mostFaults; round++) {
    const resting = all[round % all.length]!
    const others = all.filter((world) => world !== resting)
    for (const world of all) written.set(world, [])
    const asked = several(sizes.reading, [resting], 'reading')
    const first = await sendAll(asked)

    const open = await follow(platform.origin, several(sizes.following, [resting, ...others], 'following'), {
      isResting: (it) => it.home === resting,
      heard(it, text) {
        report.events++
        judge(it, text)
      },
    })
    report.requests += sizes.following
    report.byDoor.subscription = (report.byDoor.subscription ?? 0) + sizes.following
    await open.quiet()
    const before = await worlds.sumOf(resting)
    const work = Array.from({ length: sizes.changing }, () =>
      draw(number, others, generator(seed + number++).chance(30) ? 'reading' : 'changing'),
    )
    await sendAll(work)
    for (const [it, text] of await open.end()) fault(it, `heard of what others did: ${text.slice(0, 500)}`)
    if ((await worlds.sumOf(resting)) !== before) report.faults.push(`round ${round}: ${resting.workspace} is not what it was`)

    const again = await sendAll(asked)
    for (const [i, it] of asked.entries()) {
      if (ownDoings.test(it.what)) continue
      if (isSame(first[i]!, again[i]!)) continue
      const [a, b] = [first[i]!, again[i]!].map(({ status, text }) => `${status} ${text.slice(0, 900)}`)
      fault(it, `is answered otherwise when others have done something:\n  ${a}\n  ${b}`)
    }
    await worlds.restore()
    for (const bell of ['access', 'standing'] as const) kernel.events.ring(bell, 0)
    if (round % 10 === 9) say(`${report.requests} requests, ${report.faults.length} faults, ${report.events} events`)
  }
  report.neverDone = [...done]
    .filter(([, isDone]) => !isDone)
    .map(([what]) => what)
    .sort()
  return report
}
