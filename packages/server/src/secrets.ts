/**
 * Secrets at rest. Always true: what is stored is AES-256-GCM's, bound to the column it stands in, and names the key that
 * opens it; the keys themselves are never in the database. One key seals for all servers on a database, and the database
 * says which (by its id, a digest). Keys come from TIDEGATE_SECRET_KEYS or from a file in the data folder that the first
 * start makes: the first of them seals, all of them open.
 *
 * Stored text that is not sealed is taken as it is: older versions stored it so. A start seals it, and what another key
 * than the first has sealed, so a change of the configured keys is a rotation.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database, Sql } from '@tidegate/db'
import { AppError } from './errors.ts'
import { changeKey, claimKey, lockKeys, type SealedColumn, sealingKey, storeAgain, storedOtherwise } from './secrets.sql.ts'

export type { SealedColumn } from './secrets.sql.ts'

export interface SecretsOptions {
  /** The data folder: where the file of keys is. */
  folder: string
  /** In place of the file: keys of 32 bytes in base64. @default none */
  keys?: readonly string[]
  /** Give up what was sealed with a key that is lost. @default false */
  forget?: boolean
  /** All there are. */
  columns: readonly SealedColumn[]
}

export interface Secrets {
  seal(where: SealedColumn, text: string): Promise<string>
  /** Throws INVALID_STATE where this server has not the key. */
  open(where: SealedColumn, stored: string): string
  /** Makes a new key, and seals everything with it. */
  rotate(): Promise<Rotation>
}

export interface Rotation {
  /** Of the key that seals now. */
  keyId: string
  /** How many secrets it has sealed anew. */
  sealed: number
}

interface Key {
  id: string
  bytes: Buffer
}

const sealedBy = (id: string) => `sealed:${id}:`
const lost = 'lost:'
const head = `# What seals the secrets in the database: the first key seals, all open. Keep a copy, apart from the database's backups.\n`

/** Undefined where it is not 32 bytes in base64. */
export function readKey(text: string): Key | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 32 || !/^[\w+/-]{43}=?$/.test(text)) return undefined
  return { bytes, id: createHash('sha256').update('tidegate key id').update(bytes).digest('hex').slice(0, 16) }
}

const newKey = () => readKey(randomBytes(32).toString('base64'))!

function readFile(path: string): Key[] {
  const mode = statSync(path).mode & 0o777
  if (mode & 0o077) {
    throw new Error(`The keys in ${path} may be read by others on this machine (mode ${mode.toString(8)}). Run: chmod 600 ${path}`)
  }
  const keys: Key[] = []
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const key = readKey(line.trim())
    if (!key) throw new Error(`Line ${i + 1} of ${path} is not a key: 32 bytes in base64. Restore the file from a copy.`)
    keys.push(key)
  }
  if (!keys.length) throw new Error(`There is no key in ${path}. Restore the file from a copy.`)
  return keys
}

/** Whole or not at all, and never over a file that another process has made meanwhile unless `replace` says so. */
function writeFile(path: string, keys: Key[], replace: boolean): void {
  const partial = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(partial, head + keys.map(({ bytes }) => `${bytes.toString('base64')}\n`).join(''), { mode: 0o600, flush: true })
    // The umask may have taken the owner's own bits.
    chmodSync(partial, 0o600)
    if (replace) renameSync(partial, path)
    else linkSync(partial, path)
  } catch (error) {
    if (replace || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(partial, { force: true })
  }
}

/** Throws an Error with one clear sentence where the keys can't be read, or are not those of this database. */
export async function openSecrets(db: Database, { folder, keys, forget = false, columns }: SecretsOptions): Promise<Secrets> {
  const path = join(folder, 'secret-keys')
  const load = (): Key[] => {
    if (keys?.length) return keys.map((text) => readKey(text)!)
    try {
      return readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFile(path, [newKey()], false)
    return readFile(path)
  }
  let ring = load()
  const find = (id: string | undefined): Key | undefined => {
    const known = () => ring.find((key) => key.id === id)
    // Another process on the same folder may have made it.
    if (!known()) ring = load()
    return known()
  }
  const place = keys?.length ? 'TIDEGATE_SECRET_KEYS' : path
  const absent = (id: string) => `The key ${id}, which the secrets of this database are sealed with, is not in ${place}.`

  function encrypt({ table, column }: SealedColumn, text: string, { id, bytes }: Key): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', bytes, iv).setAAD(Buffer.from(`${table}.${column}`))
    const body = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()])
    return sealedBy(id) + Buffer.concat([body, cipher.getAuthTag()]).toString('base64url')
  }

  function open({ table, column }: SealedColumn, stored: string): string {
    if (stored.startsWith(lost)) throw new AppError('INVALID_STATE', 'This secret is lost with the key that had sealed it. Make a new one.')
    const [, id, data] = /^sealed:(\w+):([\w-]+)$/.exec(stored) ?? []
    if (!id || !data) return stored
    const key = find(id)
    if (!key) throw new AppError('INVALID_STATE', `${absent(id)} Give all servers on one database the same keys.`)
    const body = Buffer.from(data, 'base64url')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, body.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(`${table}.${column}`)).setAuthTag(body.subarray(-16))
      return Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]).toString('utf8')
    } catch (cause) {
      throw new AppError('INVALID_STATE', `A secret in ${table}.${column} was changed after it was sealed. Make a new one.`, { cause })
    }
  }

  /** Seals with this key all that is not. What can't be opened: an error, or given up. */
  async function reseal(sql: Sql, key: Key, giveUp: boolean): Promise<number> {
    let count = 0
    for (const where of columns) {
      const rows = await storedOtherwise(sql, where, [sealedBy(key.id), lost])
      if (!rows.length) continue
      const unknown = (stored: string) => stored.startsWith('sealed:') && !find(stored.split(':')[1])
      const stuck = rows.find(({ stored }) => unknown(stored))
      if (stuck && !giveUp) throw keyMissing(stuck.stored.split(':')[1]!)
      await storeAgain(
        sql,
        where,
        rows.map(({ id, stored }) => ({ id, stored: unknown(stored) ? lost : encrypt(where, open(where, stored), key) })),
      )
      count += rows.length
    }
    return count
  }
  const keyMissing = (id: string) =>
    new Error(
      `${absent(id)} Put it there, from another server or a copy. If it is lost, so are those secrets: start once with --forget-keys yes, and make them anew.`,
    )

  await db.tx(async (sql) => {
    await lockKeys(sql)
    const registered = await sealingKey(sql)
    if (registered && !find(registered) && !forget) throw keyMissing(registered)
    const first = ring[0]!
    const count = await reseal(sql, first, forget)
    if (count || (registered && registered !== first.id)) await changeKey(sql, first.id, Date.now())
  })

  return {
    async seal(where, text) {
      const read = () => sealingKey(db)
      let id = await read()
      if (!id) {
        await claimKey(db, ring[0]!.id, Date.now())
        id = (await read())!
      }
      const key = find(id)
      if (!key) throw new AppError('INVALID_STATE', `${absent(id)} Give all servers on one database the same keys.`)
      return encrypt(where, text, key)
    },
    open,
    async rotate() {
      if (keys?.length) {
        throw new AppError(
          'INVALID_STATE',
          'The keys are configured: put a new one behind the others in TIDEGATE_SECRET_KEYS, restart all servers, put it before the others, and restart them again.',
        )
      }
      const key = newKey()
      return db.tx(async (sql) => {
        await lockKeys(sql)
        ring = [key, ...load()]
        writeFile(path, ring, true)
        const sealed = await reseal(sql, key, false)
        await changeKey(sql, key.id, Date.now())
        return { keyId: key.id, sealed }
      })
    },
  }
}
