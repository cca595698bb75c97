/** Who is asking, in which workspace, of which server. */
import { builder } from '../builder.ts'
import type { Ctx } from '../context.ts'
import { version } from '../version.ts'

const Workspace = builder.prismaObject('Workspace', {
  description: 'A tenant. Everything belongs to one.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    name: t.exposeString('name', { description: 'What the header X-Tidegate-Workspace, or MLflow’s, names.' }),
  }),
})

const Viewer = builder.objectRef<Ctx>('Viewer').implement({
  description: 'Who is asking, and in which workspace.',
  fields: (t) => ({
    name: t.string({ description: 'Shown beside what they did.', resolve: (ctx) => ctx.actor.name }),
    workspace: t.prismaField({
      type: Workspace,
      description: 'The one that the request names, or the default.',
      resolve: (query, ctx) => ctx.db.prisma.workspace.findUniqueOrThrow({ ...query, where: { id: ctx.workspace.id } }),
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
  }),
})

builder.queryFields((t) => ({
  viewer: t.field({ type: Viewer, description: 'You.', resolve: (_root, _args, ctx) => ctx }),
  server: t.field({ type: Server, description: 'The server that answers.', resolve: (_root, _args, ctx) => ctx }),
}))
