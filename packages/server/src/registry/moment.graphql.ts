/** The registry as it stood at a time, in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { StageTenure } from './activity.graphql.ts'
import { type ModelMoment as MomentRow, registryAt } from './moment.ts'
import { ModelAlias, RegisteredModel } from './registry.graphql.ts'

const ModelMoment = builder.objectRef<MomentRow>('ModelMoment').implement({
  description: 'A registered model as it stood at a time. It may be gone by now, or have another name.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text: that of the model.' }),
    name: t.exposeString('name', { description: 'Its name then.' }),
    stages: t.field({
      type: [StageTenure],
      description: 'Which versions stood in which stages, the highest of each stage first.',
      complexity: { multiplier: 4 },
      resolve: ({ tenures }) => tenures,
    }),
    aliases: t.field({ type: [ModelAlias], description: 'What stood for which of these.', resolve: ({ aliases }) => aliases }),
  }),
})

builder.objectFields(RegisteredModel, (t) => ({
  moment: t.field({
    type: ModelMoment,
    nullable: true,
    description: 'It as it stood at a time, with all its versions. Null where it had none.',
    args: { at: t.arg({ type: 'Timestamp', required: true, description: 'When.' }) },
    resolve: async ({ name }, { at }, ctx) => (await call(ctx, registryAt, { model: name, at, first: 1 }))[0] ?? null,
  }),
}))

builder.queryField('registryAt', (t) =>
  t.field({
    type: [ModelMoment],
    description:
      'The models that had versions at a time, by the names they had then, each with the highest version of each stage; of those you may see.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 200 }),
    args: {
      at: t.arg({ type: 'Timestamp', required: true, description: 'When.' }),
      first: t.arg.int({ defaultValue: 200, description: 'How many, 1 000 at most.' }),
    },
    resolve: (_root, { at, first }, ctx) => call(ctx, registryAt, { at, first: first ?? 200 }),
  }),
)
