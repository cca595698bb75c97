/** Who is asking, in which workspace, of which server; workspaces and their members. */
import type { Workspace as WorkspaceRow } from '@tidegate/db'
import { type Action, may, type Permission as PermissionName, permissions, type Role as RoleName, roles } from '../access.ts'
import { builder } from '../builder.ts'
import type { Ctx } from '../context.ts'
import { call } from '../operation.ts'
import { Account } from '../users/users.graphql.ts'
import { version } from '../version.ts'
import { explainAccess, type Grantee, listGrants, setGrant } from './grants.ts'
import {
  archiveWorkspace,
  createWorkspace,
  listArchived,
  listMembers,
  listWorkspaces,
  type MemberWithAccount,
  removeMember,
  restoreWorkspace,
  setMember,
  updateWorkspace,
} from './workspaces.ts'

const Workspace = builder.prismaObject('Workspace', {
  description: 'A tenant. Everything belongs to one, and its members see nothing of the others.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    name: t.exposeString('name', { description: 'What the header X-Tidegate-Workspace, or MLflow’s, names.' }),
    description: t.exposeString('description', { description: 'What it is for.' }),
    archivedAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'Since when it takes no request. Null while it is in use.',
      resolve: ({ archivedAt }) => (archivedAt === null ? null : Number(archivedAt)),
    }),
  }),
})

const roleWords: Record<RoleName, string> = {
  VIEWER: 'Sees all that is in the workspace.',
  CONTRIBUTOR: 'Also makes experiments and runs, changes and deletes them.',
  ENGINEER: 'Also registers models and deploys them.',
  APPROVER: 'Also approves at gates, and manages registered models.',
  ADMIN: 'Also manages members, the trash, and the workspace itself.',
}
export const Role = builder.enumType('Role', {
  description: 'What a member may do in a workspace. Each has what the ones before it have.',
  values: Object.fromEntries(roles.map((role) => [role, { description: roleWords[role] }])) as Record<RoleName, { description: string }>,
})
const permissionWords: Record<PermissionName, string> = {
  NO_PERMISSIONS: 'Nothing: it is not there for them, whatever their role.',
  READ: 'Sees it.',
  USE: 'MLflow’s: as READ; of a workspace, to be in it and make things.',
  ADD_VERSIONS: 'Of a registered model: sees it, adds versions to it, describes and tags it; moves none.',
  MANAGE_STAGING: 'Of a registered model: also moves versions between None, Staging and Archived.',
  MANAGE_PRODUCTION: 'Of a registered model: also moves versions between all stages, and sets aliases.',
  EDIT: 'Sees it and changes it.',
  MANAGE: 'All of it, also who else may.',
}
export const Permission = builder.enumType('Permission', {
  description:
    'What one may do with one thing, in place of what a role gives: MLflow’s levels, and of registered models those of Databricks.',
  values: Object.fromEntries(
    Object.keys(permissions).map((name) => [name, { description: permissionWords[name as PermissionName] }]),
  ) as Record<PermissionName, { description: string }>,
})
const AccessMode = builder.enumType('AccessMode', {
  description: 'Whether one has to sign in.',
  values: {
    OPEN: { description: 'No: whoever reaches the server may do everything. On a loopback address only.' },
    ACCOUNTS: { description: 'Yes.' },
  },
})

export const Member = builder.objectRef<MemberWithAccount>('Member').implement({
  description: 'An account in a workspace.',
  fields: (t) => ({
    account: t.field({ type: Account, description: 'Whose.', resolve: ({ account }) => ({ ...account, email: null }) }),
    role: t.field({ type: Role, description: 'What they may do there.', resolve: ({ role }) => role as RoleName }),
    addedAt: t.field({ type: 'Timestamp', description: 'Since when.', resolve: ({ addedAt }) => Number(addedAt) }),
  }),
})
const AccessGrant = builder.objectRef<Grantee>('AccessGrant').implement({
  description: 'What somebody, or all of a team, may do with one experiment or registered model, in place of what their role gives.',
  fields: (t) => ({
    account: t.field({
      type: Account,
      nullable: true,
      description: 'Whose. Null: a team’s.',
      resolve: ({ account }) => account && { ...account, email: null },
    }),
    team: t.string({ nullable: true, description: 'The name of the team. Null: an account’s.', resolve: ({ team }) => team?.name ?? null }),
    permission: t.field({ type: Permission, description: 'What they may do.', resolve: ({ permission }) => permission as PermissionName }),
  }),
})

const Viewer = builder.objectRef<Ctx>('Viewer').implement({
  description: 'Who is asking, and in which workspace.',
  fields: (t) => ({
    name: t.string({ description: 'Shown beside what they did.', resolve: (ctx) => ctx.actor.name }),
    role: t.field({
      type: Role,
      nullable: true,
      description: 'In this workspace. Null: no member, but granted single things.',
      resolve: (ctx) => ctx.standing.role ?? null,
    }),
    isAdmin: t.boolean({ description: 'Manages accounts, workspaces and the installation.', resolve: (ctx) => ctx.standing.isSystemAdmin }),
    canCreate: t.boolean({
      description: 'May make experiments here.',
      resolve: (ctx) => may(ctx.ability, 'create', { kind: 'Workspace', id: ctx.workspace.id }),
    }),
    canRegister: t.boolean({
      description: 'May make registered models here.',
      resolve: (ctx) => may(ctx.ability, 'create', { kind: 'RegisteredModel', id: 0, workspaceId: ctx.workspace.id }),
    }),
    canManage: t.boolean({
      description: 'May manage this workspace and its members.',
      resolve: (ctx) => may(ctx.ability, 'manage', { kind: 'Workspace', id: ctx.workspace.id }),
    }),
    workspace: t.prismaField({
      type: Workspace,
      description: 'The one that the request names, or the default.',
      resolve: (query, ctx) => ctx.db.prisma.workspace.findUniqueOrThrow({ ...query, where: { id: ctx.workspace.id } }),
    }),
    workspaces: t.field({
      type: [Workspace],
      description: 'All that you may work in.',
      resolve: (ctx) => call(ctx, listWorkspaces, {}),
    }),
  }),
})

const Server = builder.objectRef<Ctx>('Server').implement({
  description: 'The server that answers.',
  fields: (t) => ({
    version: t.string({ description: 'Its version, such as 0.1.0.', resolve: () => version }),
    trackingUri: t.string({
      description: 'Where MLflow clients point to: the value of MLFLOW_TRACKING_URI.',
      resolve: (ctx) => ctx.origin,
    }),
    access: t.field({
      type: AccessMode,
      description: 'Whether one has to sign in.',
      resolve: (ctx) => (ctx.authenticate.mode === 'open' ? 'OPEN' : 'ACCOUNTS'),
    }),
  }),
})

const AccessAnswer = builder.objectRef<{ allowed: boolean; because: string }>('AccessAnswer').implement({
  description: 'Whether somebody may do something, and why.',
  fields: (t) => ({
    allowed: t.exposeBoolean('allowed', { description: 'They may.' }),
    because: t.exposeString('because', { description: 'Which rule says so, in words.' }),
  }),
})
const AbilityName = builder.enumType('AbilityName', {
  description: 'What may be done.',
  values: {
    READ: { description: 'To see it.' },
    CREATE: { description: 'To make something in it.' },
    REVIEW: { description: 'To comment on it and, of a registered model, to ask for transitions and have a say in them.' },
    EDIT: { description: 'To change it.' },
    MOVE: { description: 'To put versions of a registered model into stages, and aliases on them, where no gate is in the way.' },
    RENAME: { description: 'To rename a registered model.' },
    DELETE: { description: 'To delete it.' },
    MANAGE: { description: 'To say who may do what with it.' },
  } satisfies Record<Uppercase<Action>, object>,
})

const WorkspacePayload = builder
  .objectRef<WorkspaceRow>('WorkspacePayload')
  .implement({ fields: (t) => ({ workspace: t.field({ type: Workspace, resolve: (workspace) => workspace }) }) })
const MemberPayload = builder
  .objectRef<MemberWithAccount>('MemberPayload')
  .implement({ fields: (t) => ({ member: t.field({ type: Member, resolve: (member) => member }) }) })
const RemoveMemberPayload = builder
  .objectRef<{ name: string }>('RemoveMemberPayload')
  .implement({ fields: (t) => ({ name: t.exposeString('name', { description: 'Who is no member any more.' }) }) })
const GrantPayload = builder
  .objectRef<{ grant: Grantee | null }>('GrantPayload')
  .implement({ fields: (t) => ({ grant: t.field({ type: AccessGrant, nullable: true, resolve: ({ grant }) => grant }) }) })

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    nullable: true,
    description: 'You. Null where nobody is signed in.',
    resolve: (_root, _args, ctx) => (ctx.actor.kind === 'NONE' ? null : ctx),
  }),
  server: t.field({ type: Server, description: 'The server that answers.', resolve: (_root, _args, ctx) => ctx }),
  members: t.field({
    type: [Member],
    description: 'Who is in this workspace.',
    resolve: (_root, _args, ctx) => call(ctx, listMembers, {}),
  }),
  archivedWorkspaces: t.field({
    type: [Workspace],
    description: 'Those that take no request, newest first. For who manages the installation: `restoreWorkspace` takes one back.',
    resolve: (_root, _args, ctx) => call(ctx, listArchived, {}),
  }),
  grants: t.field({
    type: [AccessGrant],
    description: 'Who may do more or less with an experiment, or a registered model, than their role says. For who manages it.',
    args: { experiment: t.arg.id(), model: t.arg.string({ description: 'The name of a registered model, in place of an experiment.' }) },
    resolve: (_root, { experiment, model }, ctx) => call(ctx, listGrants, { experimentId: experiment, model }),
  }),
  access: t.field({
    type: AccessAnswer,
    description: 'May somebody do something in this workspace, and why? For who manages it; of yourself for everybody.',
    args: {
      account: t.arg.string({ required: true, description: 'Their name.' }),
      may: t.arg({ type: AbilityName, required: true, description: 'What.' }),
      experiment: t.arg.id({
        description: 'With which experiment. @default the workspace as a whole; of REVIEW, MOVE and RENAME, its registered models',
      }),
      model: t.arg.string({ description: 'With which registered model, by its name.' }),
    },
    resolve: (_root, { account, may: ability, experiment, model }, ctx) =>
      call(ctx, explainAccess, { account, action: ability.toLowerCase(), experimentId: experiment, model }),
  }),
}))

builder.mutationFields((t) => ({
  createWorkspace: t.field({
    type: WorkspacePayload,
    description: 'Makes a workspace; you are its admin.',
    args: {
      name: t.arg.string({ required: true, description: 'Lower-case letters, digits and single - between them; 2 to 63.' }),
      description: t.arg.string({ description: 'What it is for.' }),
    },
    resolve: (_root, args, ctx) => call(ctx, createWorkspace, args),
  }),
  updateWorkspace: t.field({
    type: WorkspacePayload,
    description: 'A new name or description.',
    args: {
      workspace: t.arg.string({ required: true, description: 'Its name now.' }),
      name: t.arg.string({ description: 'Another name. Clients have to be told.' }),
      description: t.arg.string({ description: 'What it is for.' }),
    },
    resolve: (_root, args, ctx) => call(ctx, updateWorkspace, args),
  }),
  archiveWorkspace: t.field({
    type: WorkspacePayload,
    description: 'It takes no request from now on, and keeps all it has.',
    args: { workspace: t.arg.string({ required: true, description: 'Its name.' }) },
    resolve: (_root, args, ctx) => call(ctx, archiveWorkspace, args),
  }),
  restoreWorkspace: t.field({
    type: WorkspacePayload,
    description: 'Takes an archived one back.',
    args: { workspace: t.arg.string({ required: true, description: 'Its name.' }) },
    resolve: (_root, args, ctx) => call(ctx, restoreWorkspace, args),
  }),
  setMember: t.field({
    type: MemberPayload,
    description: 'Makes an account a member of this workspace, or gives it another role. It holds within seconds, also for what is open.',
    args: {
      account: t.arg.string({ required: true, description: 'Their name.' }),
      role: t.arg({ type: Role, required: true, description: 'What they may do.' }),
    },
    resolve: (_root, args, ctx) => call(ctx, setMember, args),
  }),
  removeMember: t.field({
    type: RemoveMemberPayload,
    description: 'No member any more, nor granted anything in this workspace.',
    args: { account: t.arg.string({ required: true, description: 'Their name.' }) },
    async resolve(_root, { account }, ctx) {
      await call(ctx, removeMember, { account })
      return { name: account }
    },
  }),
  setGrant: t.field({
    type: GrantPayload,
    description:
      'What somebody, or all of a team, may do with one experiment or registered model, in place of what their role gives. One’s own goes before one’s team’s.',
    args: {
      experiment: t.arg.id(),
      model: t.arg.string({ description: 'The name of a registered model, in place of an experiment.' }),
      account: t.arg.string({ description: 'The name of an account; or give a team.' }),
      team: t.arg.string({ description: 'The name of a team; or give an account.' }),
      permission: t.arg({ type: Permission, description: 'Null: what the role gives.' }),
    },
    resolve: async (_root, { experiment, permission, ...it }, ctx) => ({
      grant: await call(ctx, setGrant, { experimentId: experiment, ...it, permission: permission ?? null }),
    }),
  }),
}))
