/** Comments on runs in GraphQL. */
import { builder } from '../builder.ts'
import { loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { type RunComment as CommentRow, commentsOfRuns } from './comments.sql.ts'
import { addRunComment, deleteRunComment, editRunComment, isAuthor } from './comments.ts'
import { Run } from './runs.graphql.ts'

const SaidBefore = builder.objectRef<CommentRow['texts'][number]>('SaidBefore').implement({
  description: 'What a comment said before it was changed.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'Markdown.' }),
    time: t.expose('at', { type: 'Timestamp', description: 'Since when it had said so.' }),
  }),
})

const RunComment = builder.objectRef<CommentRow>('RunComment').implement({
  description: 'What somebody said of a run.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    text: t.string({ description: 'Markdown.', resolve: ({ texts }) => texts.at(-1)!.text }),
    by: t.exposeString('actor', { description: 'Who.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    updatedAt: t.field({ type: 'Timestamp', description: 'When they last changed it.', resolve: ({ texts }) => texts.at(-1)!.at }),
    deletedAt: t.expose('deletedAt', { type: 'Timestamp', nullable: true, description: 'When they took it away. Null: it stands.' }),
    history: t.field({
      type: [SaidBefore],
      description: 'What it said before, the oldest first.',
      resolve: ({ texts }) => texts.slice(0, -1),
    }),
    mine: t.boolean({ description: 'Whether you may change it and take it away.', resolve: (comment, _, ctx) => isAuthor(ctx, comment) }),
  }),
})

const RunCommentPayload = builder
  .objectRef<CommentRow>('RunCommentPayload')
  .implement({ fields: (t) => ({ comment: t.field({ type: RunComment, resolve: (row) => row }) }) })
const DeletedRunCommentPayload = builder
  .objectRef<CommentRow>('DeletedRunCommentPayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'Of the comment that is gone.' }) }) })

const ofRun = loader<number, CommentRow[]>(async (ctx, ids) => {
  const byRun = Map.groupBy(await commentsOfRuns(ctx.db, ids), ({ runId }) => runId)
  return ids.map((id) => byRun.get(id) ?? [])
})

builder.objectFields(Run, (t) => ({
  comments: t.field({
    type: [RunComment],
    description: 'What was said of it, the oldest first.',
    args: { deleted: t.arg.boolean({ defaultValue: false, description: 'Also what was taken away.' }) },
    resolve: async ({ id }, { deleted }, ctx) => (await ofRun(ctx).load(id)).filter(({ deletedAt }) => deleted || deletedAt === null),
  }),
}))

const text = { required: true, description: 'Markdown; 65 535 characters at most. `@name` tells somebody.' } as const
builder.mutationFields((t) => ({
  addRunComment: t.field({
    type: RunCommentPayload,
    description: 'Says something of a run.',
    args: { run: t.arg.id({ required: true, description: 'Its id.' }), text: t.arg.string(text) },
    resolve: (_root, { run, text }, ctx) => call(ctx, addRunComment, { runId: String(run), text }),
  }),
  editRunComment: t.field({
    type: RunCommentPayload,
    description: 'Changes a comment of yours on a run. What it said before stays with it.',
    args: { id: t.arg.id({ required: true, description: 'Of the comment.' }), text: t.arg.string(text) },
    resolve: (_root, { id, text }, ctx) => call(ctx, editRunComment, { comment: String(id), text }),
  }),
  deleteRunComment: t.field({
    type: DeletedRunCommentPayload,
    description: 'Takes a comment of yours on a run away.',
    args: { id: t.arg.id({ required: true, description: 'Of the comment.' }) },
    resolve: (_root, { id }, ctx) => call(ctx, deleteRunComment, { comment: String(id) }),
  }),
}))
