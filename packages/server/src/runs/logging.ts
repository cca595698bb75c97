/** What a run logs: metric points, params and tags. A batch of them is written whole or not at all. */
import type { Sql } from '@tidegate/db'
import { z } from 'zod'
import { type Ctx, inTransaction } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { overtaken } from '../experiments/experiments.ts'
import { checkCount, cutText, key, limits, type MetricColumns, metrics, paramKey, readMetric, required } from '../fields.ts'
import { type ModelPoints, writeModelPoints } from '../models/model-metrics.sql.ts'
import { modelPoints } from '../models/model-metrics.ts'
import { operation } from '../operation.ts'
import { ensureKeys, findKeys } from './keys.sql.ts'
import type { PointColumns } from './points/points.ts'
import type { KeyValue } from './run.ts'
import { keyed, list, nameTag, onRun, parentTag, type RunRef, rang, refusal } from './runs.ts'
import { deleteTagRow, type KeyedValues, readTag, writeParams, writeTags } from './write.sql.ts'

const tag = z.object({ key, value: cutText(limits.tagValue) })
const param = z.object({ key: paramKey, value: cutText(limits.paramValue) })

async function pointColumns(ctx: Ctx, ref: RunRef, { keys, steps, times, values }: MetricColumns) {
  const ids = await ensureKeys(ctx.db, ref.experimentId, 'metric', keys)
  return { keys: keys.map((name) => ids.get(name)!), steps, times, values }
}

/** Points alone go the short way; those of models with them, or not at all. */
async function putPoints(ctx: Ctx, ref: RunRef, points: PointColumns, ofModels: ModelPoints | undefined): Promise<void> {
  if (!ofModels) {
    const written = await ctx.points.append(ref.id, points)
    if (!written) throw await refusal(ctx, ref)
    if (written.grew) ctx.events.ring('experiment', ref.experimentId)
  } else {
    await inTransaction(ctx, async (tx) => {
      if (!(await ctx.points.lock(ref.id, tx))) throw await refusal(ctx, ref, tx)
      if ((await ctx.points.append(ref.id, points, tx))?.grew) tx.ring('experiment', ref.experimentId)
      await writeModelPoints(tx, ref.id, ofModels)
    })
  }
  ctx.events.ring('run', ref.id)
}

async function putParams(ctx: Ctx, sql: Sql, ref: RunRef, params: KeyValue[], ids: KeyedValues) {
  const differing = await writeParams(sql, ref.id, ids)
  if (!differing) throw await refusal(ctx, ref, sql)
  if (!differing.size) return
  const changes = params.flatMap(({ key, value }, i) => {
    const old = differing.get(ids.keys[i]!)
    return old === undefined ? [] : [`{'key': '${key}', 'old_value': '${old}', 'new_value': '${value}'}`]
  })
  throw invalid(
    `Changing param values is not allowed. Params were already logged='[${changes.join(', ')}]' for run ID='${ref.uuid}'. Log the new value under another key, or in another run.`,
    'params',
  )
}

async function putTags(ctx: Ctx, sql: Sql, ref: RunRef, tags: KeyValue[], ids: KeyedValues) {
  const last = (wanted: string) => tags.findLast(({ key }) => key === wanted)?.value ?? null
  if (!(await writeTags(sql, ref.id, ids, last(nameTag) || null, last(parentTag)))) throw await refusal(ctx, ref, sql)
}

export const logBatch = operation({
  name: 'run.log-batch',
  quiet: true,
  input: z.object({ runId: required, metrics, params: list(param), tags: list(tag) }),
  action: 'edit',
  on: onRun,
  async run(ctx, { metrics, params, tags }, ref): Promise<void> {
    checkCount('metrics', limits.metricsPerBatch, metrics.keys.length)
    checkCount('params', limits.paramsPerBatch, params.length)
    checkCount('tags', limits.tagsPerBatch, tags.length)
    checkCount('metrics, params, and tags', limits.entitiesPerBatch, metrics.keys.length + params.length + tags.length)
    const doubles = params.map(({ key }) => key).filter((key, i, all) => all.indexOf(key) !== i)
    if (doubles.length) {
      throw invalid(
        `Duplicate parameter keys have been submitted: [${doubles.map((key) => `'${key}'`).join(', ')}]. Please ensure the request contains only one param value per param key.`,
        'params',
      )
    }
    const points = metrics.keys.length ? await pointColumns(ctx, ref, metrics) : undefined
    const ofModels = await modelPoints(ctx, metrics)
    if (points && !params.length && !tags.length) return putPoints(ctx, ref, points, ofModels)
    const paramIds = params.length ? await keyed(ctx.db, ref.experimentId, 'param', params) : undefined
    const tagIds = tags.length ? await keyed(ctx.db, ref.experimentId, 'tag', tags) : undefined
    // Each of these locks the run's head before anything else, so that no two transactions wait for each other. They are
    // sent at once, and all undone if one is refused.
    await inTransaction(ctx, async (tx) => {
      await Promise.all([
        paramIds && putParams(ctx, tx, ref, params, paramIds),
        tagIds && putTags(ctx, tx, ref, tags, tagIds),
        points && ctx.points.append(ref.id, points, tx),
      ])
      if (ofModels) await writeModelPoints(tx, ref.id, ofModels)
      rang(tx, ref)
    })
  },
})

export const logMetric = operation({
  name: 'run.log-metric',
  quiet: true,
  input: z.looseObject({ runId: required }).transform(({ runId, ...raw }, context) => ({ runId, metric: readMetric(raw, context) })),
  action: 'edit',
  on: onRun,
  async run(ctx, { metric }, ref): Promise<void> {
    await putPoints(ctx, ref, await pointColumns(ctx, ref, metric), await modelPoints(ctx, metric))
  },
})

export const logParam = operation({
  name: 'run.log-param',
  quiet: true,
  input: z.object({ runId: required, key: paramKey, value: cutText(limits.paramValue) }),
  action: 'edit',
  on: onRun,
  async run(ctx, { key, value }, ref): Promise<void> {
    const differing = await writeParams(ctx.db, ref.id, await keyed(ctx.db, ref.experimentId, 'param', [{ key, value }]))
    if (!differing) throw await refusal(ctx, ref)
    for (const old of differing.values()) {
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${old}' for run ID='${ref.uuid}'. Attempted logging new value '${value}'.`,
        'value',
      )
    }
    rang(ctx, ref)
  },
})

export const setTag = operation({
  name: 'run.set-tag',
  input: z.object({
    runId: required,
    key,
    value: cutText(limits.tagValue),
    /** Only where it is that now; empty also where there is no such tag. */
    was: z.string().nullish(),
  }),
  action: 'edit',
  on: onRun,
  async run(ctx, { key, value, was }, ref): Promise<void> {
    const tags = [{ key, value }]
    const ids = await keyed(ctx.db, ref.experimentId, 'tag', tags)
    if (was === undefined || was === null) await putTags(ctx, ctx.db, ref, tags, ids)
    else {
      // Whoever writes a tag locks the head first, so what is read here stays until it is written.
      await inTransaction(ctx, async (tx) => {
        if (!(await ctx.points.lock(ref.id, tx))) throw await refusal(ctx, ref, tx)
        if (((await readTag(tx, ref.id, ids.keys[0]!)) ?? '') !== was) throw overtaken(key)
        await putTags(ctx, tx, ref, tags, ids)
      })
    }
    rang(ctx, ref)
  },
})

export const deleteTag = operation({
  name: 'run.delete-tag',
  input: z.object({ runId: required, key: required }),
  action: 'edit',
  on: onRun,
  async run(ctx, { key }, ref): Promise<void> {
    const id = (await findKeys(ctx.db, ref.experimentId, 'tag', [key])).get(key)
    const outcome = id === undefined ? 'absent' : await deleteTagRow(ctx.db, ref.id, id, key === parentTag)
    if (outcome === 'closed') throw await refusal(ctx, ref)
    if (outcome === 'absent') throw notFound(`No tag with name: ${key} in run with id ${ref.uuid}`)
    rang(ctx, ref)
  },
})
