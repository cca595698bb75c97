/** `tidegate logs`: what a run printed, and what it prints. */
import { graphql } from '@tidegate/client'
import { examples } from '../examples.ts'
import { notFound, usage } from '../exit.ts'
import type { Commands } from '../session.ts'
import { plain } from '../table.ts'

const Log = graphql(`query Log($run: ID!, $from: Int!, $first: Int!, $search: String, $level: LogLevel) {
  run(id: $run) { log(from: $from, first: $first, search: $search, level: $level) { next total lines { number time source level text } } }
}`)
const Lines = graphql(`subscription Lines($run: ID!, $after: Int) {
  logLines(run: $run, after: $after) { lines { number time source level text } }
}`)

interface Flags {
  follow?: boolean
  tail?: string
  search?: string
  level?: string
}

const levels = ['debug', 'info', 'warning', 'error'] as const
const perPage = 5_000

export default ((program, act) => {
  const command = program
    .command('logs')
    .description('what a run printed')
    .argument('<run>', 'its id')
    .option('-f, --follow', 'goes on with what it prints, until Ctrl-C')
    .option('--tail <lines>', 'only so many lines of its end')
    .option('--search <text>', 'only lines that hold the text, in any case')
    .option('--level <level>', `only lines at least as grave: ${levels.join(', ')}`)
  examples(command, 'logs 0123456789abcdef0123456789abcdef --follow', 'logs 0123456789abcdef0123456789abcdef --level error --json').action(
    act(async ({ client, out, signal }, run: string, { follow, tail, search, level }: Flags) => {
      if (tail !== undefined && !/^\d+$/.test(tail)) throw usage(`--tail is '${tail}': give a number of lines.`)
      if (level !== undefined && !levels.includes(level.toLowerCase() as never))
        throw usage(`--level is '${level}': it is one of ${levels.join(', ')}.`)
      const least = level?.toUpperCase() as 'ERROR' | undefined
      const write = (line: { text: string }) => out.event(line, () => plain(line.text))
      let seen = 0
      for (let from: number | null = tail === undefined ? 0 : tail === '0' ? Number.MAX_SAFE_INTEGER : -Number(tail); from !== null; ) {
        const start = Math.min(from, 2 ** 31 - 1)
        const { run: found } = await client.query(Log, { run, from: start, first: perPage, search, level: least }, { signal })
        if (!found) throw notFound(`There is no run ${run}.`)
        for (const line of found.log.lines) write(line)
        seen = found.log.total
        from = found.log.next
      }
      if (!follow) return
      for await (const { logLines } of client.subscribe(Lines, { run, after: seen }, { signal })) {
        for (const line of logLines.lines) {
          const isGrave = !least || levels.indexOf(line.level.toLowerCase() as never) >= levels.indexOf(least.toLowerCase() as never)
          if (isGrave && (!search || line.text.toLowerCase().includes(search.toLowerCase()))) write(line)
        }
      }
    }),
  )
}) satisfies Commands
