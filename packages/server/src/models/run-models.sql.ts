/** Which models a run used and made. A model is named as the client names it: it may be gone, or be of another server. */
import type { Sql } from '@tidegate/db'

export interface ModelOutput {
  /** MLflow's model_id. */
  model: string
  /** The step the run was at. */
  step: number
}

export interface RunModels {
  inputs: string[]
  outputs: ModelOutput[]
}

const write = `INSERT INTO run_model (run_id, is_output, model, step) SELECT $1::int, $2, u.* FROM unnest($3::text[], $4::bigint[]) AS u
ON CONFLICT (run_id, is_output, model, step) DO NOTHING`

/** Links models that a run used. Said twice it is one link. */
export const addModelInputs = (sql: Sql, run: number, models: readonly string[]) =>
  sql.query(write, [run, false, models, models.map(() => 0)])

/** Links models that a run made, each with its step. */
export const addModelOutputs = (sql: Sql, run: number, outputs: readonly ModelOutput[]) =>
  sql.query(write, [run, true, outputs.map(({ model }) => model), outputs.map(({ step }) => step)])

/** The models of runs, in the order they were linked; a run without any has no entry. */
export async function readRunModels(sql: Sql, runs: readonly number[]): Promise<Map<number, RunModels>> {
  const found = new Map<number, RunModels>()
  const rows = await sql.query<ModelOutput & { run: number; isOutput: boolean }>(
    'SELECT run_id AS run, is_output AS "isOutput", model, step FROM run_model WHERE run_id = ANY($1) ORDER BY id',
    [runs],
  )
  for (const { run, isOutput, model, step } of rows) {
    const models = found.get(run) ?? { inputs: [], outputs: [] }
    found.set(run, models)
    if (isOutput) models.outputs.push({ model, step })
    else models.inputs.push(model)
  }
  return found
}
