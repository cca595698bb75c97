/** Asking for transitions, reviewing them, reporting checks and commenting, in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { overrideCheck, reportCheck, rerunCheck } from './checks.ts'
import type { Comment } from './comments.sql.ts'
import { addComment, addModelComment, addRequestComment, deleteComment, editComment } from './comments.ts'
import { CheckState, TransitionRequest, VersionCheck, VersionComment } from './requests.graphql.ts'
import type { Check, Request } from './requests.sql.ts'
import { approveTransition, cancelTransition, rejectTransition, requestTransition } from './requests.ts'

const TransitionRequestPayload = builder
  .objectRef<Request>('TransitionRequestPayload')
  .implement({ fields: (t) => ({ request: t.field({ type: TransitionRequest, resolve: (row) => row }) }) })
const VersionCheckPayload = builder
  .objectRef<Check>('VersionCheckPayload')
  .implement({ fields: (t) => ({ check: t.field({ type: VersionCheck, resolve: (row) => row }) }) })
const VersionCommentPayload = builder
  .objectRef<Comment>('VersionCommentPayload')
  .implement({ fields: (t) => ({ comment: t.field({ type: VersionComment, resolve: (row) => row }) }) })
const DeletedVersionCommentPayload = builder
  .objectRef<Comment>('DeletedVersionCommentPayload')
  .implement({ fields: (t) => ({ id: t.exposeID('id', { description: 'Of the comment that is gone.' }) }) })

const RequestTransitionInput = builder.inputType('RequestTransitionInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: "The model's name." }),
    version: t.int({ required: true, description: "The version's number." }),
    stage: t.string({
      required: true,
      description: 'The stage that it is to come into; or an alias that it is to have, behind @: `@champion`.',
    }),
    comment: t.string({ description: 'Why. Some gates ask for it.' }),
    archiveExisting: t.boolean({ defaultValue: false, description: 'Whether those that stand there are to go into the archive.' }),
  }),
})
const CheckNumberInput = builder.inputType('CheckNumberInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'What was measured.' }),
    value: t.float({ required: true, description: 'How much.' }),
  }),
})
const ReportCheckInput = builder.inputType('ReportCheckInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: "The model's name." }),
    version: t.int({ required: true, description: "The version's number." }),
    check: t.string({ required: true, description: 'The name of the check, as gates name it.' }),
    state: t.field({ type: CheckState, required: true, description: 'How it goes.' }),
    summary: t.string({ description: 'What it found; 1 000 characters at most.' }),
    url: t.string({ description: 'Where there is more of it.' }),
    numbers: t.field({ type: [CheckNumberInput], description: 'What it measured; 100 at most.' }),
  }),
})

builder.mutationFields((t) => {
  const request = t.arg.id({ required: true, description: 'The id of a transition request.' })
  const comment = t.arg.string({ description: 'What is to be said of it.' })
  const of = (id: string | number) => Number(id)
  return {
    requestTransition: t.field({
      type: TransitionRequestPayload,
      description: 'Asks for a version to come into a stage, or to have an alias. Of one person one such request is open at a time.',
      args: { input: t.arg({ type: RequestTransitionInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, requestTransition, { ...input, version: String(input.version) }),
    }),
    approveTransition: t.field({
      type: TransitionRequestPayload,
      description:
        'Approves a request. With the last approval, when all checks have passed, the version comes into the stage; else it waits.',
      args: {
        request,
        comment,
        archiveExisting: t.arg.boolean({ description: 'Whether those that stand there go into the archive. @default as was asked' }),
      },
      resolve: (_root, { request, ...input }, ctx) => call(ctx, approveTransition, { ...input, request: of(request) }),
    }),
    rejectTransition: t.field({
      type: TransitionRequestPayload,
      description: 'Rejects a request: it is closed. By whoever may approve it.',
      args: { request, comment },
      resolve: (_root, { request, ...input }, ctx) => call(ctx, rejectTransition, { ...input, request: of(request) }),
    }),
    cancelTransition: t.field({
      type: TransitionRequestPayload,
      description: 'Takes a request back. By who asked, or who manages the model.',
      args: { request, comment },
      resolve: (_root, { request, ...input }, ctx) => call(ctx, cancelTransition, { ...input, request: of(request) }),
    }),
    reportCheck: t.field({
      type: VersionCheckPayload,
      description: 'Says how a check of a version goes. When the last one that a request waits for has passed, its gate opens by itself.',
      args: { input: t.arg({ type: ReportCheckInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, reportCheck, { ...input, version: String(input.version) }),
    }),
    rerunCheck: t.field({
      type: TransitionRequestPayload,
      description:
        'Has the server run one of its own checks again, for you: it reads what you may read. Of itself it does so when a version is asked for, and when what it judges changes.',
      args: { request, check: t.arg.string({ required: true, description: 'The name of the check: `tidegate/metric`.' }) },
      resolve: (_root, { request, check }, ctx) => call(ctx, rerunCheck, { request: of(request), check }),
    }),
    overrideCheck: t.field({
      type: TransitionRequestPayload,
      description: 'Lets a request not wait for a check; for who manages the workspace. It is written down with its reason.',
      args: {
        request,
        check: t.arg.string({ required: true, description: 'The name of the check.' }),
        reason: t.arg.string({ required: true, description: 'Why; 1 000 characters at most.' }),
      },
      resolve: (_root, { request, ...input }, ctx) => call(ctx, overrideCheck, { ...input, request: of(request) }),
    }),
    addVersionComment: t.field({
      type: VersionCommentPayload,
      description: 'Says something of a version.',
      args: {
        name: t.arg.string({ required: true, description: "The model's name." }),
        version: t.arg.int({ required: true, description: "The version's number." }),
        text: t.arg.string({ required: true, description: 'Markdown; 65 535 characters at most.' }),
      },
      resolve: (_root, input, ctx) => call(ctx, addComment, { ...input, version: String(input.version) }),
    }),
    addModelComment: t.field({
      type: VersionCommentPayload,
      description: 'Says something of a model as a whole.',
      args: {
        name: t.arg.string({ required: true, description: "The model's name." }),
        text: t.arg.string({ required: true, description: 'Markdown; 65 535 characters at most.' }),
      },
      resolve: (_root, input, ctx) => call(ctx, addModelComment, input),
    }),
    addRequestComment: t.field({
      type: VersionCommentPayload,
      description: 'Says something of a transition request: of what somebody asked for, open or not.',
      args: { request, text: t.arg.string({ required: true, description: 'Markdown; 65 535 characters at most.' }) },
      resolve: (_root, { request, text }, ctx) => call(ctx, addRequestComment, { request: of(request), text }),
    }),
    editVersionComment: t.field({
      type: VersionCommentPayload,
      description: 'Changes a comment of yours.',
      args: {
        id: t.arg.id({ required: true, description: 'Of the comment.' }),
        text: t.arg.string({ required: true, description: 'Markdown; 65 535 characters at most.' }),
      },
      resolve: (_root, { id, text }, ctx) => call(ctx, editComment, { comment: String(id), text }),
    }),
    deleteVersionComment: t.field({
      type: DeletedVersionCommentPayload,
      description: 'Takes a comment of yours away. What it said stays in the activity.',
      args: { id: t.arg.id({ required: true, description: 'Of the comment.' }) },
      resolve: (_root, { id }, ctx) => call(ctx, deleteComment, { comment: String(id) }),
    }),
  }
})
