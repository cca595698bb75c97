/**
 * Whom gates mean, and whether what somebody says of a request counts. An approval is asked anew whenever its request is looked at: it is
 * worth what its giver may now, not what they might when they gave it.
 */
import type { Database } from '@tidegate/db'
import { type Ability, type Actor, isAmong, may, type People, type Standing } from '../access.ts'
import { accountOf, type Ctx } from '../context.ts'
import { securableOf } from '../registry/targets.ts'
import { heldBy } from '../standing.ts'
import type { Gate } from './policy.sql.ts'
import { type Request, readVotes } from './requests.sql.ts'

export interface Voter {
  actor: Actor
  standing: Standing
  ability: Ability
  /** The teams they are in. */
  teams: readonly string[]
}

/** Who they are among those who ask and vote: 0 where there are no accounts. */

const teamsOf = async (db: Database, workspaceId: number, accountId: number): Promise<string[]> =>
  (await db.prisma.team.findMany({ where: { workspaceId, members: { some: { accountId } } }, select: { name: true } })).map(
    ({ name }) => name,
  )

/** Whoever asks, with what they came with: a token may do less than its account. */
export const voterOf = async ({ db, workspace, actor, standing, ability }: Ctx): Promise<Voter> => ({
  ...{ actor, standing, ability },
  teams: actor.id === undefined ? [] : await teamsOf(db, workspace.id, actor.id),
})

/** These accounts as they stand now; null for who is gone or shut out. Without 0, who is nobody's account. */
export async function votersOf(db: Database, workspaceId: number, ids: readonly number[]): Promise<Map<number, Voter | null>> {
  const asked = [...new Set(ids)].filter((id) => id > 0)
  const accounts = asked.length ? await db.prisma.account.findMany({ where: { id: { in: asked }, disabledAt: null } }) : []
  const voters = await Promise.all(
    accounts.map(async (account): Promise<[number, Voter]> => {
      const [held, teams] = await Promise.all([heldBy(db, account, workspaceId), teamsOf(db, workspaceId, account.id)])
      return [account.id, { ...held, teams }]
    }),
  )
  const found = new Map(voters)
  return new Map(asked.map((id) => [id, found.get(id) ?? null]))
}

/** Somebody approved whose standing was not read: what was begun is undone, and begun again. */
export class Overtaken extends Error {}

/** Who approved, as they stand now: what they may is read before a transaction, and a vote of anybody else in it undoes it. */
export type Voters = ReadonlyMap<number, Voter | null>

/** Does something by who approved these requests, again where others approve meanwhile. */
export async function withVoters<T>(
  ctx: Pick<Ctx, 'db' | 'workspace'>,
  requests: () => Promise<number[]>,
  work: (voters: Voters) => Promise<T>,
): Promise<T> {
  for (;;) {
    const votes = await readVotes(ctx.db, await requests())
    const voters = await votersOf(
      ctx.db,
      ctx.workspace.id,
      votes.map(({ accountId }) => accountId),
    )
    try {
      return await work(voters)
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
    }
  }
}

export const isOneOf = (voter: Voter, people: People): boolean => isAmong(people, voter)

/** Why somebody's approval does not count; undefined where it does. */
export function voteFault(
  voter: Voter,
  request: Pick<Request, 'accountId' | 'modelId' | 'workspaceId' | 'from' | 'to'>,
  gate: Gate | undefined,
): string | undefined {
  const securable = securableOf({ modelId: request.modelId, workspaceId: request.workspaceId })
  if (!may(voter.ability, 'review', securable)) return 'You may not have a say in transitions of this model.'
  if (!gate) {
    const places = [request.from, request.to]
    return may(voter.ability, 'move', { ...securable, places })
      ? undefined
      : 'Who may move the version themselves may approve: you may not.'
  }
  if (!isOneOf(voter, gate.approvers)) return `You are not among those whose approval counts for '${gate.stage}'.`
  return !gate.selfApproval && request.accountId === accountOf(voter) ? 'You asked for it yourself: another must approve.' : undefined
}
