/** Roles of a workspace's own making, in GraphQL; and who is in a workspace as what, live. */
import { isDeepStrictEqual } from 'node:util'
import type { RoleRule } from '@tidegate/db'
import type { Permission as PermissionName } from '../access.ts'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { live } from '../subscription.ts'
import { Team } from '../teams/teams.graphql.ts'
import { listTeams, type TeamWithMembers } from '../teams/teams.ts'
import { Account } from '../users/users.graphql.ts'
import { Member, Permission } from '../workspaces/workspaces.graphql.ts'
import { listMembers, type MemberWithAccount } from '../workspaces/workspaces.ts'
import {
  addRule,
  assignRole,
  createRole,
  deleteRole,
  kinds,
  listRoles,
  namesOf,
  type RuleKind,
  removeRule,
  unassignRole,
  updateRole,
  updateRule,
  type WholeRole,
} from './roles.ts'

const kindNames: Record<RuleKind, { name: string; description: string }> = {
  Workspace: { name: 'WORKSPACE', description: 'The workspace: USE is to be in it and make things, MANAGE is all of it.' },
  Experiment: { name: 'EXPERIMENT', description: 'Experiments, with the runs, models, files and views in them.' },
  RegisteredModel: { name: 'REGISTERED_MODEL', description: 'Registered models, with their versions.' },
}
const SecurableKind = builder.enumType('SecurableKind', {
  description: 'What a rule is about.',
  values: Object.fromEntries(
    kinds.map((kind) => [kindNames[kind].name, { value: kind, description: kindNames[kind].description }]),
  ) as Record<string, { value: RuleKind; description: string }>,
})

const TagCondition = builder.objectRef<{ key: string; value: string }>('TagCondition').implement({
  description: 'A tag that a thing has to have.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Exactly this.' }),
  }),
})
const TagConditionInput = builder.inputType('TagConditionInput', {
  description: 'A tag that a thing has to have.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Its name.' }),
    value: t.string({ required: true, description: 'Exactly this.' }),
  }),
})

const AccessRule = builder.objectRef<RoleRule>('AccessRule').implement({
  description: 'What a role gives or takes. NO_PERMISSIONS takes, whatever else gives it; all others add to what the person has.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    kind: t.field({ type: SecurableKind, description: 'What it is about.', resolve: ({ kind }) => kind as RuleKind }),
    about: t.string({
      nullable: true,
      description:
        'The one thing that it is about: the id of an experiment, the name of a model. Null: all of its kind, or those with the tags.',
      resolve: async (rule, _args, ctx) => (await namesOf(ctx, [rule])).get(rule.id) ?? null,
    }),
    tags: t.field({
      type: [TagCondition],
      description: 'Only those that have all of these.',
      resolve: ({ tags }) => Object.entries(tags as Record<string, string>).map(([key, value]) => ({ key, value })),
    }),
    stage: t.exposeString('stage', { nullable: true, description: 'Of models only those with a version in this stage.' }),
    alias: t.exposeString('alias', { nullable: true, description: 'Of models only those that have this alias.' }),
    isOwn: t.exposeBoolean('isOwn', { description: 'Of models only those that the holder of the role made.' }),
    permission: t.field({
      type: Permission,
      description: 'What it gives, or takes.',
      resolve: ({ permission }) => permission as PermissionName,
    }),
  }),
})

const CustomRole = builder.objectRef<WholeRole>('CustomRole').implement({
  description: 'A role of the workspace’s own making: it adds to what its holders may do, or takes from it.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'What it is called; unique in its workspace.' }),
    description: t.exposeString('description', { description: 'What it is for.' }),
    rules: t.field({ type: [AccessRule], description: 'What it gives and takes.', resolve: ({ rules }) => rules }),
    accounts: t.field({
      type: [Account],
      description: 'Who holds it themselves.',
      resolve: ({ holders }) => holders.flatMap(({ account }) => (account ? [{ ...account, email: null }] : [])),
    }),
    teams: t.stringList({
      description: 'The names of the teams that hold it.',
      resolve: ({ holders }) => holders.flatMap(({ team }) => team?.name ?? []),
    }),
  }),
})

const RolePayload = builder
  .objectRef<WholeRole>('RolePayload')
  .implement({ fields: (t) => ({ role: t.field({ type: CustomRole, resolve: (role) => role }) }) })
const RulePayload = builder
  .objectRef<RoleRule>('RulePayload')
  .implement({ fields: (t) => ({ rule: t.field({ type: AccessRule, resolve: (rule) => rule }) }) })
const DeleteRolePayload = builder
  .objectRef<{ id: string }>('DeleteRolePayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'The role that is gone.' }) }) })

builder.queryFields((t) => ({
  roles: t.field({
    type: [CustomRole],
    description: 'The roles that this workspace has made, by name, beside the five that every workspace has.',
    resolve: (_root, _args, ctx) => call(ctx, listRoles, {}),
  }),
}))

builder.mutationFields((t) => {
  const role = t.arg.id({ required: true, description: 'The id of a role.' })
  const rule = t.arg.id({ required: true, description: 'The id of a rule.' })
  const name = { description: 'What it is called.' }
  const description = t.arg.string({ description: 'What it is for.' })
  const permission = t.arg({ type: Permission, required: true, description: 'What it gives; NO_PERMISSIONS takes.' })
  const holder = {
    role,
    account: t.arg.string({ description: 'The name of an account; or give a team.' }),
    team: t.arg.string({ description: 'The name of a team; or give an account.' }),
  }
  return {
    createRole: t.field({
      type: RolePayload,
      description: 'Makes a role. It says nothing yet: `addRule`.',
      args: { name: t.arg.string({ ...name, required: true }), description },
      resolve: (_root, args, ctx) => call(ctx, createRole, args),
    }),
    updateRole: t.field({
      type: RolePayload,
      description: 'A new name or description.',
      args: { role, name: t.arg.string(name), description },
      resolve: (_root, args, ctx) => call(ctx, updateRole, args),
    }),
    deleteRole: t.field({
      type: DeleteRolePayload,
      description: 'Nobody holds it any more.',
      args: { role },
      async resolve(_root, args, ctx) {
        await call(ctx, deleteRole, args)
        return { id: args.role }
      },
    }),
    addRule: t.field({
      type: RulePayload,
      description: 'Adds a rule to a role. It holds within seconds, also for what is open.',
      args: {
        role,
        kind: t.arg({ type: SecurableKind, required: true, description: 'What it is about.' }),
        about: t.arg.string({ description: 'One thing: the id of an experiment, or the name of a model. @default each of them' }),
        tags: t.arg({ type: [TagConditionInput], description: 'Only those that have all of these tags. @default each of them' }),
        stage: t.arg.string({ description: 'Of models only those with a version in this stage.' }),
        alias: t.arg.string({ description: 'Of models only those that have this alias.' }),
        isOwn: t.arg.boolean({ description: 'Of models only those that the holder of the role made.' }),
        permission,
      },
      resolve: (_root, { about, ...args }, ctx) => call(ctx, addRule, { ...args, objectId: about }),
    }),
    updateRule: t.field({
      type: RulePayload,
      description: 'Changes what a rule gives or takes.',
      args: { rule, permission },
      resolve: (_root, args, ctx) => call(ctx, updateRule, args),
    }),
    removeRule: t.field({
      type: RolePayload,
      description: 'Takes a rule out of its role.',
      args: { rule },
      resolve: (_root, args, ctx) => call(ctx, removeRule, args),
    }),
    assignRole: t.field({
      type: RolePayload,
      description: 'Gives a role to somebody, or to all of a team.',
      args: holder,
      resolve: async (_root, args, ctx) => (await call(ctx, assignRole, args)).role,
    }),
    unassignRole: t.field({
      type: RolePayload,
      description: 'Takes a role from somebody, or from a team.',
      args: holder,
      resolve: (_root, args, ctx) => call(ctx, unassignRole, args),
    }),
  }
})

interface People {
  members: MemberWithAccount[]
  teams: TeamWithMembers[]
  roles: WholeRole[]
}
const WorkspaceAccess = builder.objectRef<People>('WorkspaceAccess').implement({
  description: 'Who is in a workspace, as what.',
  fields: (t) => ({
    members: t.field({ type: [Member], description: 'Those who have a role themselves, by name.', resolve: ({ members }) => members }),
    teams: t.field({ type: [Team], description: 'By name; who is in one is in the workspace by it.', resolve: ({ teams }) => teams }),
    roles: t.field({ type: [CustomRole], description: 'Of the workspace’s own making, by name.', resolve: ({ roles }) => roles }),
  }),
})

builder.subscriptionField('accessChanged', (t) =>
  t.field({
    type: WorkspaceAccess,
    description: 'Who is in this workspace, as what: at the start, and whenever it has changed. Twice a second at most.',
    subscribe: (_root, _args, ctx) =>
      live(async function* (signal) {
        let before: People | undefined
        // The bell is the installation's: what changed may be of another workspace.
        for await (const _ of ctx.events.listen([['access', 0]], signal, 500)) {
          const [members, teams, roles] = await Promise.all([
            call(ctx, listMembers, {}),
            call(ctx, listTeams, {}),
            call(ctx, listRoles, {}),
          ])
          const now = { members, teams, roles }
          if (!isDeepStrictEqual(now, before)) yield now
          before = now
        }
      }),
    resolve: (event) => event,
  }),
)
