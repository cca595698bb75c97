/**
 * What single people or teams may do with single things, in place of what a role gives; and why somebody may do something. Always true: of one
 * thing a person has one grant at most, and so has a team.
 */
import type { Account, Team } from '@tidegate/db'
import { z } from 'zod'
import { type Action, abilityOf, may, type Permission, permissions, reasonOf, type Securable } from '../access.ts'
import { invalid } from '../errors.ts'
import { experimentTarget } from '../experiments/experiments.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { readStanding } from '../standing.ts'
import { findTeam } from '../teams/teams.ts'
import { changed, findAccount } from '../users/accounts.ts'

/** Of an account or of a team. */
export interface Grantee {
  permission: string
  account: Account | null
  team: Team | null
}

const kind = 'Experiment'

export const listGrants = operation({
  name: 'grant.list',
  input: z.object({ experimentId: required }),
  action: 'manage',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, _, { id }): Promise<Grantee[]> {
    const where = { kind, objectId: id }
    const [teams, people] = await Promise.all([
      ctx.db.prisma.teamGrant.findMany({ where, include: { team: true }, orderBy: { team: { name: 'asc' } } }),
      ctx.db.prisma.accessGrant.findMany({ where, include: { account: true }, orderBy: { account: { name: 'asc' } } }),
    ])
    return [...teams.map((it) => ({ ...it, account: null })), ...people.map((it) => ({ ...it, team: null }))]
  },
})

/** More or less than a role gives, on one experiment. Null takes the grant back. */
export const setGrant = operation({
  name: 'grant.set',
  input: z
    .object({
      experimentId: required,
      account: required.nullish(),
      team: required.nullish(),
      permission: z.enum(Object.keys(permissions) as [Permission, ...Permission[]]).nullable(),
    })
    .refine(({ account, team }) => !account !== !team, { message: "Give 'account' or 'team': one of them.", params: { plain: true } }),
  action: 'manage',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, input, { id: objectId, workspaceId }): Promise<Grantee | null> {
    const { prisma } = ctx.db
    const { permission } = input
    let grant: Grantee | null = null
    if (input.team) {
      const team = await findTeam(ctx, input.team)
      const key = { teamId: team.id, kind, objectId }
      if (permission === null) await prisma.teamGrant.deleteMany({ where: key })
      else {
        const where = { teamId_kind_objectId: key }
        await prisma.teamGrant.upsert({ where, create: { ...key, workspaceId, permission }, update: { permission } })
        grant = { permission, team, account: null }
      }
    } else {
      const account = await findAccount(ctx, { name: input.account! })
      const key = { accountId: account.id, kind, objectId }
      if (permission === null) await prisma.accessGrant.deleteMany({ where: key })
      else {
        const where = { accountId_kind_objectId: key }
        await prisma.accessGrant.upsert({ where, create: { ...key, workspaceId, permission }, update: { permission } })
        grant = { permission, account, team: null }
      }
    }
    changed(ctx)
    return grant
  },
})

const words: Record<Action, string> = { read: 'see', create: 'make things in', edit: 'change', delete: 'delete', manage: 'manage' }

/** May they, and why: by the same rules that decide. Of others it is asked by who manages the workspace. */
export const explainAccess = operation({
  name: 'access.explain',
  input: z.object({
    account: required,
    action: z.enum(['read', 'create', 'edit', 'delete', 'manage']),
    experimentId: required.nullish(),
  }),
  action: 'manage',
  on: (ctx, { account }): Target<null> => ({
    securable: account.toLowerCase() === ctx.actor.name ? { kind: 'Self' } : { kind: 'Workspace', id: ctx.workspace.id },
    row: null,
  }),
  async run(ctx, { account: called, action, experimentId }): Promise<{ allowed: boolean; because: string }> {
    const account = await findAccount(ctx, { name: called })
    const { id: workspaceId, name } = ctx.workspace
    const on: Securable = experimentId ? (await experimentTarget(ctx, experimentId)).securable : { kind: 'Workspace', id: workspaceId }
    if (action === 'create' && experimentId) throw invalid('Things are made in a workspace: leave out the experiment.', 'experiment')
    const standing = await readStanding(ctx.db, account, workspaceId)
    const isIn = account.disabledAt === null
    const allowed = isIn && may(abilityOf({ name: account.name, kind: 'ACCOUNT', id: account.id }, workspaceId, standing), action, on)
    const what = experimentId ? `experiment ${experimentId}` : `the workspace '${name}'`
    const reason = isIn ? reasonOf(standing, action, on, name) : 'the account is disabled'
    return { allowed, because: `${account.name} may ${allowed ? '' : 'not '}${words[action]} ${what}: ${reason}.` }
  },
})
