/** Who is asking, in which workspace, of which server. */
import { builder } from '../builder.ts'
import type { Ctx } from '../context.ts'
import { version } from '../version.ts'

const Workspace = builder.prismaObject('Workspace', {
  description: 'A tenant. Everything belongs to one.',
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name') }),
})

const Viewer = builder.objectRef<Ctx>('Viewer').implement({
  description: 'Who is asking, and in which workspace.',
  fields: (t) => ({
    name: t.string({ resolve: (ctx) => ctx.actor.name }),
    workspace: t.prismaField({
      type: Workspace,
      resolve: (query, ctx) => ctx.db.prisma.workspace.findUniqueOrThrow({ ...query, where: { id: ctx.workspace.id } }),
    }),
  }),
})

const Server = builder.objectRef<Ctx>('Server').implement({
  fields: (t) => ({
    version: t.string({ resolve: () => version }),
    trackingUri: t.string({
      description: 'Where MLflow clients point to: the value of MLFLOW_TRACKING_URI.',
      resolve: (ctx) => ctx.origin,
    }),
  }),
})

builder.queryFields((t) => ({
  viewer: t.field({ type: Viewer, resolve: (_root, _args, ctx) => ctx }),
  server: t.field({ type: Server, resolve: (_root, _args, ctx) => ctx }),
}))
