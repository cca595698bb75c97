/** Following the registry in GraphQL: the list, one model, one version; each as the query has it, whenever it has changed. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { live } from '../subscription.ts'
import { followModel, followVersion } from './follow.ts'
import type { ModelVersion as VersionRow } from './model-versions.sql.ts'
import type { RegisteredModel as ModelRow } from './registered-models.sql.ts'
import { ModelVersion, RegisteredModel, RegisteredModelConnection } from './registry.graphql.ts'
import { searchRegisteredModels } from './search.ts'

const ModelChanged = builder.objectRef<{ model: ModelRow | null }>('RegisteredModelChanged').implement({
  description: 'A registered model as it is now.',
  fields: (t) => ({
    model: t.field({ type: RegisteredModel, nullable: true, description: 'Null once it is deleted.', resolve: ({ model }) => model }),
  }),
})
const VersionChanged = builder.objectRef<{ version: VersionRow | null }>('ModelVersionChanged').implement({
  description: 'A version as it is now.',
  fields: (t) => ({
    version: t.field({ type: ModelVersion, nullable: true, description: 'Null once it is deleted.', resolve: ({ version }) => version }),
  }),
})

builder.subscriptionFields((t) => ({
  registeredModelsChanged: t.field({
    type: RegisteredModelConnection,
    description:
      'The first page of a search for models, at the start and whenever a model or a version of one has changed. Twice a second at most.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      filter: t.arg.string({ description: 'As `registeredModels` has it.' }),
      orderBy: t.arg.stringList({ description: 'Such as "name ASC" or "last_updated_timestamp DESC".' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 000 at most.' }),
    },
    subscribe: (_root, { filter, orderBy, first }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['registry', ctx.workspace.id]], signal, 500))
          yield await call(ctx, searchRegisteredModels, { filter, orderBy, maxResults: first ?? 50, count: true })
      }),
    resolve: (page) => page,
  }),
  registeredModelChanged: t.field({
    type: ModelChanged,
    description:
      'A model, at the start and whenever it, its versions or their stages and aliases have changed; by its new name once it has one.',
    args: { name: t.arg.string({ required: true, description: 'Its name now.' }) },
    subscribe: (_root, { name }, ctx) => live((signal) => followModel(ctx, name, signal)),
    resolve: (event) => event,
  }),
  modelVersionChanged: t.field({
    type: VersionChanged,
    description: 'A version, at the start and whenever it or its model has changed; by the model’s new name once that has one.',
    args: {
      name: t.arg.string({ required: true, description: "The model's name now." }),
      version: t.arg.int({ required: true, description: "The version's number." }),
    },
    subscribe: (_root, { name, version }, ctx) => live((signal) => followVersion(ctx, { name, version }, signal)),
    resolve: (event) => event,
  }),
}))
