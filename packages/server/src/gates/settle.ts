/**
 * The life of a transition request: open, and then approved, rejected, cancelled, expired or superseded, for ever. Always true: a request
 * is looked at and closed in a transaction that holds its model, so of two at once one decides; what it needs is asked of the gate that
 * stands now, not of the one it was asked under; and a version comes into a gated stage in the transaction that approves its request.
 */
import { type Doer, server, type Tx } from '../context.ts'
import { moveAlias, moveStage } from '../registry/moves.ts'
import { type OwnCheck, readOwnChecks } from './built-in.sql.ts'
import { askedOf, isBuiltIn } from './built-in.ts'
import { gateOf, isOfAliases, policyOf } from './effective.ts'
import { Overtaken, type Voters, voteFault } from './people.ts'
import type { Gate } from './policy.sql.ts'
import {
  type Check,
  type CheckState,
  closeRequest,
  type Override,
  type Request,
  readChecks,
  readOverrides,
  readVotes,
  type Vote,
} from './requests.sql.ts'

/** A check that a request waits for. */
export interface NeededCheck {
  name: string
  /** Whether the server runs it itself. */
  isOwn: boolean
  /** Null: it has not been heard of. */
  check: Check | null
  override: Override | null
  isMet: boolean
}

export interface Judged {
  /** Approvals that count, and how many there must be. */
  votes: Vote[]
  needed: number
  checks: NeededCheck[]
  /** Nothing is missing. */
  isOpen: boolean
}

const passing: readonly CheckState[] = ['PASSED', 'SKIPPED']

/** What the server found itself, as others' checks are told. */
export const asCheck = ({ versionId, name, state, summary, numbers, at }: OwnCheck): Check => ({
  ...{ versionId, name, state, summary, url: '', numbers, actor: server.name, at },
})

/** What it found on the way there, by what the gate asks now. */
function ownOf(name: string, place: string, gate: Gate, own: readonly OwnCheck[]): Check | undefined {
  const found = own.find((each) => each.name === name && each.place === place && each.params === askedOf(name, gate))
  return found && asCheck(found)
}

/** Without a gate one approval of somebody who might move it themselves is enough. */
export function judge(
  request: Pick<Request, 'accountId' | 'modelId' | 'workspaceId' | 'from' | 'to'>,
  gate: Gate | undefined,
  {
    votes,
    voters,
    checks,
    own,
    overrides,
  }: {
    votes: readonly Vote[]
    voters: Voters
    checks: readonly Check[]
    own: readonly OwnCheck[]
    overrides: readonly Override[]
  },
): Judged {
  const counts = ({ accountId }: Vote): boolean => {
    // Where there are no accounts there is one person, who may all.
    if (accountId === 0) return !gate || gate.selfApproval || request.accountId !== 0
    const voter = voters.get(accountId)
    return voter != null && voteFault(voter, request, gate) === undefined
  }
  const counted = votes.filter(counts)
  const needed = gate?.approvals ?? 1
  const wanted = (gate?.checks ?? []).map((name): NeededCheck => {
    const isOwn = isBuiltIn(name)
    const check = (isOwn ? ownOf(name, request.to, gate!, own) : checks.find((each) => each.name === name)) ?? null
    const override = overrides.find((each) => each.name === name) ?? null
    return { name, isOwn, check, override, isMet: override !== null || (check !== null && passing.includes(check.state)) }
  })
  return { votes: counted, needed, checks: wanted, isOpen: counted.length >= needed && wanted.every(({ isMet }) => isMet) }
}

/** Approves it where nothing is missing. False where it goes on waiting. */
export async function settle(tx: Tx, ctx: Doer, request: Request, gate: Gate | undefined, voters: Voters): Promise<boolean> {
  const [votes, checks, own, overrides] = [
    await readVotes(tx, [request.id]),
    await readChecks(tx, [request.versionId]),
    await readOwnChecks(tx, [request.versionId]),
    await readOverrides(tx, [request.id]),
  ]
  if (votes.some(({ accountId }) => accountId > 0 && !voters.has(accountId))) throw new Overtaken()
  if (!judge(request, gate, { votes, voters, checks, own, overrides }).isOpen) return false
  if (!(await closeRequest(tx, request.id, { state: 'APPROVED', by: ctx.actor.name, comment: '', at: Date.now() }))) return false
  const version = { id: request.versionId, version: request.version }
  const it = { model: request.modelId, comment: request.comment, request: request.id }
  if (isOfAliases(request.to)) await moveAlias(tx, ctx, { kind: 'alias', ...it, alias: request.to.slice(1), to: version })
  else await moveStage(tx, ctx, { kind: 'stage', ...it, version, to: request.to, archiveOthers: request.archiveExisting })
  return true
}

export const gateNow = async (
  tx: Tx,
  { workspaceId, modelId, to }: Pick<Request, 'workspaceId' | 'modelId' | 'to'>,
): Promise<Gate | undefined> => gateOf(await policyOf(tx, workspaceId, modelId), to)
