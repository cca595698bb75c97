import type { Readable } from 'node:stream'

/**
 * Where artifacts live. A store moves bytes and knows nothing of runs, users or permissions.
 *
 * What a store may rely on: keys and prefixes are clean. They are relative, separated by single '/', without '.', '..',
 * backslashes or NUL, well-formed Unicode, at most 255 bytes of UTF-8 a segment and 1024 in all. The platform has checked
 * that. `list('')` is the top of the store; nothing else is given an empty key.
 *
 * What the platform relies on is proved by `artifactStoreSuite` in @tidegate/plugin/conformance: a store that passes it
 * works. A failure is a thrown Error in the words of whatever failed; the platform says which store and which key it was.
 */
export interface ArtifactStore {
  kind: 'artifact-store'

  /** Named in config and in logs, such as 'local'. */
  name: string

  /**
   * The URI that keys are below, without a slash at its end and not percent-encoded: 'file:///srv/artifacts',
   * 's3://bucket/folder'. An experiment whose artifact location begins with it is served from this store.
   */
  root: string

  /**
   * Writes all of `body`, or nothing: when the body fails or `signal` aborts, what was there before is untouched, and
   * nothing new is listed. Resolves when the file outlives a power cut; readers see the old file whole or the new one.
   * Of two at once on one key, either may win. Reads no faster than it writes, so that memory stays constant.
   */
  put(key: string, body: Readable, options?: PutOptions): Promise<void>

  /** Null where there is no such file; a folder is not a file. */
  stat(key: string): Promise<FileInfo | null>

  /** Null where there is no such file. Whoever calls reads the body to its end or destroys it. */
  get(key: string, options?: GetOptions): Promise<StoredFile | null>

  /**
   * One level below `prefix`: its files and its folders, in the order of their names' UTF-8 bytes. An unknown prefix is an
   * empty list, and so is a file.
   */
  list(prefix: string): Promise<Entry[]>

  /** Deletes a file, or a folder with all that is in it. Deleting nothing is fine. A folder without files is none. */
  delete(prefix: string): Promise<void>

  /**
   * Lets a client go to the storage directly: a URL that reads or writes this one key for `seconds`. A store that can't
   * has no such method.
   */
  presign?(key: string, method: 'GET' | 'PUT', seconds: number): Promise<URL>
}

export interface PutOptions {
  /** Bytes the body will have, where that is known. The platform fails the body when it turns out otherwise. */
  size?: number | undefined
  signal?: AbortSignal | undefined
}

export interface GetOptions {
  /** @default the whole file */
  range?: Range | undefined
  signal?: AbortSignal | undefined
}

/** Bytes `start` to `end`, counted from 0, both included. Of what lies past the file's end there is nothing. */
export interface Range {
  start: number
  end: number
}

export interface FileInfo {
  /** Bytes in the whole file. */
  size: number
  /** Another one for every content the key ever had. Printable ASCII without '"', for an ETag. */
  version: string
}

export interface StoredFile extends FileInfo {
  /** The bytes asked for, of this very version. */
  body: Readable
}

export interface Entry {
  /** The last segment of its key. */
  name: string
  /** Bytes; null for a folder. */
  size: number | null
}
