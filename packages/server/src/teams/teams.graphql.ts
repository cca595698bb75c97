/** Teams in GraphQL. */
import type { Role as RoleName } from '../access.ts'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { Account } from '../users/users.graphql.ts'
import { Role } from '../workspaces/workspaces.graphql.ts'
import { createTeam, deleteTeam, joinTeam, leaveTeam, listTeams, type TeamWithMembers, updateTeam } from './teams.ts'

export const Team = builder.objectRef<TeamWithMembers>('Team').implement({
  description: 'People of a workspace who are given things together.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    name: t.exposeString('name', { description: 'What it is called; unique in its workspace.' }),
    description: t.exposeString('description', { description: 'Who they are.' }),
    role: t.field({
      type: Role,
      nullable: true,
      description: 'What each of them may do at least. Null: what their own role says.',
      resolve: ({ role }) => role as RoleName | null,
    }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was made.', resolve: ({ createdAt }) => Number(createdAt) }),
    members: t.field({
      type: [Account],
      description: 'Who is in it, by name.',
      resolve: ({ members }) => members.map(({ account }) => ({ ...account, email: null })),
    }),
  }),
})

const TeamPayload = builder
  .objectRef<TeamWithMembers>('TeamPayload')
  .implement({ fields: (t) => ({ team: t.field({ type: Team, resolve: (team) => team }) }) })
const DeleteTeamPayload = builder
  .objectRef<{ name: string }>('DeleteTeamPayload')
  .implement({ fields: (t) => ({ name: t.exposeString('name', { description: 'What it was called.' }) }) })

builder.queryFields((t) => ({
  teams: t.field({
    type: [Team],
    description: 'The teams of this workspace, by name.',
    resolve: (_root, _args, ctx) => call(ctx, listTeams, {}),
  }),
}))

builder.mutationFields((t) => {
  const team = t.arg.string({ required: true, description: 'Its name.' })
  const account = t.arg.string({ required: true, description: 'The name of an account.' })
  return {
    createTeam: t.field({
      type: TeamPayload,
      description: 'Makes a team. Nobody is in it yet: `joinTeam`.',
      args: {
        name: t.arg.string({ required: true, description: 'What it is called.' }),
        description: t.arg.string({ description: 'Who they are.' }),
        role: t.arg({ type: Role, description: 'What each of them may do at least. @default what their own role says' }),
      },
      resolve: (_root, args, ctx) => call(ctx, createTeam, args),
    }),
    updateTeam: t.field({
      type: TeamPayload,
      description: 'A new name, description or role. What is left out stays; a role of null is taken.',
      args: {
        team,
        name: t.arg.string({ description: 'Another name.' }),
        description: t.arg.string({ description: 'Who they are.' }),
        role: t.arg({ type: Role, description: 'What each of them may do at least.' }),
      },
      resolve: (_root, args, ctx) => call(ctx, updateTeam, args),
    }),
    deleteTeam: t.field({
      type: DeleteTeamPayload,
      description: 'What it was given goes with it; its people stay.',
      args: { team },
      async resolve(_root, args, ctx) {
        await call(ctx, deleteTeam, args)
        return { name: args.team }
      },
    }),
    joinTeam: t.field({
      type: TeamPayload,
      description: 'Puts somebody into a team. They are a member of the workspace by it.',
      args: { team, account },
      resolve: (_root, args, ctx) => call(ctx, joinTeam, args),
    }),
    leaveTeam: t.field({
      type: TeamPayload,
      description: 'Takes somebody out of a team, with what they had by it.',
      args: { team, account },
      resolve: (_root, args, ctx) => call(ctx, leaveTeam, args),
    }),
  }
})
