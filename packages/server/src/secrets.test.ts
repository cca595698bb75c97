/** Secrets at rest: what stands in the database, with which key, and what happens without it. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { openSecrets, type SealedColumn, type SecretsOptions } from './secrets.ts'

const column: SealedColumn = { table: 'safe', column: 'secret' }
const other: SealedColumn = { table: 'safe', column: 'note' }
const key = () => randomBytes(32).toString('base64')

describe('a secret', () => {
  let db: TestDatabase
  let folder: string
  beforeEach(async () => {
    db = await freshDatabase()
    await db.query('CREATE TABLE safe (id int PRIMARY KEY, secret text, note text)')
    folder = await mkdtemp(join(tmpdir(), 'tidegate-secrets-'))
  })
  afterEach(async () => {
    await db.close()
    await rm(folder, { recursive: true })
  })
  const open = (options: Partial<SecretsOptions> = {}) => openSecrets(db, { folder, columns: [column], ...options })
  const put = (id: number, text: string | null) => db.query('INSERT INTO safe (id, secret) VALUES ($1, $2)', [id, text])
  const stored = async () => (await db.query<{ secret: string }>('SELECT secret FROM safe ORDER BY id')).map(({ secret }) => secret)

  it('is sealed differently each time, opens where it belongs and nowhere else', async () => {
    const secrets = await open()
    const [one, two] = [await secrets.seal(column, 'tide'), await secrets.seal(column, 'tide')]
    expect(one).not.toBe(two)
    expect([secrets.open(column, one), secrets.open(column, two)]).toEqual(['tide', 'tide'])
    expect(() => secrets.open(other, one)).toThrow('was changed after it was sealed')
  })

  it('is opened as it was sealed or not at all', async () => {
    const secrets = await open()
    const sealed = await secrets.seal(column, 'tide')
    const at = sealed.lastIndexOf(':') + 1
    for (let i = at; i < sealed.length - 1; i++) {
      const bent = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1)
      expect(() => secrets.open(column, bent)).toThrow('was changed after it was sealed')
    }
    expect(() => secrets.open(column, sealed.slice(0, at + 8))).toThrow('was changed after it was sealed')
  })

  it('has its key in a file that only its owner may read, made once', async () => {
    const sealed = await (await open()).seal(column, 'tide')
    const path = join(folder, 'secret-keys')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await open()).open(column, sealed)).toBe('tide')
    await chmod(path, 0o640)
    await expect(open()).rejects.toThrow(`may be read by others on this machine (mode 640). Run: chmod 600 ${path}`)
  })

  it('has one key, even where many processes start first', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()))
    const sealed = await Promise.all(all.map((secrets) => secrets.seal(column, 'tide')))
    for (const secrets of all) for (const each of sealed) expect(secrets.open(column, each)).toBe('tide')
  })

  it('that was stored plain is read, and sealed by the next start', async () => {
    const before = await open()
    await put(1, 'plain')
    await put(2, null)
    expect(before.open(column, 'plain')).toBe('plain')
    const secrets = await open()
    const [one, none] = await stored()
    expect([one, none]).toEqual([expect.stringMatching(/^sealed:\w{16}:/), null])
    expect(secrets.open(column, one!)).toBe('plain')
    await open()
    expect((await stored())[0]).toBe(one)
  })

  it('is sealed anew by a rotation, and the old key opens backups', async () => {
    const [secrets, beside] = [await open(), await open()]
    const old = await secrets.seal(column, 'tide')
    await put(1, old)
    const { keyId, sealed } = await secrets.rotate()
    expect(sealed).toBe(1)
    const [now] = await stored()
    expect(now).toMatch(new RegExp(`^sealed:${keyId}:`))
    // A process that was running all the while.
    expect(beside.open(column, now!)).toBe('tide')
    expect(await beside.seal(column, 'more')).toMatch(new RegExp(`^sealed:${keyId}:`))
    const restarted = await open()
    expect([restarted.open(column, now!), restarted.open(column, old)]).toEqual(['tide', 'tide'])
  })

  it('follows configured keys as they change: added behind, moved before, the old one taken away', async () => {
    const [old, next] = [key(), key()]
    const first = await open({ keys: [old] })
    await put(1, await first.seal(column, 'tide'))
    await expect(first.rotate()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    const both = await open({ keys: [old, next] })
    const turned = await open({ keys: [next, old] })
    // The one that still has the old key first seals with the one that the database names.
    await put(2, await both.seal(column, 'wave'))
    const alone = await open({ keys: [next] })
    expect((await stored()).map((text) => alone.open(column, text))).toEqual(['tide', 'wave'])
    expect((await stored()).map((text) => turned.open(column, text))).toEqual(['tide', 'wave'])
    await expect(open({ keys: [old] })).rejects.toThrow('is not in TIDEGATE_SECRET_KEYS. Put it there')
  })

  it('is not sealed with a second key by a server that has not the first', async () => {
    const [ours, theirs] = [await open({ keys: [key()] }), await open({ keys: [key()] })]
    const sealed = await ours.seal(column, 'tide')
    await expect(theirs.seal(column, 'wave')).rejects.toThrow('Give all servers on one database the same keys')
    expect(() => theirs.open(column, sealed)).toThrow('Give all servers on one database the same keys')
  })

  it('is given up only when that is asked for', async () => {
    await put(1, await (await open({ keys: [key()] })).seal(column, 'tide'))
    await expect(open()).rejects.toThrow('--forget-keys yes')
    const secrets = await open({ forget: true })
    const [gone] = await stored()
    expect(() => secrets.open(column, gone!)).toThrow('lost with the key')
    await put(2, await secrets.seal(column, 'wave'))
    const again = await open()
    expect(again.open(column, (await stored())[1]!)).toBe('wave')
  })

  it('has a file of keys that is read or refused', async () => {
    await writeFile(join(folder, 'secret-keys'), '# a note\nnonsense\n', { mode: 0o600 })
    await expect(open()).rejects.toThrow('Line 2 of')
    await writeFile(join(folder, 'secret-keys'), '', { mode: 0o600 })
    await expect(open()).rejects.toThrow('There is no key in')
  })
})

it('keys in the configuration are checked, and not shown', () => {
  const good = readConfig([], { TIDEGATE_SECRET_KEYS: `${key()},${key()}` })
  expect(good.ok && good.config.secretKeys).toHaveLength(2)
  const bad = readConfig([], { TIDEGATE_SECRET_KEYS: 'tooshort' })
  expect(bad.ok ? '' : bad.problems.join()).toMatch(/^TIDEGATE_SECRET_KEYS is not a list of keys/)
})

describe("an alert rule's secret", () => {
  let platform: Platform
  afterEach(() => platform.stop())

  it('is shown when it is made, sealed in the database, and turned by an admin', async () => {
    platform = await startPlatform()
    const { createAlertRule } = await platform.graphql(
      'mutation { createAlertRule(input: { experimentId: "0", name: "a", condition: { kind: NOT_FINITE } }) { secret rule { id } } }',
    )
    const inTable = async () => (await platform.db.query<{ secret: string }>('SELECT secret FROM alert_rule'))[0]!.secret
    const before = await inTable()
    expect(before).toMatch(/^sealed:/)
    expect(before).not.toContain(createAlertRule.secret)
    const { rotateSecretKey } = await platform.graphql('mutation { rotateSecretKey { keyId sealed } }')
    expect(rotateSecretKey.sealed).toBe(1)
    expect(await inTable()).toMatch(new RegExp(`^sealed:${rotateSecretKey.keyId}:`))
    const secrets = await openSecrets(platform.db, { folder: `${platform.folder}-data`, columns: [] })
    expect(secrets.open({ table: 'alert_rule', column: 'secret' }, await inTable())).toBe(createAlertRule.secret)
    expect(await readFile(join(`${platform.folder}-data`, 'secret-keys'), 'utf8')).not.toContain(createAlertRule.secret)
  })
})
