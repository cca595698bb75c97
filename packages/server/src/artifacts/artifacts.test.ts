import { randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const MiB = 1024 * 1024
const files = '/api/2.0/mlflow-artifacts/artifacts'
let platform: Platform
/** A run's id, and where its files are. */
let run: string
let root: string

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform?.stop())
beforeEach(async () => {
  ;({ id: run, root } = await createRun())
})

async function createRun(experimentId = '0') {
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experimentId })
  return { id: run.info.run_id as string, root: `${files}/${run.info.artifact_uri.replace('mlflow-artifacts:/', '')}` }
}

function address() {
  const { hostname, port } = new URL(platform.origin)
  return { host: hostname, port: Number(port) }
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
  json: any
}

/** A request whose path goes out exactly as it is written: fetch would tidy it. */
async function send(
  method: string,
  path: string,
  { body, ...options }: RequestOptions & { body?: string | Buffer | Readable } = {},
): Promise<Answer> {
  const req = request({ ...address(), method, path, ...options })
  if (body instanceof Readable) body.pipe(req)
  else req.end(body)
  const res = await answered(req)
  const bytes = Buffer.concat(await res.toArray())
  return {
    status: res.statusCode!,
    headers: res.headers,
    body: bytes,
    get json() {
      return JSON.parse(bytes.toString())
    },
  }
}

const answered = (req: ClientRequest) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve)
    req.once('error', reject)
  })

const put = (path: string, body: string | Buffer = 'x', headers = {}) => send('PUT', path, { body, headers })
const names = async (folder = '') =>
  ((await platform.wire('GET', 'artifacts/list', { run_id: run, path: folder })).files ?? []).map((file: any) => file.path)
const refusal = { error_code: 'INVALID_PARAMETER_VALUE', message: 'Invalid path' }

describe("a run's files", () => {
  it('come back as they were sent, byte for byte', async () => {
    const bytes = randomBytes(3 * MiB + 17)
    const up = await put(`${root}/folder/model.bin`, bytes, { 'content-type': 'application/octet-stream' })
    expect([up.status, up.headers['content-type'], up.json]).toEqual([200, 'application/json', {}])
    const down = await send('GET', `${root}/folder/model.bin`)
    expect(down.status).toBe(200)
    expect(down.body.equals(bytes)).toBe(true)
    expect(down.headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="model.bin"',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[^"]+"$/),
    })
    const ajax = await send('GET', `/ajax-api${root.slice('/api'.length)}/folder/model.bin`)
    expect(ajax.body.equals(bytes)).toBe(true)
  })

  it('may be sent in chunks, be empty, and be sent again', async () => {
    await send('PUT', `${root}/a`, { body: Readable.from([Buffer.from('in '), Buffer.from('chunks')]) })
    expect((await send('GET', `${root}/a`)).body.toString()).toBe('in chunks')
    await put(`${root}/a`, '')
    const empty = await send('GET', `${root}/a`)
    expect([empty.status, empty.headers['content-length'], empty.body.length]).toEqual([200, '0', 0])
    await put(`${root}/a`, 'again')
    expect((await send('GET', `${root}/a`)).body.toString()).toBe('again')
  })

  it('are listed one level at a time, sorted, in the shapes of MLflow', async () => {
    expect(await platform.wire('GET', 'artifacts/list', { run_id: run })).toEqual({ root_uri: `mlflow-artifacts:/0/${run}/artifacts` })
    for (const path of ['z.txt', 'b/two.txt', 'b/deep/three.txt', 'a.txt']) await put(`${root}/${path}`, path)
    expect(await platform.wire('GET', 'artifacts/list', { run_id: run })).toEqual({
      root_uri: `mlflow-artifacts:/0/${run}/artifacts`,
      files: [
        { path: 'a.txt', is_dir: false, file_size: 5 },
        { path: 'b', is_dir: true },
        { path: 'z.txt', is_dir: false, file_size: 5 },
      ],
    })
    const inside = [
      { path: 'b/deep', is_dir: true },
      { path: 'b/two.txt', is_dir: false, file_size: 9 },
    ]
    expect((await platform.wire('GET', 'artifacts/list', { run_uuid: run, path: 'b/' })).files).toEqual(inside)
    const proxied = await send('GET', `${files}?path=0/${run}/artifacts/b`)
    expect(proxied.json).toEqual({ files: inside.map((file) => ({ ...file, path: file.path.slice(2) })) })
    expect((await send('GET', `${files}?path=0/${run}/artifacts/none`)).json).toEqual({})
    expect(await names('a.txt')).toEqual([])
    expect((await send('GET', `${files}?path=0`)).json.files).toContainEqual({ path: run, is_dir: true })
  })

  it('are seen over GraphQL, with where to fetch them', async () => {
    await put(encodeURI(`${root}/a b/ü&.txt`), 'hello')
    const query = 'query ($id: ID!, $path: String) { run(id: $id) { artifacts(path: $path) { path isDirectory size url } } }'
    const top = await platform.graphql(query, { id: run })
    expect(top.run.artifacts).toEqual([{ path: 'a b', isDirectory: true, size: null, url: null }])
    const [file] = (await platform.graphql(query, { id: run, path: 'a b' })).run.artifacts
    expect(file).toMatchObject({ path: 'a b/ü&.txt', isDirectory: false })
    expect((await send('GET', file.url)).body.toString()).toBe('hello')
  })

  it('keep odd names', async () => {
    const odd = [
      'two words.txt',
      'ü.txt',
      '100%.txt',
      'a+b',
      'quote"\'s',
      '.hidden',
      '..two',
      'emoji 😀',
      'x'.repeat(200),
      'semi;colon=?&',
      'back`tick',
      '(1)*',
    ]
    for (const name of odd) {
      expect((await put(`${root}/${encodeURIComponent(name)}`, name)).status).toBe(200)
      const down = await send('GET', `${root}/${encodeURIComponent(name)}`)
      expect(down.body.toString()).toBe(name)
      const again = await send('GET', `/get-artifact?${new URLSearchParams({ run_id: run, path: name })}`)
      expect(again.body.toString()).toBe(name)
    }
    expect((await names()).sort()).toEqual([...odd].sort())
    const { headers } = await send('GET', `${root}/${encodeURIComponent('emoji 😀')}`)
    expect(headers['content-disposition']).toBe(`attachment; filename="emoji "; filename*=UTF-8''emoji%20%F0%9F%98%80`)
  })

  it('are fetched by run and path, and asked after without their bytes', async () => {
    await put(`${root}/folder/notes.md`, '# hello')
    for (const key of ['run_id', 'run_uuid']) {
      const answer = await send('GET', `/get-artifact?${key}=${run}&path=folder/notes.md`)
      expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([200, 'text/plain; charset=utf-8', '# hello'])
    }
    for (const path of [`${root}/folder/notes.md`, `/get-artifact?run_id=${run}&path=folder/notes.md`]) {
      const head = await send('HEAD', path)
      expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '7', 0])
    }
    expect((await send('GET', '/get-artifact?path=a')).json).toMatchObject({ message: expect.stringContaining("'run_id'") })
    expect((await send('GET', `/get-artifact?run_id=${run}`)).json).toMatchObject({ message: expect.stringContaining("'path'") })
    expect((await send('GET', '/get-artifact?run_id=nothing&path=a')).status).toBe(404)
    expect((await send('GET', `/get-artifacts?run_id=${run}&path=a`)).status).toBe(404)
  })

  it('are uploaded by run and path, as MLflow’s pages do', async () => {
    const upload = (query: string) => send('POST', `/ajax-api/2.0/mlflow/upload-artifact?${query}`, { body: 'from a page' })
    expect((await upload(`run_uuid=${run}&path=a/b.txt`)).status).toBe(200)
    expect((await send('GET', `${root}/a/b.txt`)).body.toString()).toBe('from a page')
    expect((await upload(`run_uuid=${run}&path=.`)).status).toBe(400)
    expect((await upload('path=a')).json.message).toBe('Request must specify run_uuid.')
    expect((await upload(`run_uuid=${run}`)).json.message).toBe('Request must specify path.')
    const empty = await send('POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=a`)
    expect(empty.json.message).toBe('Request must specify data.')
  })

  it('are deleted, one or a folder of them, and deleting nothing is fine', async () => {
    for (const path of ['a', 'b/1', 'b/c/2']) await put(`${root}/${path}`)
    expect((await send('DELETE', `${root}/a`)).json).toEqual({})
    expect(await names()).toEqual(['b'])
    expect((await send('DELETE', `${root}/b`)).status).toBe(200)
    expect((await send('DELETE', `${root}/b`)).status).toBe(200)
    await put(`${root}/c`)
    expect((await send('DELETE', `${root}/`)).status).toBe(200)
    expect(await names()).toEqual([])
  })

  it('that are missing are not found, and a folder is no file', async () => {
    await put(`${root}/folder/file`)
    const missing = await send('GET', `${root}/nothing`)
    expect(missing.status).toBe(404)
    expect(missing.json).toEqual({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: `No such artifact: '0/${run}/artifacts/nothing'` })
    const folder = await send('GET', `${root}/folder`)
    expect(folder.json.message).toBe(`Artifact path refers to a directory, not a file: '0/${run}/artifacts/folder'`)
    expect((await put(`${root}/folder`)).json.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await put(`${root}/folder/file/below`)).json.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await put(`${root}/`)).json.message).toContain('is a folder')
  })
})

describe('a file that is given out', () => {
  const digits = '0123456789'
  const part = (range: string, headers = {}) => send('GET', `${root}/digits`, { headers: { range, ...headers } })

  it('is given in part', async () => {
    await put(`${root}/digits`, digits)
    const parts: Array<[string, number, string, string?]> = [
      ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
      ['bytes=2-5', 206, '2345', 'bytes 2-5/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=-30', 206, digits, 'bytes 0-9/10'],
      ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
      ['bytes=10-', 416, '', 'bytes */10'],
      ['bytes=-0', 416, '', 'bytes */10'],
      ['bytes=0-1,4-5', 200, digits],
      ['bytes=5-2', 200, digits],
      ['bytes=', 200, digits],
      ['bytes=-', 200, digits],
      ['bytes=a-b', 200, digits],
      ['items=0-1', 200, digits],
    ]
    for (const [range, status, body, contentRange] of parts) {
      const answer = await part(range)
      expect([range, answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([range, status, body, contentRange])
      expect(answer.headers['content-length']).toBe(String(body.length))
    }
    await put(`${root}/digits`, '')
    expect((await part('bytes=0-')).status).toBe(416)
  })

  it('is not sent again to who has it', async () => {
    await put(`${root}/digits`, digits)
    const { etag = '' } = (await send('GET', `${root}/digits`)).headers
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await send('GET', `${root}/digits`, { headers: { 'if-none-match': known } })
      expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, etag])
    }
    expect((await part('bytes=0-1', { 'if-range': etag })).status).toBe(206)
    await put(`${root}/digits`, 'abcdefghij')
    const changed = await send('GET', `${root}/digits`, { headers: { 'if-none-match': etag } })
    expect([changed.status, changed.body.toString()]).toEqual([200, 'abcdefghij'])
    expect(changed.headers.etag).not.toBe(etag)
    const whole = await part('bytes=0-1', { 'if-range': etag })
    expect([whole.status, whole.body.toString()]).toEqual([200, 'abcdefghij'])
  })

  it('is never run by a browser as a page of this server', async () => {
    for (const name of ['page.html', 'page.xhtml', 'image.svg', 'code.js', 'data.xml', 'MLmodel', 'plot.png', 'unknown']) {
      await put(`${root}/${name}`, '<script>alert(1)</script>')
      for (const path of [`${root}/${name}`, `/get-artifact?run_id=${run}&path=${name}`]) {
        const { headers } = await send('GET', path)
        expect(headers['content-disposition'], name).toMatch(/^attachment;/)
        expect(headers['x-content-type-options'], name).toBe('nosniff')
        expect(headers['content-security-policy'], name).toMatch(/^sandbox; default-src 'none'/)
        expect(headers['content-type'], name).not.toMatch(/javascript|xml;/)
      }
    }
  })

  it('is looked at as a page only where that is asked for, of an origin of its own that reaches nothing', async () => {
    for (const [name, type] of [
      ['page.html', 'text/html; charset=utf-8'],
      ['paper.pdf', 'application/pdf'],
    ] as const) {
      await put(`${root}/${name}`, '<script>alert(1)</script>')
      for (const path of [`${root}/${name}?show=page`, `/get-artifact?run_id=${run}&path=${name}&show=page`]) {
        const { headers } = await send('GET', path)
        expect([headers['content-type'], headers['content-disposition']], name).toEqual([type, 'inline'])
        expect(headers['content-security-policy'], name).toMatch(/default-src 'none'.*frame-ancestors 'self'/)
        expect(headers['content-security-policy'], name).not.toMatch(/allow-same-origin|connect-src|https?:/)
      }
    }
    expect((await send('GET', `${root}/page.html?show=page`)).headers['content-security-policy']).toMatch(/^sandbox allow-scripts;/)
    await put(`${root}/image.svg`, '<svg/>')
    expect((await send('GET', `${root}/image.svg?show=page`)).headers['content-disposition']).toMatch(/^attachment;/)
  })
})

describe('a path', () => {
  it('does not climb out, on any route', async () => {
    const bad = (
      '.. ../x %2e%2e %2E%2E/x ..%2fx %2e%2e%2fx %252e%252e %252e%252e%252fx a/../../x a/%2e%2e/%2e%2e/x ..%5cx ..\\x a%00 %00 a%23b C:%5cx ' +
      '%c0%ae%c0%ae/x % %zz'
    ).split(' ')
    const inQuery = (path: string) => (/%(?![0-9a-f]{2})|%c0/i.test(path) ? '..' : path)
    for (const path of [
      ...bad.map((each) => `0/${run}/artifacts/${each}`),
      ...bad,
      '/etc/passwd',
      '%2fetc/passwd',
      'C:/x',
      'file:///etc/passwd',
      `${'d/'.repeat(600)}e`,
      'x'.repeat(300),
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await send(method, `${files}/${path}`, method === 'PUT' ? { body: 'x' } : {})
        expect([method, path, answer.status, answer.json.message]).toEqual([method, path, 400, expect.stringMatching(/^Invalid path/)])
      }
    }
    for (const path of [...bad, '/etc/passwd', '%2fetc/passwd', 'C:/x', 'file:///etc/passwd'].map(inQuery)) {
      const answers = await Promise.all([
        send('GET', `/get-artifact?run_id=${run}&path=${path}`),
        send('GET', `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${path}`),
        send('GET', `${files}?path=${path}`),
        send('POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=${path}`, { body: 'x' }),
        send('POST', `/api/2.0/mlflow-artifacts/mpu/create/${path}`),
        send('GET', `/api/2.0/mlflow-artifacts/presigned/${path}`),
      ])
      expect(answers.map(({ status, json }) => [path, status, json])).toEqual(answers.map(() => [path, 400, refusal]))
    }
    expect(await names()).toEqual([])
  })

  it('belongs to a run or a model: nothing is written elsewhere', async () => {
    const model = (await platform.wire('POST', 'logged-models', { experiment_id: '0' })).model.info.model_id
    const unknown = `m-${randomUUID().replaceAll('-', '')}`
    expect((await put(`${files}/0/models/${model}/artifacts/MLmodel`)).status).toBe(200)
    expect((await send('GET', `${files}/0/models/${model}/artifacts/MLmodel`)).body.toString()).toBe('x')
    const nobody = (
      `x 0 0/x 0/${run}/x 0/${run} 1/${run}/artifacts/x 0/${'0'.repeat(32)}/artifacts/x 999999/${run}/artifacts/x 0/models/${model}/x ` +
      `0/models/other/artifacts/x 0/models/${unknown}/artifacts/x 1/models/${model}/artifacts/x 99999999999999999999/x ${run}/artifacts/x .partial/x`
    ).split(' ')
    for (const path of nobody) {
      for (const method of ['PUT', 'DELETE']) {
        const answer = await send(method, `${files}/${path}`, method === 'PUT' ? { body: 'x' } : {})
        expect([method, path, answer.status, answer.json.error_code]).toEqual([method, path, 404, 'RESOURCE_DOES_NOT_EXIST'])
      }
    }
    expect((await put(`${files}/0/models/${model}/artifacts/`)).status).toBe(400)
    for (const path of ['', 'x', '.partial']) expect((await send('GET', `${files}?path=${path}`)).status).toBe(404)
  })

  it('follows its experiment to a location of its own', async () => {
    const { experiment_id: id } = await platform.wire('POST', 'experiments/create', {
      name: randomUUID(),
      artifact_location: 'mlflow-artifacts:/team/ü x',
    })
    const own = await createRun(id)
    expect(own.root).toBe(`${files}/team/ü x/${own.id}/artifacts`)
    expect((await put(`${encodeURI(own.root)}/a`, 'mine')).status).toBe(200)
    expect((await send('GET', `/get-artifact?run_id=${own.id}&path=a`)).body.toString()).toBe('mine')
    expect((await platform.wire('GET', 'artifacts/list', { run_id: own.id })).files).toEqual([{ path: 'a', is_dir: false, file_size: 4 }])
    expect((await send('GET', `${files}?path=${encodeURIComponent('team/ü x')}`)).json).toEqual({ files: [{ path: own.id, is_dir: true }] })
    expect((await put(`${files}/0/${own.id}/artifacts/a`)).status).toBe(404)
    await expect(
      platform.wire('POST', 'experiments/create', { name: randomUUID(), artifact_location: 'mlflow-artifacts:/0/x' }),
    ).rejects.toMatchObject({ status: 400 })
  })

  it('outside the stores is not read for anybody', async () => {
    for (const location of ['file:///etc', `file://${platform.folder}/..`, 's3://bucket/x', '/etc']) {
      const { experiment_id: id } = await platform.wire('POST', 'experiments/create', { name: randomUUID(), artifact_location: location })
      const elsewhere = await createRun(id)
      for (const path of [`/get-artifact?run_id=${elsewhere.id}&path=passwd`, `/api/2.0/mlflow/artifacts/list?run_id=${elsewhere.id}`]) {
        const answer = await send('GET', path)
        expect([location, answer.status, answer.json.error_code]).toEqual([location, 400, 'INVALID_PARAMETER_VALUE'])
      }
    }
  })

  it('of another workspace is not found', async () => {
    await put(`${root}/a`)
    await platform.db.query("INSERT INTO workspace (name, created_at) VALUES ('elsewhere', 0) ON CONFLICT DO NOTHING")
    const headers = { 'x-mlflow-workspace': 'elsewhere' }
    const paths = [
      `${root}/a`,
      `/get-artifact?run_id=${run}&path=a`,
      `${files}?path=0/${run}/artifacts`,
      `${files}?path=0`,
      `/api/2.0/mlflow/artifacts/list?run_id=${run}`,
    ]
    for (const path of paths) expect([path, (await send('GET', path, { headers })).status]).toEqual([path, 404])
    expect((await put(`${root}/a`, 'y', headers)).status).toBe(404)
    expect((await send('DELETE', `${root}/a`, { headers })).status).toBe(404)
    expect((await send('GET', `${root}/a`)).body.toString()).toBe('x')
  })

  it('of a deleted run is read and deleted, not written', async () => {
    await put(`${root}/a`)
    await platform.wire('POST', 'runs/delete', { run_id: run })
    expect((await put(`${root}/b`)).json.message).toBe(`The run ${run} must be in the 'active' state. Current state is deleted.`)
    expect((await send('GET', `${root}/a`)).status).toBe(200)
    expect((await send('DELETE', root)).status).toBe(200)
  })
})

describe('what no store here can do', () => {
  it('is refused in the words that clients fall back on', async () => {
    const expected = (what: string) => [
      501,
      { error_code: 'NOT_IMPLEMENTED', message: `${what} is not supported for the current artifact repository` },
    ]
    const asked = async (method: string, path: string, what: string) => {
      const { status, json } = await send(
        method,
        path,
        method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {},
      )
      expect([status, json]).toEqual(expected(what))
    }
    for (const step of ['create', 'complete', 'abort'])
      await asked('POST', `/api/2.0/mlflow-artifacts/mpu/${step}/0/${run}/artifacts/a`, 'Multipart upload')
    await asked('GET', `/api/2.0/mlflow-artifacts/presigned/0/${run}/artifacts/a`, 'Multipart download')
    const { model_id } = (await platform.wire('POST', 'logged-models', { experiment_id: '0' })).model.info
    const proxied = 'proxied artifact storage (artifact URI scheme: mlflow-artifacts)'
    for (const [which, input, status, message] of [
      ['upload', { run_id: run, path: 'a' }, 400, proxied],
      ['upload', { model_id, path: 'a' }, 400, proxied],
      ['upload', { path: 'a' }, 400, 'Exactly one of run_id and model_id must be provided.'],
      ['upload', { run_id: run, path: '../a' }, 400, 'Invalid path'],
      ['upload', { model_id: 'm-none', path: 'a' }, 404, "Logged model with ID 'm-none' not found."],
      ['download', { run_id: run, path: 'a' }, 400, proxied],
      ['download', { run_id: run, path: 'a', expiration: 604_801 }, 400, 'expiration must be between 1 and 604800 seconds (got 604801).'],
      ['download', { run_id: run }, 400, "Missing value for required parameter 'path'"],
    ] as const) {
      await expect(platform.wire('POST', `artifacts/presigned-${which}-url`, input)).rejects.toMatchObject({
        status,
        message: expect.stringContaining(message),
      })
    }
    const { experiment_id } = await platform.wire('POST', 'experiments/create', {
      name: randomUUID(),
      artifact_location: `file:${platform.folder}/direct`,
    })
    const elsewhere = (await platform.wire('POST', 'runs/create', { experiment_id })).run.info.run_id
    await expect(platform.wire('POST', 'artifacts/presigned-upload-url', { run_id: elsewhere, path: 'a' })).rejects.toMatchObject({
      status: 501,
      message: 'Presigned upload is not supported for the current artifact repository',
    })
    const version = await send('GET', `/model-versions/get-artifact?name=m&version=1&path=a`)
    expect([version.status, version.json]).toEqual([
      404,
      { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Model Version (name=m, version=1) not found' },
    ])
  })
})

describe('a transfer', () => {
  const partials = () => readdir(join(platform.folder, '.partial'))
  const settled = async () => {
    for (let i = 0; i < 200 && (await partials()).length; i++) await sleep(20)
    return partials()
  }

  it('that is cut half-way leaves nothing, and what was there before stays', async () => {
    await put(`${root}/kept`, 'old')
    for (const name of ['kept', 'new']) {
      for (const framing of [`content-length: ${10 * MiB}\r\n\r\n`, 'transfer-encoding: chunked\r\n\r\n100000\r\n']) {
        const socket = connect(address())
        socket.write(`PUT ${root}/${name} HTTP/1.1\r\nhost: localhost\r\n${framing}`)
        socket.write(Buffer.alloc(MiB))
        while (!(await partials()).length) await sleep(5)
        socket.destroy()
        expect(await settled()).toEqual([])
      }
    }
    expect(await names()).toEqual(['kept'])
    expect((await send('GET', `${root}/kept`)).body.toString()).toBe('old')
  })

  it('that is refused is answered, though its body is still under way', async () => {
    const answer = await send('PUT', `${files}/0/nobody/x`, {
      body: Readable.from(
        (function* () {
          for (let i = 0; i < 8; i++) yield Buffer.alloc(MiB)
        })(),
      ),
    })
    expect([answer.status, answer.json.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
  })

  it('waits for 100-continue where the client does', async () => {
    const req = request({
      ...address(),
      method: 'PUT',
      path: `${root}/patient`,
      headers: { expect: '100-continue', 'content-length': 4 },
    })
    req.flushHeaders()
    await new Promise((resolve) => req.once('continue', resolve))
    req.end('body')
    const res = await answered(req)
    res.resume()
    expect(res.statusCode).toBe(200)
    expect((await send('GET', `${root}/patient`)).body.toString()).toBe('body')
  })

  it('takes the same memory however large the file, also with a slow reader and one that leaves', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = () => {
      collect()
      // Buffers are freed by another thread, some time after the collection: the next one waits for it.
      collect()
      return process.memoryUsage().arrayBuffers / MiB
    }
    const size = 192
    let most = 0
    const before = held()
    const look = () => {
      most = Math.max(most, held() - before)
    }
    function* blocks() {
      for (let i = 0; i < size; i++) {
        if (i % 48 === 47) look()
        yield Buffer.alloc(MiB, i)
      }
    }
    const up = await send('PUT', `${root}/large`, {
      body: Readable.from(blocks(), { objectMode: false }),
      headers: { 'content-length': size * MiB },
    })
    expect(up.status).toBe(200)
    const open = () => answered(request({ ...address(), path: `${root}/large` }).end())
    const leaver = await open()
    leaver.once('data', () => leaver.destroy())
    const res = await open()
    let seen = 0
    for await (const chunk of res as AsyncIterable<Buffer>) {
      if (seen === 0) {
        await sleep(300)
        look()
      }
      if (chunk[0] !== (Math.floor(seen / MiB) & 255)) expect.fail(`byte ${seen} is wrong`)
      seen += chunk.length
      if (seen % (64 * MiB) < chunk.length) look()
    }
    expect(seen).toBe(size * MiB)
    expect(most).toBeLessThan(48)
  })
})
