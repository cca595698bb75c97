/**
 * What clients before MLflow 3 say of the models that they logged: a description, which is added to a list in the run's
 * tag `mlflow.log-model.history`. Nothing else is made of it here: those models are files of their run.
 */
import { z } from 'zod'
import { invalid } from '../errors.ts'
import { required } from '../fields.ts'
import { operation } from '../operation.ts'
import { ensureKeys } from '../runs/keys.sql.ts'
import { readValues } from '../runs/read.sql.ts'
import { activeRun, runTarget } from '../runs/runs.ts'
import { writeTags } from '../runs/write.sql.ts'

const historyTag = 'mlflow.log-model.history'
const mandatory = ['artifact_path', 'flavors', 'utc_time_created', 'run_id']
/** Of a model's description the tag keeps these. */
const kept = ['run_id', 'artifact_path', 'utc_time_created', 'flavors', 'model_uuid']

type Description = Record<string, unknown>

function readDescription(json: string): Description {
  let model: unknown
  try {
    model = JSON.parse(json)
  } catch {
    model = undefined
  }
  if (typeof model !== 'object' || model === null || Array.isArray(model)) {
    throw invalid(`Malformed model info. \n ${json} \n is not a valid JSON.`, 'model_json')
  }
  const missing = mandatory.filter((field) => !Object.hasOwn(model, field))
  if (missing.length) throw invalid(`Model json is missing mandatory fields: {${missing.map((it) => `'${it}'`).join(', ')}}`, 'model_json')
  const { flavors, ...rest } = model as Description
  const withoutConfig = (flavor: unknown) => {
    if (typeof flavor !== 'object' || flavor === null || Array.isArray(flavor)) return flavor
    const { config: _, ...others } = flavor as Description
    return others
  }
  const all: Description = {
    ...rest,
    flavors: Object.fromEntries(Object.entries(flavors ?? {}).map(([name, flavor]) => [name, withoutConfig(flavor)])),
  }
  return Object.fromEntries(kept.filter((field) => Object.hasOwn(all, field)).map((field) => [field, all[field]]))
}

/** The list as it stands; text that is none was not written by this call and is left out of it. */
function readHistory(tag: string | undefined): unknown[] {
  try {
    const list: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}

export const recordModel = operation({
  name: 'run.log-model',
  input: z.object({ runId: required, modelJson: required }),
  action: 'edit',
  on: (ctx, { runId }) => runTarget(ctx, runId),
  async run(ctx, { modelJson }, ref): Promise<void> {
    const model = readDescription(modelJson)
    const key = (await ensureKeys(ctx.db, ref.experimentId, 'tag', [historyTag])).get(historyTag)!
    await activeRun(ctx, ref, async (tx) => {
      const before = (await readValues(tx, [ref.id], { tags: [historyTag] })).get(ref.id)!.tags[0]?.value
      await writeTags(tx, ref.id, { keys: [key], values: [JSON.stringify([...readHistory(before), model])] }, null, null)
    })
  },
})
