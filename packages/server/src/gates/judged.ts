/** What a check is given and what it says, and what several of them read. */
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { findModels } from '../models/logged-models.sql.ts'
import { getLoggedModel } from '../models/logged-models.ts'
import { call } from '../operation.ts'
import type { ModelVersion } from '../registry/model-versions.sql.ts'
import { findRuns } from '../runs/read.sql.ts'
import { getRun } from '../runs/runs.ts'
import type { CheckParams } from './built-in.ts'

export interface Judged {
  version: ModelVersion
  /** The stage it is to come into, or the alias it is to have. */
  place: string
  params: CheckParams
}

export interface Finding {
  state: 'PASSED' | 'FAILED' | 'SKIPPED'
  summary: string
  numbers: Record<string, number>
}

export const finding = (state: Finding['state'], summary: string, numbers: Record<string, number> = {}): Finding => ({
  state,
  summary,
  numbers,
})

export const wire = ({ name, version }: ModelVersion) => ({ name, version: String(version) })
/** What is not found, or may not be seen, is as good as not there. */
export async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AppError && ['RESOURCE_DOES_NOT_EXIST', 'PERMISSION_DENIED'].includes(error.code)) return undefined
    throw error
  }
}

/** Whether it was made of a run or a logged model that is there, and may not be seen: what is not known of it must not count for another. */
export async function isHidden(ctx: Ctx, version: ModelVersion): Promise<boolean> {
  const [[run], [model]] = await Promise.all([findRuns(ctx.db, [version.run]), findModels(ctx.db, [version.loggedModel])])
  const isHere = (it: { workspaceId: number; deletedAt: number | null } | undefined) =>
    it?.workspaceId === version.workspaceId && it.deletedAt === null
  if (isHere(run) && !(await runOf(ctx, version))) return true
  return isHere(model) && !(await orNothing(call(ctx, getLoggedModel, { modelId: version.loggedModel })))
}

export const runOf = (ctx: Ctx, { run }: ModelVersion) => (run ? orNothing(call(ctx, getRun, { runId: run })) : undefined)
