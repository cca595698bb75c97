/**
 * What runs print: lines, numbered from 0 in the order they came. Always true: a line never changes and is never lost once it was
 * acknowledged, and a request that is sent again writes nothing twice where it has a batch id.
 */
import { z } from 'zod'
import { type Ctx, inTransaction } from '../context.ts'
import { invalid } from '../errors.ts'
import { required } from '../fields.ts'
import { call, operation } from '../operation.ts'
import { onRun, refusal } from '../runs/runs.ts'
import { appendBlocks, type Block, holdRun, isSameBatch, knownBatch, readBlocks, readHead, type StoredBlock } from './logs.sql.ts'

export const sources = { NONE: 0, STDOUT: 1, STDERR: 2 } as const
export type Source = keyof typeof sources
const sourceNames = Object.keys(sources) as Source[]

export const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const
export type Level = (typeof levels)[number]

export interface LogLine {
  number: number
  time: number
  source: Source
  level: Level
  text: string
}

export const logLimits = {
  /** Characters of a line. */
  line: 16_384,
  linesPerRequest: 10_000,
  /** Characters of a request's text. */
  textPerRequest: 4_000_000,
  /** Bytes of all lines of a run. */
  run: 200_000_000,
  linesPerPage: 5_000,
} as const

const patterns = {
  ERROR: 'ERROR|CRITICAL|FATAL|Traceback|Error|Exception',
  WARNING: 'WARN|ERROR|CRITICAL|FATAL|Traceback|Error|Exception',
}
const errors = /\b(?:ERROR|CRITICAL|FATAL)\b|^Traceback \(|^[\w.]*(?:Error|Exception)(?:: |$)/
const warnings = /\bWARN(?:ING)?\b|^.*\.py:\d+: \w*Warning: /

/** By the words that logging libraries write. */
export function levelOf(text: string): Level {
  if (errors.test(text)) return 'ERROR'
  if (warnings.test(text)) return 'WARNING'
  return /\b(?:DEBUG|TRACE)\b/.test(text) ? 'DEBUG' : 'INFO'
}

/** A progress bar overwrites its line: what stood there last is the line. */
function settled(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  const last = text.slice(text.lastIndexOf('\r') + 1).replaceAll('\0', '')
  return last.length > logLimits.line ? `${last.slice(0, logLimits.line)}…` : last
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map(settled)
  // A newline at the end ends the last line and begins none.
  if (text.endsWith('\n')) lines.pop()
  return lines
}

const entry = z.object({
  text: z.string(),
  time: z.int().min(0).nullish(),
  source: z.enum(sourceNames as [Source, ...Source[]]).nullish(),
})

export const appendLog = operation({
  name: 'log.append',
  quiet: true,
  input: z.object({ runId: required, entries: z.array(entry).min(1), batch: z.string().min(1).max(100).nullish() }),
  action: 'edit',
  on: onRun,
  async run(ctx, { entries, batch = null }, ref): Promise<number> {
    const now = Date.now()
    const blocks = entries
      .map(({ text, time, source }): Block => ({ at: time ?? now, source: sources[source ?? 'NONE'], lines: linesOf(text) }))
      .filter(({ lines }) => lines.length > 0)
    const count = blocks.reduce((sum, { lines }) => sum + lines.length, 0)
    const size = entries.reduce((sum, { text }) => sum + text.length, 0)
    if (count > logLimits.linesPerRequest || size > logLimits.textPerRequest) {
      throw invalid(
        `${count} lines of ${size} characters are more than a request takes: ${logLimits.linesPerRequest} lines and ${logLimits.textPerRequest} characters. Send them in several.`,
        'entries',
      )
    }
    const bytes = blocks.reduce((sum, { lines }) => sum + lines.reduce((all, line) => all + Buffer.byteLength(line) + 1, 0), 0)
    const total = async () => (await readHead(ctx.db, ref.id)).lines
    if (count === 0) return total()
    try {
      return await inTransaction(ctx, async (tx) => {
        if (!(await holdRun(tx, ref.id))) throw await refusal(ctx, ref, tx)
        if (batch && (await knownBatch(tx, ref.id, batch))) return (await readHead(tx, ref.id)).lines
        const head = await readHead(tx, ref.id)
        if (head.bytes + bytes > logLimits.run) {
          throw invalid(
            `The log of run ${ref.uuid} has ${head.bytes} bytes of the ${logLimits.run} it can have. Log the rest as an artifact.`,
            'entries',
          )
        }
        const after = await appendBlocks(tx, ref.id, blocks, bytes, batch)
        tx.ring('log', ref.id)
        return after
      })
    } catch (error) {
      // The same request twice at the same time.
      if (isSameBatch(error)) return total()
      throw error
    }
  },
})

export interface LogPage {
  lines: LogLine[]
  /** How many lines the log has. */
  total: number
  bytes: number
  /** Where to read on; null at the end. */
  next: number | null
}

function* unpack({ first, at, source, text }: StoredBlock): Generator<LogLine> {
  let number = first
  for (const line of text.split('\n')) {
    yield { number: number++, time: at, source: sourceNames[source]!, level: levelOf(line), text: line }
  }
}

/** Blocks that are read at once. */
const blocksPerRead = 200

export const readLog = operation({
  name: 'log.read',
  input: z.object({
    runId: required,
    from: z.int(),
    first: z.int().min(1).max(logLimits.linesPerPage),
    search: z.string().max(1_000).nullish(),
    level: z.enum(levels).nullish(),
  }),
  action: 'read',
  on: onRun,
  async run(ctx, { from, first, search, level }, ref): Promise<LogPage> {
    const { lines: total, bytes } = await readHead(ctx.db, ref.id)
    const least = levels.indexOf(level ?? 'DEBUG')
    const words = search?.toLowerCase()
    const matches = (line: LogLine) => levels.indexOf(line.level) >= least && (!words || line.text.toLowerCase().includes(words))
    const start = from < 0 ? Math.max(0, total + from) : from
    const only = {
      ...(search && { words: search }),
      ...(level === 'ERROR' || level === 'WARNING' ? { pattern: patterns[level] } : {}),
    }
    const found: LogLine[] = []
    let at = start
    while (at < total) {
      ctx.signal?.throwIfAborted()
      const blocks = await readBlocks(ctx.db, ref.id, at, blocksPerRead, only)
      for (const block of blocks) {
        for (const line of unpack(block)) {
          if (line.number < at || line.number >= total || !matches(line)) continue
          if (found.length === first) return { lines: found, total, bytes, next: line.number }
          found.push(line)
        }
        at = block.first + block.text.split('\n').length
      }
      if (blocks.length < blocksPerRead) break
    }
    return { lines: found, total, bytes, next: null }
  },
})

/** The most lines of one event. */
const linesPerEvent = 2_000

const watchLog = operation({
  name: 'log.watch',
  input: z.object({ runId: required, after: z.int().min(0).nullish() }),
  action: 'read',
  on: onRun,
  run: async (ctx, { after }, ref) => ({ ref, at: after ?? (await readHead(ctx.db, ref.id)).lines }),
})

/** Lines as they come, each once, from a line on. */
export async function* linesSince(
  ctx: Ctx,
  raw: { runId: string; after?: number | null | undefined },
  signal: AbortSignal,
): AsyncGenerator<LogPage> {
  const { ref, at: start } = await call(ctx, watchLog, raw)
  let at = start
  for await (const _ of ctx.events.listen([['log', ref.id]], signal)) {
    for (let more = true; more && !signal.aborted; ) {
      const page = await call(ctx, readLog, { runId: ref.uuid, from: at, first: linesPerEvent })
      more = page.next !== null
      at = page.next ?? Math.max(at, page.total)
      if (page.lines.length > 0) yield page
    }
  }
}
