/** Files of a run, uploaded. */
import { node } from './address.ts'
import { exchange } from './exchange.ts'

/** What a file holds: text, bytes, or (in Node) a file on this machine, which is streamed. */
export type ArtifactContent = string | Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | { file: string | URL }

/** Asked for at run time, so that no bundler looks for Node's modules. */
async function openFile(path: string | URL): Promise<Blob> {
  const fs = node?.getBuiltinModule('node:fs')
  if (!fs) throw new TypeError(`The file '${path}' can't be opened in a browser: give its content, such as the File of an input.`)
  if (!(await fs.promises.stat(path)).isFile()) throw new TypeError(`'${path}' is not a file.`)
  return fs.openAsBlob(path)
}

/** Writes the whole file, or nothing. Safe to send again. */
export async function upload(origin: string, runId: string, path: string, content: ArtifactContent): Promise<void> {
  const query = new URLSearchParams({ run_uuid: runId, path })
  const body = typeof content === 'object' && 'file' in content ? await openFile(content.file) : content
  await exchange(
    `${origin}/ajax-api/2.0/mlflow/upload-artifact?${query}`,
    { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body },
    // As long as it takes: how long depends on its size.
    Number.POSITIVE_INFINITY,
  )
}
