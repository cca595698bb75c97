/**
 * URLs that let a client reach a file in its store without this server between. No store here can sign one yet, so what is
 * left is the refusal, of a question that was asked rightly: a client takes it as a reason to send files through the server.
 */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid } from '../errors.ts'
import { optionalInt64, required, text } from '../fields.ts'
import { operation } from '../operation.ts'
import { onModel, onRun, type Spot } from './artifacts.ts'

/** Stores sign for a week at most. */
const longest = 604_800
const expiration = optionalInt64.transform((seconds = 900) => {
  if (seconds < 1 || seconds > longest) throw invalid(`expiration must be between 1 and ${longest} seconds (got ${seconds}).`, 'expiration')
  return seconds
})

function refuse(what: 'upload' | 'download', { owner }: Spot): never {
  const [scheme] = owner!.artifactUri.split(':')
  if (scheme !== 'mlflow-artifacts') {
    throw new AppError('NOT_IMPLEMENTED', `Presigned ${what} is not supported for the current artifact repository`)
  }
  throw invalid(
    `Presigned ${what} is not supported for ${what === 'upload' ? '' : 'runs with '}proxied artifact storage (artifact URI scheme: ${scheme}). This endpoint requires a direct cloud storage artifact URI.`,
  )
}

export const presignUpload = operation({
  name: 'artifact.presign-upload',
  input: z.object({ runId: text, modelId: text, path: required, expiration }),
  action: 'edit',
  on(ctx: Ctx, { runId, modelId, path }) {
    if (Boolean(runId) === Boolean(modelId)) throw invalid('Exactly one of run_id and model_id must be provided.')
    return runId ? onRun(ctx, { runId, path }) : onModel(ctx, { modelId: modelId!, path })
  },
  run: (_ctx, _, spot) => refuse('upload', spot),
})

export const presignDownload = operation({
  name: 'artifact.presign-download',
  input: z.object({ runId: required, path: required, expiration }),
  action: 'read',
  on: onRun,
  run: (_ctx, _, spot) => refuse('download', spot),
})
