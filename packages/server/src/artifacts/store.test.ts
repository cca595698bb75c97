import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { localArtifacts } from '@tidegate/artifact-local'
import type { ArtifactStore } from '@tidegate/plugin'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanPath, cleanUrlPath } from './path.ts'
import { openArtifacts } from './store.ts'

const refusal = { code: 'INVALID_PARAMETER_VALUE', message: expect.stringMatching(/^Invalid path/) }
const caught = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('a path', () => {
  it('is one path, however it is spelled', () => {
    for (const spelled of ['a/b', 'a//b', './a/b', 'a/./b/', 'a/b/.', 'a///b//']) expect(cleanPath(spelled)).toBe('a/b')
    for (const root of ['', '.', './', './/.']) expect(cleanPath(root)).toBe('')
  })

  it('may have odd names', () => {
    for (const name of [
      'two words',
      'ü',
      '100%',
      '50%25',
      'a+b',
      '.hidden',
      '..two',
      'two..',
      '...',
      'a:b',
      '"q"',
      "it's",
      '日本',
      '😀',
      '%zz',
      '~',
      'x'.repeat(255),
    ]) {
      expect(cleanPath(name)).toBe(name)
      expect(cleanUrlPath(encodeURIComponent(name))).toBe(name)
    }
  })

  it('does not climb, in any spelling', () => {
    const climbing = [
      '..',
      '../a',
      'a/..',
      'a/../b',
      'a/./../b',
      '/',
      '/a',
      '//a',
      '\\a',
      'a\\b',
      '..\\a',
      'a/..\\b',
      'C:/a',
      'c:\\a',
      'C:',
      'file:///a',
      'FILE:a',
      'a\0',
      '\0',
      'a\0/b',
      '%2e%2e',
      '%2E%2e/a',
      'a/%2e%2e/b',
      '..%2fa',
      'a%2f..%2fb',
      '%2e%2e%2fa',
      '.%2e/a',
      '%2fa',
      '%5ca',
      'a%5c..%5cb',
      'a%00',
      '%252e%252e',
      '%252e%252e%252fa',
      '..%252fa',
      '%25252e%25252e',
      '%ff%2e%2e%2fa'.replace('%ff', '%ff/'),
      '%c3%28/%2e%2e/a',
      `%${'25'.repeat(12)}2e%${'25'.repeat(12)}2e`,
      'a#b',
      '#',
      'a\ud800b',
    ]
    for (const path of climbing)
      expect(
        caught(() => cleanPath(path)),
        JSON.stringify(path),
      ).toMatchObject(refusal)
    for (const url of ['%2e%2e', 'a/%2e%2e/b', '%252e%252e', '%c0%ae%c0%ae/a', '%', '%zz', 'a%00b', '%2fetc', '..%5c', '%23']) {
      expect(
        caught(() => cleanUrlPath(url)),
        url,
      ).toMatchObject(refusal)
    }
  })

  it('stays below its root after any number of decodings, whatever it is made of', () => {
    const parts = ['..', '.', '/', '%2e', '%2E', '%2f', '%5c', '\\', '%25', '2e', 'a', 'ü', '%', '%00', 'C:', '~', ' ', '%c0%ae', '．']
    let seed = 1
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    for (let i = 0; i < 20_000; i++) {
      const path = Array.from({ length: 1 + random(8) }, () => parts[random(parts.length)]).join('')
      const clean = caught(() => cleanPath(path))
      if (typeof clean !== 'string') {
        expect(clean).toMatchObject(refusal)
        continue
      }
      for (let form = clean, rounds = 0; rounds < 5; rounds++) {
        const climbs = join('/root/of/all', form).startsWith('/root/of/all') === false || /^[/\\]|[\\\0]|(^|\/)\.\.(\/|$)/.test(form)
        expect(climbs, `${path} as ${form}`).toBe(false)
        form = unescape(form)
      }
      expect(cleanPath(clean)).toBe(clean)
    }
  })

  it('has its limits', () => {
    expect(caught(() => cleanPath('x'.repeat(256)))).toMatchObject(refusal)
    expect(caught(() => cleanPath('ü'.repeat(128)))).toMatchObject(refusal)
    expect(cleanPath(Array(512).fill('d').join('/'))).toHaveLength(1023)
    expect(caught(() => cleanPath(Array(513).fill('dd').join('/')))).toMatchObject(refusal)
  })
})

describe('the host over the stores', () => {
  let dir: string
  let store: ArtifactStore
  let other: ArtifactStore
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const body = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)))

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidegate-store-'))
    store = localArtifacts({ root: join(dir, 'my store') })
    other = localArtifacts({ root: join(dir, 'other') })
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  it('finds the store that holds a location', () => {
    const { locate } = openArtifacts({ stores: [store, other], log })
    const at = (root: string, path?: string) => {
      const place = locate(root, path)
      return [place.store === store ? 'first' : 'other', place.key]
    }
    expect(at('mlflow-artifacts:/1/r/artifacts', 'a/b')).toEqual(['first', '1/r/artifacts/a/b'])
    expect(at('mlflow-artifacts:///team/x')).toEqual(['first', 'team/x'])
    expect(at('mlflow-artifacts://host:5000/team/x/', '')).toEqual(['first', 'team/x'])
    expect(at(`file://${dir}/other/x`, 'y')).toEqual(['other', 'x/y'])
    expect(at(`file:${dir}/other`, 'y')).toEqual(['other', 'y'])
    expect(at(`file://localhost${dir}/my%20store/1`, 'y')).toEqual(['first', '1/y'])
  })

  it('serves no location outside its stores', () => {
    const { locate } = openArtifacts({ stores: [store], log })
    const outside = [
      'file:///etc',
      `file://${dir}`,
      `file://${dir}/other`,
      `file://${dir}/my storeroom`,
      's3://bucket/a',
      '/etc',
      'relative',
      '',
      'runs:/1',
      'hdfs://host/a',
      `file://${dir}/my store/../other`,
      `file://${dir}/my%20store/%2e%2e/other`,
      'mlflow-artifacts:/../a',
      'mlflow-artifacts:/a/%2e%2e/b',
      'mlflow-artifacts:/C:/a',
    ]
    for (const root of outside)
      expect(
        caught(() => locate(root, 'passwd')),
        root,
      ).toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    expect(caught(() => locate(`mlflow-artifacts:/${'d/'.repeat(400)}`, 'e/'.repeat(400)))).toMatchObject(refusal)
  })

  it('lets no experiment take a location that is not one folder of its own', () => {
    const { checkLocation } = openArtifacts({ stores: [store], log })
    for (const fine of [
      'mlflow-artifacts:/team/a',
      'mlflow-artifacts:/team 7/ü/',
      's3://bucket/a',
      'file:///anywhere',
      'my_location',
      'gs://b/1',
    ])
      checkLocation(fine)
    const wrong = [
      'mlflow-artifacts:/',
      'mlflow-artifacts:',
      'mlflow-artifacts://host',
      'mlflow-artifacts:/0',
      'mlflow-artifacts:/12/x',
      'mlflow-artifacts:/%31/x',
      'mlflow-artifacts:/a/../1',
      'mlflow-artifacts:/a//b',
      'mlflow-artifacts:/./a',
      'mlflow-artifacts:/a?b',
      'runs:/1/a',
      's3://bucket/a#b',
      'http://host/a;b',
      's3://bucket?x=../y',
      `s3://${'b'.repeat(2050)}`,
    ]
    for (const uri of wrong)
      expect(
        caught(() => checkLocation(uri)),
        uri,
      ).toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('counts what goes in, and keeps nothing that is too large or not what was announced', async () => {
    const artifacts = openArtifacts({ stores: [store], log, limit: 10 })
    const place = artifacts.locate('mlflow-artifacts:/sizes', 'file')
    expect(await artifacts.put(place, body('12345', '67890'), { size: 10 })).toBe(10)
    await expect(artifacts.put(place, body('12345', '67890', '1'))).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
    await expect(artifacts.put(place, body('never read'), { size: 11 })).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
    await expect(artifacts.put(place, body('123'), { size: 4 })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(await artifacts.list(artifacts.locate('mlflow-artifacts:/sizes'))).toEqual([{ name: 'file', size: 10 }])
    expect(await readdir(join(dir, 'my store', '.partial'))).toEqual([])
  })

  it('does not destroy a body it refuses: the answer goes out on the same socket', async () => {
    const artifacts = openArtifacts({ stores: [store], log, limit: 4 })
    const endless = new Readable({ read: () => void endless.push('x'.repeat(8)) })
    await expect(artifacts.put(artifacts.locate('mlflow-artifacts:/sizes', 'e'), endless)).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
    })
    expect(endless.destroyed).toBe(false)
    endless.destroy()
  })

  it('says what is in the way of a file', async () => {
    const artifacts = openArtifacts({ stores: [store], log })
    const put = (path: string) => artifacts.put(artifacts.locate('mlflow-artifacts:/way', path), body('x'))
    await put('folder/file')
    await expect(put('folder')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('is a folder') })
    await expect(put('folder/file/below')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining("'way/folder/file' is a file"),
    })
  })

  it("logs a store's failure with its cause, and answers without it", async () => {
    const failing: ArtifactStore = { ...store, name: 'broken', get: async () => Promise.reject(new Error('disk /secret/path is on fire')) }
    const artifacts = openArtifacts({ stores: [failing], log })
    lines.length = 0
    const error = await artifacts.get(artifacts.locate('mlflow-artifacts:/1', 'f')).catch((e) => e)
    expect(error).toMatchObject({ code: 'INTERNAL_ERROR', cause: { message: 'disk /secret/path is on fire' } })
    expect(error.message).toBe("The artifact store 'broken' could not read '1/f'. The server's log says why.")
    expect(JSON.parse(lines[0]!)).toMatchObject({ store: 'broken', key: '1/f', err: { message: 'disk /secret/path is on fire' } })
  })
})
