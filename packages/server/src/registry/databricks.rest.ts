/**
 * The workflow of stages in the words of Databricks' workspace registry, for clients of it. Their objects of activities, requests and
 * comments are one shape in newer clients, so each has what any of them reads.
 */
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import type { Comment } from '../gates/comments.sql.ts'
import { addComment, deleteComment, editComment, isAuthor } from '../gates/comments.ts'
import {
  type Answerable,
  approveTransition,
  cancelTransition,
  openRequests,
  rejectTransition,
  requestTransition,
} from '../gates/requests.ts'
import { call } from '../operation.ts'
import { camelKeys, get, patch, post, type Route, remove, type Wire } from '../rest.ts'
import type { Activity } from './activity.sql.ts'
import { type ActivityKind, listActivities } from './activity.ts'
import { levelOf } from './levels.ts'
import type { ModelVersion } from './model-versions.sql.ts'
import { transitionStage } from './model-versions.ts'
import { getRegisteredModel, type ModelWithLatest, withLatest } from './registered-models.ts'
import { securableOf } from './targets.ts'
import { modelToWire, versionToWire } from './wire.ts'

const types: Partial<Record<ActivityKind, string>> = {
  STAGE_CHANGED: 'APPLIED_TRANSITION',
  STAGE_CHANGED_ALONG: 'SYSTEM_TRANSITION',
  TRANSITION_REQUESTED: 'REQUESTED_TRANSITION',
  TRANSITION_APPROVED: 'APPROVED_REQUEST',
  TRANSITION_REJECTED: 'REJECTED_REQUEST',
  TRANSITION_CANCELLED: 'CANCELLED_REQUEST',
}

const activityToWire = (it: Activity) => ({
  id: String(it.id),
  activity_type: types[it.kind as ActivityKind],
  comment: it.comment,
  system_comment: '',
  creation_timestamp: it.at,
  last_updated_timestamp: it.at,
  user_id: it.actor,
  from_stage: it.from ?? undefined,
  to_stage: it.to ?? undefined,
})

const requestToWire = ({ request, approve, cancel }: Answerable) => ({
  id: String(request.id),
  activity_type: 'REQUESTED_TRANSITION',
  creation_timestamp: request.createdAt,
  last_updated_timestamp: request.createdAt,
  user_id: request.actor,
  comment: request.comment,
  from_stage: request.from,
  to_stage: request.to,
  available_actions: [
    ...(approve ? ['APPROVE_TRANSITION_REQUEST', 'REJECT_TRANSITION_REQUEST'] : []),
    ...(cancel ? ['CANCEL_TRANSITION_REQUEST'] : []),
  ],
})

const commentToWire = (it: Comment, ctx: Ctx) => ({
  id: String(it.id),
  activity_type: 'NEW_COMMENT',
  comment: it.text,
  creation_timestamp: it.createdAt,
  last_updated_timestamp: it.updatedAt,
  user_id: it.actor,
  available_actions: isAuthor(ctx, it) ? ['EDIT_COMMENT', 'DELETE_COMMENT'] : [],
})

const versionOut = {
  out: (row: ModelVersion, ctx: Ctx) => {
    const level = levelOf(ctx, securableOf({ modelId: row.modelId, workspaceId: row.workspaceId }))
    const version = { ...versionToWire(row), permission_level: level }
    // Older clients read the second.
    return { model_version_databricks: version, model_version: version }
  },
}

const modelOut = async ({ model, latest }: ModelWithLatest, ctx: Ctx) => ({
  registered_model_databricks: {
    id: String(model.id),
    ...modelToWire({ model, latest }),
    permission_level: levelOf(ctx, securableOf({ id: model.id, workspaceId: model.workspaceId })),
  },
})

/** The oldest open request of a version into a stage, by whom it was asked where that is said. */
async function find(ctx: Ctx, { name, version, stage, creator }: Wire): Promise<Answerable['request']> {
  const open = await call(ctx, openRequests, { name, version })
  const found = open.find(
    ({ request }) =>
      request.to.toLowerCase() === String(stage ?? '').toLowerCase() && (creator == null || creator === '' || request.actor === creator),
  )
  if (!found)
    throw new AppError(
      'RESOURCE_DOES_NOT_EXIST',
      `No open request into '${String(stage)}' of version ${String(version)} of '${String(name)}'.`,
    )
  return found.request
}

/** What was written down last of a request. */
async function lastOf(ctx: Ctx, { id, name }: { id: number; name: string }, kind: ActivityKind) {
  const { entries } = await call(ctx, listActivities, { model: name, request: id, kinds: [kind], first: 1 })
  return { activity: entries[0] && activityToWire(entries[0]) }
}

const deciding = (
  method: 'POST' | 'DELETE',
  path: string,
  op: typeof approveTransition | typeof rejectTransition | typeof cancelTransition,
  kind: ActivityKind,
): Route => ({
  method,
  path,
  async handle(ctx, input) {
    const request = await find(ctx, input)
    await call(ctx, op as typeof approveTransition, {
      ...{ request: request.id, comment: input.comment },
      ...(op === approveTransition && { archiveExisting: input.archive_existing_versions }),
    })
    return lastOf(ctx, request, kind)
  },
})

const create: Route = {
  method: 'POST',
  path: 'transition-requests/create',
  async handle(ctx, input) {
    const made = await call(ctx, requestTransition, camelKeys(input))
    const open = await call(ctx, openRequests, { name: made.name, version: String(made.version) })
    // One whose checks alone open the gate is through already.
    return {
      request: requestToWire(open.find(({ request }) => request.id === made.id) ?? { request: made, approve: false, cancel: false }),
    }
  },
}

export const databricksRoutes: Route[] = [
  create,
  get('transition-requests/list', openRequests, { out: (open) => ({ requests: open.map(requestToWire) }) }),
  deciding('POST', 'transition-requests/approve', approveTransition, 'TRANSITION_APPROVED'),
  deciding('POST', 'transition-requests/reject', rejectTransition, 'TRANSITION_REJECTED'),
  deciding('DELETE', 'transition-requests/delete', cancelTransition, 'TRANSITION_CANCELLED'),
  post('comments/create', addComment, {
    in: ({ name, version, comment }) => ({ name, version, text: comment }),
    out: (row, ctx) => ({ comment: commentToWire(row, ctx) }),
  }),
  patch('comments/update', editComment, {
    in: ({ id, comment }) => ({ comment: id, text: comment }),
    out: (row, ctx) => ({ comment: commentToWire(row, ctx) }),
  }),
  remove('comments/delete', deleteComment, { in: ({ id }) => ({ comment: id }) }),
  post('databricks/model-versions/transition-stage', transitionStage, versionOut),
  get('databricks/registered-models/get', getRegisteredModel, {
    out: async (model, ctx) => modelOut((await withLatest(ctx, [model]))[0]!, ctx),
  }),
]
