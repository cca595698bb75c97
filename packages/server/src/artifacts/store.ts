/**
 * The deep host over the stores: it picks the store that holds a location, hands it clean keys only, counts and limits
 * what goes in, stops when the caller has gone, and turns a store's failures into errors that name store and key. Stores
 * only move bytes. `mlflow-artifacts:/` is the root of the first store: what clients send through this server.
 */
import { Readable } from 'node:stream'
import type { ArtifactStore, Entry, FileInfo, GetOptions, PutOptions, StoredFile } from '@tidegate/plugin'
import type { Logger } from 'pino'
import { AppError, invalid, show } from '../errors.ts'
import { passed } from '../memory.ts'
import { cleanPath, joinPath, longestPath } from './path.ts'

/** A file or a folder in a store. Only `locate` makes one, so its key is clean. */
export interface Place {
  store: ArtifactStore
  key: string
}

export interface Artifacts {
  /** Throws INVALID_PARAMETER_VALUE where an experiment may not have its artifacts at `uri`. */
  checkLocation(uri: string): void
  /**
   * `path` below the location `root`. Throws INVALID_PARAMETER_VALUE for a path that is not clean, and for a location that
   * no store of this server holds.
   */
  locate(root: string, path?: string): Place
  /** Writes all of `body` or nothing, and returns its bytes. Throws REQUEST_TOO_LARGE past the limit. */
  put(place: Place, body: Readable, options?: PutOptions): Promise<number>
  stat(place: Place): Promise<FileInfo | null>
  get(place: Place, options?: GetOptions): Promise<StoredFile | null>
  list(place: Place): Promise<Entry[]>
  delete(place: Place): Promise<void>
}

export interface ArtifactsOptions {
  /** The first is what `mlflow-artifacts:/` means. */
  stores: ArtifactStore[]
  log: Logger
  /** Bytes a file may have. @default no limit but the store's own */
  limit?: number
}

const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?/

/** The path below `mlflow-artifacts:/` that a location names, clean; undefined where it is another kind of location. */
export const proxiedPath = (uri: string): string | undefined =>
  proxied.test(uri) ? cleanPath(uri.replace(proxied, '').replace(/^\/+/, '')) : undefined

/** How locations are compared: a file's one without its escapes and its spellings of "this host". */
function plainUri(uri: string): string {
  const path = /^file:(?:\/\/(?:localhost)?)?(\/.*)$/.exec(uri)?.[1]
  if (path === undefined) return uri
  try {
    return `file://${decodeURIComponent(path)}`
  } catch {
    return `file://${path}`
  }
}

const longestLocation = 2048

/** MLflow's rules and words; those for its own scheme are ours, because here a location says whose a path is. */
function checkLocation(uri: string): void {
  const refuse = (message: string) => {
    throw invalid(message, 'artifact_location')
  }
  if (/#|^(?:https?:|[^:]*$)[^?]*;/.test(uri)) refuse("'artifact_location' URL can't include fragments or params.")
  if (/\?.*\.\./.test(uri)) refuse('Invalid query string')
  if (uri.startsWith('runs:')) refuse(`Artifact location cannot be a runs:/ URI. Given: '${uri}'`)
  if (uri.length > longestLocation) {
    refuse(`Invalid artifact path length. The length of the artifact path cannot be greater than ${longestLocation} characters.`)
  }
  const path = proxiedPath(uri)
  if (path === undefined) return
  if (path === '') refuse(`${show(uri)} is the root of all artifacts. Name a folder in it, or leave the location out.`)
  if (/^\d+(\/|$)/.test(path)) {
    refuse(
      `${show(uri)} begins with a number, and those folders belong to the experiments of that number. Choose another name, or leave it out.`,
    )
  }
  if (/[%?]/.test(path) || uri.replace(proxied, '').replace(/^\/+|\/+$/g, '') !== path) {
    refuse(`${show(uri)} can be spelled in several ways. Write it without '%', '?', '.' and doubled slashes.`)
  }
}

/** Opens the host over these stores. Nothing is read or written before it is asked for. */
export function openArtifacts({ stores, log, limit = Number.POSITIVE_INFINITY }: ArtifactsOptions): Artifacts {
  /** Does it, and says which store and which key a failure was about. */
  async function guard<T>(doing: string, { store, key }: Place, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof AppError) throw error
      log.error({ err: error, store: store.name, key }, `could not ${doing}`)
      // The store's own words are for the log: they may hold paths and hosts.
      throw new AppError('INTERNAL_ERROR', `The artifact store '${store.name}' could not ${doing} '${key}'. The server's log says why.`, {
        cause: error,
      })
    }
  }

  return {
    checkLocation,

    locate(root, path = '') {
      const below = (store: ArtifactStore, base: string): Place => {
        const key = joinPath(base, cleanPath(path))
        if (Buffer.byteLength(key) > longestPath) throw invalid(`Invalid path: it is longer than ${longestPath} bytes.`, 'path')
        return { store, key }
      }
      const base = proxiedPath(root)
      if (base !== undefined) return below(stores[0]!, base)
      const uri = plainUri(root)
      const store = stores.find((each) => uri === each.root || uri.startsWith(`${each.root}/`))
      if (store) return below(store, cleanPath(uri.slice(store.root.length).replace(/^\/+/, '')))
      throw invalid(`${show(root)} is not in a store of this server: read and write it there, or add its store to platform.config.ts.`)
    },

    async put(place, body, { size, signal } = {}) {
      const { store, key } = place
      let refusal: AppError | undefined
      let seen = 0
      const refuse = (error: AppError) => {
        refusal = error
        return error
      }
      const tooLarge = () =>
        refuse(new AppError('REQUEST_TOO_LARGE', `'${key}' is larger than ${limit} bytes, which this server takes at most.`))
      if (size !== undefined && size > limit) throw tooLarge()

      // Not a pipeline: that would destroy a refused body, and with it the socket that the refusal is to be sent on.
      async function* metered() {
        try {
          for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
            seen += chunk.length
            if (seen > limit) throw tooLarge()
            passed(chunk.length)
            yield chunk
          }
        } catch (error) {
          throw (
            refusal ??
            refuse(new AppError('BAD_REQUEST', `The body of '${key}' broke off after ${seen} bytes: nothing is kept.`, { cause: error }))
          )
        }
        if (size !== undefined && seen !== size) {
          throw refuse(new AppError('BAD_REQUEST', `The body of '${key}' has ${seen} bytes where ${size} were announced: nothing is kept.`))
        }
      }
      await guard('write', place, async () => {
        try {
          await store.put(key, Readable.from(metered(), { objectMode: false }), { size, signal })
        } catch (error) {
          if (refusal) throw refusal
          if (signal?.aborted)
            throw new AppError('BAD_REQUEST', `The upload of '${key}' was given up after ${seen} bytes: nothing is kept.`, { cause: error })
          throw (await obstacle(place)) ?? error
        }
      })
      return seen
    },

    stat: (place) => guard('look at', place, () => place.store.stat(place.key)),

    async get(place, options) {
      const file = await guard('read', place, () => place.store.get(place.key, options))
      // The answer has begun by then: it can only be cut, and the reason is here.
      file?.body.once('error', (error: NodeJS.ErrnoException) => {
        const isReaderGone = error.name === 'AbortError' || error.code === 'ERR_STREAM_PREMATURE_CLOSE'
        if (!isReaderGone) log.error({ err: error, store: place.store.name, key: place.key }, 'could not read on')
      })
      return file
    },

    list: (place) => guard('list', place, () => place.store.list(place.key)),
    delete: (place) => guard('delete', place, () => place.store.delete(place.key)),
  }
}

/** Why a file can't be there: it is a folder, or one of its folders is a file. Asked only after a write has failed. */
async function obstacle({ store, key }: Place): Promise<AppError | undefined> {
  if ((await store.list(key)).length) return invalid(`'${key}' is a folder: a file can't take its name.`, 'path')
  for (let end = key.indexOf('/'); end > 0; end = key.indexOf('/', end + 1)) {
    const folder = key.slice(0, end)
    if (await store.stat(folder)) return invalid(`'${folder}' is a file: nothing can be below it.`, 'path')
  }
  return undefined
}
