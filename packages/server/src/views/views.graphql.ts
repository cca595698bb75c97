/** Saved views in GraphQL. */
import type { SavedView } from '@tidegate/db'
import { builder, Count } from '../builder.ts'
import { call } from '../operation.ts'
import { searchRuns } from '../runs/runs.ts'
import { live } from '../subscription.ts'
import { createView, deleteView, listViews, shareView, updateView } from './views.ts'

const SavedViewRef = builder.objectRef<SavedView>('SavedView').implement({
  description: 'A page of an experiment as somebody left it, under a name.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    name: t.exposeString('name', { description: 'Shown on its tab. Several may have one name.' }),
    query: t.exposeString('query', {
      description: 'The query string of the page’s URL, without its question mark: filter, columns, order, groups and charts.',
    }),
    shared: t.exposeBoolean('shared', { description: 'Whether all who may read the experiment see it; else only you, who made it.' }),
    isDefault: t.exposeBoolean('isDefault', { description: 'Whether the experiment opens with it. Only a shared one can be.' }),
    isMine: t.boolean({
      description: 'Whether you made it, and may change and delete it.',
      resolve: (view, _, ctx) => view.createdBy === ctx.actor.name,
    }),
    createdBy: t.exposeString('createdBy', { description: 'Who made it.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When it was last changed, shared or renamed.' }),
    runs: t.field({
      type: Count,
      nullable: true,
      complexity: 20,
      description: 'How many active runs pass its filter. Null where the filter can no longer be read.',
      async resolve({ experimentId, query }, _, ctx) {
        const filter = new URLSearchParams(query).get('q') ?? undefined
        try {
          const found = await call(ctx, searchRuns, { experimentIds: [String(experimentId)], filter, maxResults: 1, count: true })
          return { value: found.total ?? 0, exact: found.exact }
        } catch {
          return null
        }
      },
    }),
  }),
})

builder.queryFields((t) => ({
  savedViews: t.field({
    type: [SavedViewRef],
    description: 'The saved views of an experiment that you see, the oldest first; 200 at most.',
    complexity: { field: 1, multiplier: 20 },
    args: { experiment: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { experiment }, ctx) => call(ctx, listViews, { experimentId: String(experiment) }),
  }),
}))

const payload = (name: string, description: string) =>
  builder.objectRef<SavedView>(name).implement({
    description,
    fields: (t) => ({ view: t.field({ type: SavedViewRef, description: 'The view as it is now.', resolve: (view) => view }) }),
  })
const SavedViewPayload = payload('SavedViewPayload', 'A view that was made or changed.')
const DeletedViewPayload = builder.objectRef<SavedView>('DeletedSavedViewPayload').implement({
  description: 'A view that was deleted.',
  fields: (t) => ({
    view: t.field({ type: SavedViewRef, description: 'The view as it was: make it again from this.', resolve: (view) => view }),
  }),
})

builder.mutationFields((t) => ({
  createSavedView: t.field({
    type: SavedViewPayload,
    description: 'Keeps a page of an experiment under a name, for yourself.',
    args: {
      experiment: t.arg.id({ required: true, description: 'Its id.' }),
      name: t.arg.string({ required: true, description: '1 to 100 characters.' }),
      query: t.arg.string({ required: true, description: 'The query string of the page’s URL, 16 000 characters at most.' }),
    },
    resolve: (_root, { experiment, name, query }, ctx) => call(ctx, createView, { experimentId: String(experiment), name, query }),
  }),
  updateSavedView: t.field({
    type: SavedViewPayload,
    description: 'Renames a view of yours, or keeps another page in it.',
    args: {
      id: t.arg.id({ required: true, description: 'Of the view.' }),
      name: t.arg.string({ description: '1 to 100 characters. @default as it is' }),
      query: t.arg.string({ description: 'The query string of the page’s URL. @default as it is' }),
    },
    resolve: (_root, { id, name, query }, ctx) => call(ctx, updateView, { viewId: String(id), name, query }),
  }),
  shareSavedView: t.field({
    type: SavedViewPayload,
    description: 'Shows a view to all who may read the experiment, or to its maker only; and makes it what the experiment opens with.',
    args: {
      id: t.arg.id({ required: true, description: 'Of the view.' }),
      shared: t.arg.boolean({ required: true, description: 'Whether all see it.' }),
      isDefault: t.arg.boolean({ defaultValue: false, description: 'Whether the experiment opens with it, in place of another that did.' }),
    },
    resolve: (_root, { id, shared, isDefault }, ctx) => call(ctx, shareView, { viewId: String(id), shared, isDefault: isDefault ?? false }),
  }),
  deleteSavedView: t.field({
    type: DeletedViewPayload,
    description: 'Deletes a view of yours.',
    args: { id: t.arg.id({ required: true, description: 'Of the view.' }) },
    resolve: (_root, { id }, ctx) => call(ctx, deleteView, { viewId: String(id) }),
  }),
}))

const SavedViews = builder.objectRef<SavedView[]>('SavedViewsChanged').implement({
  description: 'The saved views of an experiment, as they are now.',
  fields: (t) => ({
    views: t.field({
      type: [SavedViewRef],
      description: 'All that you see, the oldest first.',
      complexity: { multiplier: 20 },
      resolve: (views) => views,
    }),
  }),
})

builder.subscriptionField('savedViewsChanged', (t) =>
  t.field({
    type: SavedViews,
    description: 'The saved views of an experiment, at the start and whenever one is made, changed or deleted. Twice a second at most.',
    args: { experiment: t.arg.id({ required: true, description: 'Its id.' }) },
    subscribe: (_root, { experiment }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['views', Number(experiment)]], signal, 500))
          yield await call(ctx, listViews, { experimentId: String(experiment) })
      }),
    resolve: (views) => views,
  }),
)
