/** Experiments by name: found, or made where there is none. */
import { ApiError } from './api-error.ts'
import { callWire } from './exchange.ts'

const has = (code: string) => (error: unknown) => {
  if (error instanceof ApiError && error.code === code) return undefined
  throw error
}

async function find(origin: string, name: string): Promise<string | undefined> {
  const found = (await callWire(origin, 'GET', 'experiments/get-by-name', { experiment_name: name }).catch(
    has('RESOURCE_DOES_NOT_EXIST'),
  )) as { experiment: { experiment_id: string; lifecycle_stage: string } } | undefined
  if (found?.experiment.lifecycle_stage === 'deleted') {
    throw new ApiError('INVALID_STATE', `The experiment '${name}' is deleted. Restore it, or choose another name.`, { field: 'experiment' })
  }
  return found?.experiment.experiment_id
}

/** The id of the experiment of that name. Of many who ask at once one makes it, and all get it. Safe to call again. */
export async function experimentId(origin: string, name: string): Promise<string> {
  const id = await find(origin, name)
  if (id) return id
  const made = (await callWire(origin, 'POST', 'experiments/create', { name }).catch(has('RESOURCE_ALREADY_EXISTS'))) as
    | { experiment_id: string }
    | undefined
  return made?.experiment_id ?? (await find(origin, name))!
}
