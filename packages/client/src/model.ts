/** Logged models: what training made, with its files. */
import { type ArtifactContent, putFile } from './artifact.ts'
import type { KeyValue } from './entries.ts'
import { callWire } from './exchange.ts'

/** A model that is to be logged. */
export interface NewModel {
  /** `m-` and 32 hexadecimal digits, made up here, so that sending it again makes no second one. */
  id: string
  name: string
  type: string | undefined
  /** Of the run, where it was made. */
  step: number
  params: KeyValue[]
  tags: KeyValue[]
  files: Array<[path: string, content: ArtifactContent]>
}

/** Makes the model, writes its files and links it to its run. Safe to send again. */
export async function sendModel(origin: string, run: { id: string; experimentId: string }, model: NewModel): Promise<void> {
  const { name, type, step, params, tags, files } = model
  const request = { model_id: model.id, experiment_id: run.experimentId, name, model_type: type, source_run_id: run.id, params, tags }
  const { model: made } = (await callWire(origin, 'POST', 'logged-models', request)) as {
    model: { info: { model_id: string; artifact_uri: string } }
  }
  const { model_id: id } = made.info
  const root = made.info.artifact_uri.replace(/^mlflow-artifacts:\/+/, '')
  try {
    for (const [path, content] of files) await putFile(origin, `${root}/${path}`, content)
  } catch (error) {
    // So that it is known not to be whole; the reason is what counts.
    await callWire(origin, 'PATCH', `logged-models/${id}`, { model_id: id, status: 'LOGGED_MODEL_UPLOAD_FAILED' }).catch(() => {})
    throw error
  }
  await callWire(origin, 'PATCH', `logged-models/${id}`, { model_id: id, status: 'LOGGED_MODEL_READY' })
  await callWire(origin, 'POST', 'runs/outputs', { run_id: run.id, models: [{ model_id: id, step }] })
}
