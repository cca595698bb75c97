/**
 * Which stages a workspace or a model has, and what opens the way into each. Always true: only who manages the workspace says so, also for
 * one model, so that nobody opens a gate by having made the model; no version stands in a stage that there is not; the first stage and the
 * last, the archive, have no gates.
 */
import type { Sql } from '@tidegate/db'
import { z } from 'zod'
import { type Role, roles } from '../access.ts'
import { type Ctx, inTransaction } from '../context.ts'
import { invalid } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { enqueue } from '../jobs.ts'
import { check, operation, type Target } from '../operation.ts'
import { record } from '../registry/activity.ts'
import { modelName } from '../registry/names.ts'
import { lockModel } from '../registry/registered-models.sql.ts'
import { rang } from '../registry/registered-models.ts'
import { archived, first } from '../registry/stages.ts'
import { onModel, unknownModel } from '../registry/targets.ts'
import { checkParams, paramsFault, paramsOf } from './built-in.ts'
import { settleOpen } from './checks.ts'
import { effective, isOfAliases, type Policy, policyOf, workspacePolicy } from './effective.ts'
import { type Gate, holdPolicies, type PolicyRow, readPolicies, stagesInUse, writePolicy } from './policy.sql.ts'
import { refreshChecks } from './queue.ts'

const most = { stages: 12, checks: 50, people: 100, approvals: 20, ttl: 366 * 86_400_000 }

const names = (what: string) => z.array(required.max(250)).max(most.people, `It names at most ${most.people} ${what}.`).nullish()

const people = z
  .object({ role: z.enum(roles as [Role, ...Role[]]).nullish(), accounts: names('accounts'), teams: names('teams') })
  .transform(({ role, accounts, teams }) => ({ role: role ?? null, accounts: accounts ?? [], teams: teams ?? [] }))

const gate = z
  .object({
    stage: required,
    from: z.array(required).min(1).nullish(),
    requesters: people.nullish(),
    passers: people.nullish(),
    approvers: people.nullish(),
    approvals: z.int().min(0).max(most.approvals).nullish(),
    selfApproval: z.boolean().nullish(),
    checks: z.array(required.max(250)).max(most.checks).nullish(),
    ttl: z.int().min(1_000).max(most.ttl).nullish(),
    params: checkParams.nullish(),
    commentRequired: z.boolean().nullish(),
  })
  .transform(
    ({ stage, from, requesters, passers, approvers, approvals, selfApproval, checks, params, ttl, commentRequired }): Gate => ({
      stage,
      approvals: approvals ?? 1,
      selfApproval: selfApproval ?? false,
      commentRequired: commentRequired ?? false,
      from: from ?? null,
      requesters: requesters ?? null,
      passers: passers ?? null,
      approvers: approvers ?? { role: 'APPROVER', accounts: [], teams: [] },
      checks: [...new Set(checks ?? [])],
      params: paramsOf(params),
      ttl: ttl ?? null,
    }),
  )

const stageName = anyText
  .trim()
  .min(1)
  .max(50)
  .refine((name) => !/[/:@]/.test(name), 'A stage has no / : and @ in its name.')

/** Throws where these can't be the stages and gates. */
function judge({ stages, gates }: Policy): void {
  const wrong = (message: string, field: string) => invalid(message, field)
  const lower = stages.map((stage) => stage.toLowerCase())
  if (stages[0] !== first || stages.at(-1) !== archived)
    throw wrong(`The first stage is '${first}' and the last '${archived}': yours go between them.`, 'stages')
  if (new Set(lower).size < lower.length) throw wrong('Two stages have one name: upper and lower case are the same.', 'stages')
  if (lower.includes('latest') || lower.some((stage) => /^\d+$/.test(stage)))
    throw wrong("A stage is not called 'latest' or a number: models:/ URIs mean those otherwise.", 'stages')
  for (const [i, gate] of gates.entries()) {
    const { stage, from, approvals, approvers, checks } = gate
    const at = `gates[${i}]`
    if (isOfAliases(stage)) {
      if (!/^@[\p{L}\p{N}_*-]+$/u.test(stage))
        throw wrong(`'${stage}' is no alias: @, then letters, digits, _ and -, and * for any of them.`, `${at}.stage`)
    } else if (!stages.includes(stage)) throw wrong(`There is no stage '${stage}': there are ${stages.join(', ')}.`, `${at}.stage`)
    if (stage === first || stage === archived) throw wrong(`'${stage}' has no gate: versions begin and end there.`, `${at}.stage`)
    if (gates.findIndex((other) => other.stage === stage) < i) throw wrong(`'${stage}' has two gates.`, `${at}.stage`)
    const unknown = from?.find((other) => !stages.includes(other))
    if (unknown !== undefined) throw wrong(`There is no stage '${unknown}': there are ${stages.join(', ')}.`, `${at}.from`)
    if (approvals > 0 && !approvers.role && approvers.accounts.length + approvers.teams.length === 0)
      throw wrong('Nobody can give the approvals: name a role, accounts or teams.', `${at}.approvers`)
    if (approvals === 0 && checks.length === 0)
      throw wrong('A gate that asks for no approval and no check holds nothing: leave it out.', `${at}.approvals`)
    const fault = paramsFault(gate)
    if (fault) throw wrong(fault.message, `${at}.${fault.field}`)
  }
}

/** Whoever manages the workspace, of the workspace or of a model. */
const onPolicy = async (
  ctx: Ctx,
  { model }: { model?: string | null | undefined },
): Promise<Target<{ id: number; name: string } | null>> => {
  const target = model ? await onModel(ctx, { name: model }) : undefined
  if (target) check(ctx, 'read', target)
  return { securable: { kind: 'Workspace', id: ctx.workspace.id }, row: target?.row ?? null }
}

/** What holds now, of a model or of those that have none of their own. */
const policyNow = (ctx: Ctx, model: { id: number } | null): Promise<Policy> =>
  model ? policyOf(ctx.db, ctx.workspace.id, model.id) : workspacePolicy(ctx.db, ctx.workspace.id)

/** What is to be. Null in place of either: as above it. */
const policyInput = z.object({
  model: modelName.nullish(),
  stages: z.array(stageName).max(most.stages, `There are at most ${most.stages} stages.`).nullish(),
  gates: z.array(gate).nullish(),
})

/** What held, and what would hold. Throws where that can't be. */
async function weigh(
  sql: Sql,
  workspace: number,
  modelId: number | null,
  { stages, gates }: { stages?: string[] | null | undefined; gates?: Gate[] | null | undefined },
): Promise<{ before: Policy; now: Policy }> {
  const rows = await readPolicies(sql, workspace, modelId === null ? [] : [modelId])
  const above = modelId === null ? undefined : rows.find((row) => row.modelId === null)
  const before = effective(
    rows.find((row) => row.modelId === modelId),
    above,
  )
  const policy = effective({ modelId, stages: stages ?? null, gates: null }, above)
  judge({ stages: policy.stages, gates: gates ?? policy.gates })
  const lost = (await stagesInUse(sql, workspace, modelId)).find((stage) => !policy.stages.includes(stage))
  if (lost !== undefined) throw invalid(`Versions stand in '${lost}': move them first, or keep the stage.`, 'stages')
  return { before, now: effective({ modelId, stages: stages ?? null, gates: gates ?? null }, above) }
}

/** Says which there are. */
export const setPolicy = operation({
  name: 'registry.set-policy',
  input: policyInput,
  action: 'manage',
  on: onPolicy,
  state: (ctx, _, model) => policyNow(ctx, model),
  async run(ctx, { stages, gates }, model): Promise<Policy> {
    const modelId = model?.id ?? null
    const now = await inTransaction(ctx, async (tx) => {
      // In the order in which whoever moves a version takes them: the model, then what holds for it.
      if (model && !(await lockModel(tx, model.id))) throw unknownModel(model.name)
      await holdPolicies(tx, ctx.workspace.id)
      const { before, now } = await weigh(tx, ctx.workspace.id, modelId, { stages, gates })
      await writePolicy(tx, ctx.workspace.id, { modelId, stages: stages ?? null, gates: gates ?? null })
      await enqueue(tx, refreshChecks, { workspace: ctx.workspace.id, model: modelId })
      await record(tx, ctx, {
        kind: 'POLICY_CHANGED',
        model: model ?? { id: 0, name: '' },
        data: { before, stages: stages ?? null, gates: gates ?? null },
      })
      return now
    })
    if (model) rang(ctx, model.id)
    else ctx.events.ring('registry', ctx.workspace.id)
    await settleOpen(ctx, model?.id)
    return now
  },
})

/** What would be set, where it could be; nothing is. */
export const checkPolicy = operation({
  name: 'registry.check-policy',
  input: policyInput,
  action: 'read',
  on: onPolicy,
  async run(ctx, { stages, gates }, model): Promise<PolicyRow> {
    const modelId = model?.id ?? null
    await weigh(ctx.db, ctx.workspace.id, modelId, { stages, gates })
    return { modelId, stages: stages ?? null, gates: gates ?? null }
  },
})

export const getPolicy = operation({
  name: 'registry.get-policy',
  input: z.object({}),
  action: 'read',
  on: (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null }),
  run: (ctx): Promise<Policy> => policyNow(ctx, null),
})
