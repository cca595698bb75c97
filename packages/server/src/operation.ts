/**
 * The one door to the domain. An operation is one thing the platform can do: its input, the action, what it acts on, and
 * the doing. `call` always goes the same way: parse, load what it acts on (or not found), authorise, run, log a line.
 * An operation without `action` and `on` does not compile, so nothing can be done unasked.
 */
import type { z } from 'zod'
import { type Action, authorise, authoriseWriting, type Securable } from './access.ts'
import { changeOf, writeDown } from './audit.ts'
import { type Ctx, checkSignedIn } from './context.ts'
import { AppError, show } from './errors.ts'

/** What an operation acts on: the row, and what permission on it is asked of; of each, where those are several. */
export interface Target<Row, On extends Securable | Securable[] = Securable> {
  securable: On
  row: Row
  /** What is said where it may not be seen: the same as where there is none. @default as of an experiment */
  unseen?: () => AppError
}

export interface Operation<Input, Row, Result> {
  /** Part of the stream that runs log: not in the audit log. */
  quiet?: true
  /** Changes something, though to see a thing is all that it asks for: a token that only reads can't do it. */
  writes?: true
  /** Asked before it is known who asks, such as who signs in: nothing is authorised. */
  open?: true
  /** `noun.verb`, for the log. */
  name: string
  input: z.ZodType<Input>
  action: Action
  on(ctx: Ctx, input: Input): Acted<Row> | Promise<Acted<Row>>
  /** What it may change, as the audit log shows it: read before it and after. Null where there is none. */
  state?(ctx: Ctx, input: Input, row: Row): Promise<object | null>
  run(ctx: Ctx, input: Input, row: Row): Promise<Result> | Result
}

type Acted<Row> = Target<Row, Securable | Securable[]>

/** All there are, by name: what the proofs of access go through. */
export const operations = new Map<string, Operation<unknown, unknown, unknown>>()

/** Declares one. The types of `run`'s arguments come from `input` and from what `on` returns. */
export function operation<Schema extends z.ZodType, On extends Acted<unknown> | Promise<Acted<unknown>>, Result>(it: {
  quiet?: true
  writes?: true
  open?: true
  name: string
  input: Schema
  action: Action
  on: (ctx: Ctx, input: z.output<Schema>) => On
  state?: (ctx: Ctx, input: NoInfer<z.output<Schema>>, row: NoInfer<Awaited<On>['row']>) => Promise<object | null>
  run: (ctx: Ctx, input: z.output<Schema>, row: Awaited<On>['row']) => Promise<Result> | Result
}): Operation<z.output<Schema>, Awaited<On>['row'], Result> {
  if (operations.has(it.name)) throw new Error(`Two operations are called '${it.name}'.`)
  operations.set(it.name, it as unknown as Operation<unknown, unknown, unknown>)
  return it as unknown as Operation<z.output<Schema>, Awaited<On>['row'], Result>
}

/** Does it, for whoever `ctx` speaks for. */
export async function call<Input, Row, Result>(ctx: Ctx, op: Operation<Input, Row, Result>, raw: unknown): Promise<Result> {
  const start = performance.now()
  let outcome = 'OK'
  let on: Acted<unknown>['securable'] | undefined
  const tell = (change?: ReturnType<typeof changeOf>) =>
    writeDown(ctx, {
      operation: op.name,
      isReading: op.action === 'read' && !op.writes,
      on,
      input: raw,
      outcome,
      quiet: op.quiet ?? false,
      change,
    })
  try {
    if (!op.open) checkSignedIn(ctx)
    const parsed = op.input.safeParse(raw)
    if (!parsed.success) throw refusal(ctx, parsed.error, raw)
    const target = await op.on(ctx, parsed.data)
    const { row } = target
    on = target.securable
    if (!op.open) check(ctx, op.action, target)
    if (op.writes) authoriseWriting(ctx.standing)
    const state = async () => (ctx.authenticate.mode === 'open' ? undefined : await op.state?.(ctx, parsed.data, row))
    const before = await state()
    const result = await op.run(ctx, parsed.data, row)
    const change = op.state && changeOf(before, await state())
    await tell(change)
    return result
  } catch (thrown) {
    const error = meanwhile(thrown)
    outcome = error instanceof AppError ? error.code : 'INTERNAL_ERROR'
    await tell()
    throw error
  } finally {
    ctx.log.debug({ op: op.name, actor: ctx.actor.name, ms: Math.round((performance.now() - start) * 10) / 10, outcome })
  }
}

/** What another request did at the same time comes as a code of Prisma's: as an answer. */
function meanwhile(error: unknown): unknown {
  const code = error instanceof AppError ? undefined : (error as { code?: unknown } | null)?.code
  if (code === 'P2025' || code === 'P2003')
    return new AppError('RESOURCE_DOES_NOT_EXIST', 'What this is about was deleted meanwhile.', { cause: error })
  if (code === 'P2034' || code === 'P2002')
    return new AppError('RESOURCE_CONFLICT', 'Somebody changed the same at the same time, and nothing was done. Try again.', {
      cause: error,
    })
  // A transaction that could not begin, or did not come to its end.
  if (code === 'P2028' || code === 'P2024')
    return new AppError('TEMPORARILY_UNAVAILABLE', 'The database has more to do than it can, and nothing was done. Try again.', {
      cause: error,
    })
  return error
}

/** Throws unless it may be done to all that it acts on. */
export function check(ctx: Ctx, action: Action, { securable, unseen }: Acted<unknown>): void {
  try {
    for (const each of [securable].flat()) authorise(ctx.ability, action, each)
  } catch (error) {
    throw unseen && error instanceof AppError && error.code === 'RESOURCE_DOES_NOT_EXIST' ? unseen() : error
  }
}

/** The first fault of an input, in MLflow's sentences: its clients match them. */
function refusal(ctx: Ctx, error: z.ZodError, raw: unknown): AppError {
  const issue = error.issues[0]!
  let value = raw
  let field = ''
  for (const part of issue.path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[part]
    field += typeof part === 'number' ? `[${part}]` : `${field && '.'}${ctx.spell(String(part))}`
  }
  const params = issue.code === 'custom' ? (issue.params ?? {}) : {}
  // MLflow calls a metric's key its name, where it refuses it: the value is not at the path then.
  if ('value' in params) value = params.value
  const missing = params.missing || value === undefined || value === null || (value === '' && issue.code === 'too_small')
  const complaint = params.plain
    ? issue.message
    : missing
      ? `Missing value for required parameter '${field}'.`
      : `Invalid value ${show(value)} for parameter '${field}' supplied: ${issue.message}`
  const message = `${complaint}${/[.!?]$/.test(complaint) ? '' : '.'} See the API docs for more information about request parameters.`
  return new AppError('INVALID_PARAMETER_VALUE', message, { field })
}
