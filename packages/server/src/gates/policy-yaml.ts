/**
 * Stages and gates as YAML: written so that it can be read again, and read with the place of each fault. Always true: what is not known is a
 * fault, not passed over; and what is left out is as above it.
 */
import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument, stringify } from 'yaml'
import type { People } from '../access.ts'
import { AppError, invalid } from '../errors.ts'
import { noParams } from './built-in.ts'
import type { Gate } from './policy.sql.ts'

export interface Said {
  stages: readonly string[] | null
  gates: readonly Gate[] | null
}

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/** `7d`, `12h`, `90s`; ms where it is none of them. */
function span(ms: number): string | number {
  const unit = (Object.keys(units) as Array<keyof typeof units>).find((each) => ms % units[each] === 0)
  return unit ? `${ms / units[unit]}${unit}` : ms
}

/** What says something: nothing is written of what is as it comes. */
const some = (it: object): object =>
  Object.fromEntries(
    Object.entries(it).filter(([, value]) => value !== null && value !== false && !(Array.isArray(value) && !value.length)),
  )
const people = (it: People | null | undefined) => (it ? some({ role: it.role, accounts: it.accounts, teams: it.teams }) : null)

function plain(gate: Gate): object {
  const { stage, from, approvals, approvers, selfApproval, checks, commentRequired, ttl } = gate
  const params = { ...noParams, ...gate.params }
  const asked = some({ ...params, metrics: params.metrics.map(some) })
  return {
    ...{ stage, approvals },
    ...some({
      approvers: approvals > 0 ? people(approvers) : null,
      ...{ selfApproval, checks, params: Object.keys(asked).length ? asked : null, from },
      ...{ requesters: people(gate.requesters), passers: people(gate.passers), commentRequired, ttl: ttl === null ? null : span(ttl) },
    }),
  }
}

export const yamlOf = ({ stages, gates }: Said): string =>
  stringify({ ...(stages && { stages }), ...(gates && { gates: gates.map(plain) }) }, { lineWidth: 0 })

/** The fields of each thing; of a list, those of its items. */
interface Shape {
  [field: string]: Shape | null
}
const ofPeople: Shape = { role: null, accounts: null, teams: null }
const shape: Shape = {
  stages: null,
  gates: {
    ...{ stage: null, from: null, requesters: ofPeople, passers: ofPeople, approvers: ofPeople, approvals: null, selfApproval: null },
    ...{ checks: null, ttl: null, commentRequired: null },
    params: {
      metrics: { key: null, dataset: null, min: null, max: null, betterBy: null, lowerIsBetter: null },
      ...{ headings: null, imports: null, licences: null, evidence: null },
    },
  },
}

/** Characters that are read. */
const longest = 100_000

export interface ReadPolicy {
  /** As `setPolicy` takes it. */
  input: { stages?: unknown; gates?: unknown }
  /** The same fault with the place in the text of the field that it is about. */
  placed(error: unknown): unknown
}

/** Throws INVALID_PARAMETER_VALUE, with line and column, where it can't be read. */
export function readYaml(text: string): ReadPolicy {
  if (text.length > longest) throw invalid(`It has more than ${longest} characters.`, 'yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', uniqueKeys: true })
  const fault = (message: string, offset: number) => {
    const { line, col } = lines.linePos(offset)
    return invalid(`Line ${Math.max(line, 1)}, column ${Math.max(col, 1)}: ${message}`, 'yaml')
  }
  const [broken] = document.errors
  if (broken) throw fault(broken.message, broken.pos[0])
  const start = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0

  const known = (node: unknown, fields: Shape) => {
    if (!isMap(node)) return
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const of = fields[name]
      if (of === undefined) throw fault(`There is no field '${name}' here: there are ${Object.keys(fields).join(', ')}.`, start(key))
      if (of === null) continue
      const items = (value as { items?: unknown[] } | null)?.items ?? []
      if (isMap(value)) known(value, of)
      else for (const item of items) known(item, of)
    }
  }
  const { contents } = document
  if (!isMap(contents) || !(contents.has('stages') || contents.has('gates')))
    throw fault('It says neither stages nor gates. Without any gate it is `gates: []`.', start(contents))
  known(contents, shape)

  let input: { stages?: unknown; gates?: unknown }
  try {
    input = document.toJS({ maxAliasCount: 50 })
  } catch (error) {
    throw fault((error as Error).message, 0)
  }
  for (const [i, gate] of (Array.isArray(input.gates) ? input.gates : []).entries()) {
    const said = (gate as { ttl?: unknown } | null)?.ttl
    if (typeof said !== 'string') continue
    const parts = /^(\d+(?:\.\d+)?)\s*([dhms])$/.exec(said.trim())
    if (!parts) throw fault(`'${said}' is no time: such as 7d, 12h, 30m or 90s.`, start(document.getIn(['gates', i, 'ttl'], true)))
    gate.ttl = Math.round(Number(parts[1]) * units[parts[2] as keyof typeof units])
  }

  /** Where a field is, or what it would be in. */
  const place = (field: string): number => {
    let node: unknown = contents
    let offset = start(contents)
    for (const part of field.split(/[.[\]]+/).filter(Boolean)) {
      const holder = node as { items?: unknown[] }
      const found = holder?.items?.find((item, i) => (isPair(item) ? isScalar(item.key) && item.key.value === part : i === Number(part)))
      if (!found) return offset
      offset = isPair(found) ? start(found.key) : start(found)
      node = isPair(found) ? found.value : found
    }
    return isScalar(node) ? start(node) : offset
  }
  return {
    input,
    placed: (error) =>
      error instanceof AppError && error.code === 'INVALID_PARAMETER_VALUE' && error.field
        ? fault(error.message, place(error.field))
        : error,
  }
}
