/**
 * What single people or teams may do with single things, in place of what a role gives; and why somebody may do something. Always true: of one
 * thing a person has one grant at most, and so has a team.
 */
import type { Account, Team } from '@tidegate/db'
import { z } from 'zod'
import { type Action, actions, fits, type Granted, may, type Permission, permissions, reasonOf, type Securable } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { experimentTarget } from '../experiments/experiments.ts'
import { required } from '../fields.ts'
import { check, operation, type Target } from '../operation.ts'
import { modelTarget } from '../registry/targets.ts'
import { heldBy } from '../standing.ts'
import { findTeam } from '../teams/teams.ts'
import { changed, findAccount } from '../users/accounts.ts'

/** Of an account or of a team. */
export interface Grantee {
  permission: string
  account: Account | null
  team: Team | null
}

/** What is granted on: an experiment by its id, or a registered model by its name. */
const granted = { experimentId: required.nullish(), model: required.nullish() }
type On = { experimentId?: string | null | undefined; model?: string | null | undefined }
const kindOf = ({ model }: On): Granted => (model == null ? 'Experiment' : 'RegisteredModel')

async function onGranted(ctx: Ctx, { experimentId, model }: On): Promise<Target<{ id: number; workspaceId: number }>> {
  if ((experimentId == null) === (model == null)) throw invalid("Give 'experiment' or 'model': one of them.", 'experiment')
  return model == null ? experimentTarget(ctx, experimentId!) : modelTarget(ctx, model)
}

export const listGrants = operation({
  name: 'grant.list',
  input: z.object(granted),
  action: 'manage',
  on: onGranted,
  async run(ctx, on, { id }): Promise<Grantee[]> {
    const where = { kind: kindOf(on), objectId: id }
    const [teams, people] = await Promise.all([
      ctx.db.prisma.teamGrant.findMany({ where, include: { team: true }, orderBy: { team: { name: 'asc' } } }),
      ctx.db.prisma.accessGrant.findMany({ where, include: { account: true }, orderBy: { account: { name: 'asc' } } }),
    ])
    return [...teams.map((it) => ({ ...it, account: null })), ...people.map((it) => ({ ...it, team: null }))]
  },
})

/** For the audit log. */
async function grantState(
  ctx: Ctx,
  { account, team, ...on }: On & { account?: string | null | undefined; team?: string | null | undefined },
  { id }: { id: number },
) {
  const what = { kind: kindOf(on), objectId: id, workspaceId: ctx.workspace.id }
  const select = { permission: true }
  return team
    ? ctx.db.prisma.teamGrant.findFirst({ where: { ...what, team: { name: team } }, select })
    : ctx.db.prisma.accessGrant.findFirst({ where: { ...what, account: { name: account?.toLowerCase() ?? '' } }, select })
}

/** More or less than a role gives, on one experiment or model. Null takes the grant back. */
export const setGrant = operation({
  name: 'grant.set',
  input: z
    .object({
      ...granted,
      account: required.nullish(),
      team: required.nullish(),
      permission: z.enum(Object.keys(permissions) as [Permission, ...Permission[]]).nullable(),
      /** Refused where there is one already (true), or none (false). @default it does not matter */
      isNew: z.boolean().nullish(),
    })
    .refine(({ account, team }) => !account !== !team, { message: "Give 'account' or 'team': one of them.", params: { plain: true } }),
  action: 'manage',
  on: onGranted,
  state: grantState,
  async run(ctx, input, { id: objectId, workspaceId }): Promise<Grantee | null> {
    const { prisma } = ctx.db
    const kind = kindOf(input)
    const { permission } = input
    if (permission !== null && !fits(permission, kind)) throw invalid(`${permission} is a level of registered models.`, 'permission')
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
      if (input.isNew != null) {
        const is = (await prisma.accessGrant.count({ where: key })) > 0
        const what = `${account.name} on ${kind} ${objectId}`
        if (is && input.isNew) throw new AppError('RESOURCE_ALREADY_EXISTS', `A permission of ${what} already exists. Revoke it first.`)
        if (!is && !input.isNew) throw notFound(`No permission of ${what} exists`)
      }
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

const words: Record<Action, string> = {
  read: 'see',
  create: 'make things in',
  review: 'ask for transitions and comment on',
  edit: 'change',
  move: 'move versions of',
  rename: 'rename',
  delete: 'delete',
  manage: 'manage',
}

/** What is asked of registered models only, and of those of the whole workspace where none is named. */
const ofModels: readonly Action[] = ['move', 'rename']

/** May they, and why: by the same rules that decide. Of others it is asked by who manages the workspace. */
export const explainAccess = operation({
  name: 'access.explain',
  input: z.object({
    account: required,
    action: z.enum(actions),
    ...granted,
  }),
  action: 'manage',
  on: (ctx, { account }): Target<null> => ({
    securable: account.toLowerCase() === ctx.actor.name ? { kind: 'Self' } : { kind: 'Workspace', id: ctx.workspace.id },
    row: null,
  }),
  async run(ctx, { account: called, action, experimentId, model }): Promise<{ allowed: boolean; because: string }> {
    const account = await findAccount(ctx, { name: called })
    const { id: workspaceId, name } = ctx.workspace
    const isOne = experimentId != null || model != null
    const target = isOne ? await onGranted(ctx, { experimentId, model }) : undefined
    // Of oneself one learns no more than that a hidden one is not there.
    if (target) check(ctx, 'read', target)
    // Versions and comments are of things in a workspace, not of itself.
    const ofAll = ofModels.includes(action) || action === 'review'
    const all: Securable = ofAll ? { kind: 'RegisteredModel', id: 0, workspaceId } : { kind: 'Workspace', id: workspaceId }
    const on: Securable = (target?.securable as Securable | undefined) ?? all
    if (ofModels.includes(action) && experimentId != null)
      throw invalid(`Only registered models are there to ${action}: name one, or none for all of them.`, 'experiment')
    if (action === 'create' && isOne) throw invalid('Things are made in a workspace: leave out what they are made in.', 'experiment')
    const { standing, ability } = await heldBy(ctx.db, account, workspaceId)
    const isIn = account.disabledAt === null
    const allowed = isIn && may(ability, action, on)
    const whole = ofAll ? `models in the workspace '${name}'` : `the workspace '${name}'`
    const what = model != null ? `the model '${model}'` : experimentId ? `experiment ${experimentId}` : whole
    const reason = isIn ? reasonOf(standing, action, on, name) : 'the account is disabled'
    return { allowed, because: `${account.name} may ${allowed ? '' : 'not '}${words[action]} ${what}: ${reason}.` }
  },
})
