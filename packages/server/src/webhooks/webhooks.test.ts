/** Webhooks call a receiver over a real socket, that fails as it is told to: in both dialects, in order, again and again, and never twice as two. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

type Json = any
interface Call {
  path: string
  headers: IncomingHttpHeaders
  body: string
  json: Json
}

let platform: Platform
let receiver: Server
let origin: string
const calls: Call[] = []
/** What the receiver answers next: a status, or a status with a Retry-After. 200 where there is none left. */
const answers: Array<number | { status: number; after: string }> = []

beforeAll(async () => {
  receiver = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      calls.push({ path: req.url!, headers: req.headers, body, json: JSON.parse(body) })
      const next = answers.shift() ?? 200
      const { status, after } = typeof next === 'number' ? { status: next, after: undefined } : next
      res.writeHead(status, { location: 'http://169.254.169.254/', ...(after && { 'retry-after': after }) }).end('thank you')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  platform = await startPlatform({ outboundHosts: ['127.0.0.1'] })
})
afterAll(async () => {
  await platform.stop()
  receiver.close()
})
beforeEach(async () => {
  calls.length = answers.length = 0
  const { nodes } = (await platform.graphql('{ webhooks { nodes { id } } }')).webhooks
  for (const { id } of nodes) await platform.graphql('mutation ($id: ID!) { deleteWebhook(id: $id) { id } }', { id })
})

const wire = (method: string, path: string, body: object = {}): Promise<Json> => platform.wire(method as 'POST', path, body as Json)
let count = 0
const newName = () => `tide-${++count}`
const makeModel = async (name = newName()) => (await wire('POST', 'registered-models/create', { name })).registered_model.name as string
const makeVersion = (name: string, more: object = {}) =>
  wire('POST', 'model-versions/create', { name, source: 's3://models/tide', ...more })
const called = (n: number) => vi.waitUntil(() => calls.length >= n, { timeout: 15_000, interval: 20 })
const deliveries = async (id: string) =>
  (
    await platform.graphql(
      'query ($id: ID!) { webhook(id: $id) { status notice failingSince deliveries { nodes { id event body state attempts status answer error nextAt } } } }',
      { id },
    )
  ).webhook
const settled = (id: string, n: number) =>
  vi.waitUntil(
    async () => {
      const { nodes } = (await deliveries(id)).deliveries
      return nodes.length >= n && nodes.every(({ state }: Json) => state !== 'PENDING') && nodes
    },
    { timeout: 15_000, interval: 50 },
  )

describe("MLflow's", () => {
  const create = async (more: object = {}) =>
    (
      await wire('POST', 'webhooks', {
        name: 'ci',
        url: `${origin}/mlflow`,
        events: [
          { entity: 'REGISTERED_MODEL', action: 'CREATED' },
          { entity: 'MODEL_VERSION', action: 'CREATED' },
          { entity: 'MODEL_VERSION_TAG', action: 'SET' },
          { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' },
        ],
        secret: 'spring tide',
        ...more,
      })
    ).webhook

  it('are told what happens, in order, signed as MLflow signs', async () => {
    const { webhook_id: id } = await create()
    const name = await makeModel()
    await makeVersion(name, { description: 'the first' })
    await wire('POST', 'model-versions/set-tag', { name, version: '1', key: 'data', value: 'x'.repeat(600) })
    await wire('POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Staging', archive_existing_versions: false })
    await wire('POST', 'registered-models/alias', { name, version: '1', alias: 'champion' })
    await called(4)
    expect(calls.map(({ json: { entity, action } }) => `${entity}.${action}`)).toEqual([
      'registered_model.created',
      'model_version.created',
      'model_version_tag.set',
      'model_version_alias.created',
    ])
    expect(calls[1]!.json).toMatchObject({
      workspace: 'default',
      data: { name, version: '1', source: 's3://models/tide', run_id: null, tags: {}, description: 'the first' },
    })
    expect(calls[2]!.json.data).toEqual({ name, version: '1', key: 'data', value: 'x'.repeat(600) })
    for (const { headers, body } of calls) {
      const { 'x-mlflow-delivery-id': delivery, 'x-mlflow-timestamp': time, 'x-mlflow-signature': signature } = headers
      expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60)
      expect(signature).toBe(`v1,${createHmac('sha256', 'spring tide').update(`${delivery}.${time}.${body}`).digest('base64')}`)
    }
    expect(new Set(calls.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(4)
    expect((await settled(id, 4)).map(({ state, status, answer }: Json) => [state, status, answer])).toEqual(
      Array(4).fill(['DELIVERED', 200, 'thank you']),
    )
  })

  it('are of prompts too, in words of their own', async () => {
    await create({
      events: [
        { entity: 'PROMPT', action: 'CREATED' },
        { entity: 'PROMPT_VERSION', action: 'CREATED' },
      ],
    })
    const name = newName()
    const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
    await wire('POST', 'registered-models/create', { name, tags })
    await wire('POST', 'model-versions/create', {
      name,
      source: 'dummy-source',
      tags: [...tags, { key: 'mlflow.prompt.text', value: 'Hi {{you}}' }],
    })
    await called(2)
    expect(calls.map(({ json }) => [json.entity, json.data.template])).toEqual([
      ['prompt', undefined],
      ['prompt_version', 'Hi {{you}}'],
    ])
    await makeModel()
    await makeModel()
    expect(calls).toHaveLength(2)
  })

  it('never give their secret back, are changed, tested, and gone', async () => {
    const made = await create({ status: 'DISABLED', description: 'of the CI' })
    expect(made).toMatchObject({ name: 'ci', status: 'DISABLED', description: 'of the CI', url: `${origin}/mlflow` })
    expect(JSON.stringify(made)).not.toContain('spring')
    await makeModel()
    const { webhook } = await wire('PATCH', `webhooks/${made.webhook_id}`, { name: 'cd' })
    expect(webhook).toEqual({ ...made, name: 'cd', last_updated_timestamp: expect.any(Number) })
    expect((await wire('POST', `webhooks/${made.webhook_id}/test`)).result).toEqual({
      success: true,
      response_status: 200,
      response_body: 'thank you',
    })
    expect(calls.map(({ json }) => json.data.name)).toEqual(['example_model'])
    answers.push(410)
    expect(
      (await wire('POST', `webhooks/${made.webhook_id}/test`, { event: { entity: 'PROMPT', action: 'CREATED' } })).result,
    ).toMatchObject({
      success: false,
      response_status: 410,
    })
    expect((await wire('GET', 'webhooks')).webhooks).toHaveLength(1)
    await wire('DELETE', `webhooks/${made.webhook_id}`)
    await expect(wire('GET', `webhooks/${made.webhook_id}`)).rejects.toThrow(`Webhook with ID ${made.webhook_id} not found.`)
  })

  it.each([
    [{ url: 'http://10.0.0.1/x' }, 'not an address on the public internet'],
    [{ url: 'http://example.com/x' }, 'https://'],
    [{ url: 'ftp://example.com' }, "Invalid webhook URL scheme: 'ftp'"],
    [{ url: 'example.com' }, "Invalid webhook URL scheme: ''"],
    [{ url: 'http://[::' }, "Invalid webhook URL 'http://[::'"],
    [{ url: '  ' }, 'Webhook URL cannot be empty or just whitespace'],
    [{ url: 'http://localhost:1/' }, 'not an address on the public internet'],
    [{ url: '' }, 'url'],
    [{ name: 'two words' }, "'name'"],
    [{ name: '' }, "'name'"],
    [{ events: [] }, "'events'"],
    [{ events: [{ entity: 'BUDGET_POLICY', action: 'EXCEEDED' }] }, "There is no event 'budget_policy.exceeded'"],
    [{ events: ['model_version.created'] }, "An event has an 'entity'"],
  ])('are refused: %o', async (more, sentence) => {
    await expect(create(more)).rejects.toMatchObject({ message: expect.stringContaining(sentence), status: 400 })
  })
})

describe("Databricks'", () => {
  const create = async (more: object = {}) =>
    (
      await wire('POST', 'registry-webhooks/create', {
        events: ['MODEL_VERSION_CREATED', 'MODEL_VERSION_TRANSITIONED_STAGE', 'MODEL_VERSION_TRANSITIONED_TO_PRODUCTION'],
        http_url_spec: { url: `${origin}/databricks`, secret: 'neap', authorization: 'Bearer abc' },
        ...more,
      })
    ).webhook

  it('are of one model or of all, told by the narrowest event, with a text that reads', async () => {
    const [one, two] = [await makeModel(), await makeModel()]
    const { id } = await create({ model_name: one })
    await makeVersion(two)
    await makeVersion(one)
    for (const stage of ['Staging', 'Production'])
      await wire('POST', 'model-versions/transition-stage', { name: one, version: '1', stage, archive_existing_versions: false })
    await called(3)
    expect(calls.map(({ json }) => json.event)).toEqual([
      'MODEL_VERSION_CREATED',
      'MODEL_VERSION_TRANSITIONED_STAGE',
      'MODEL_VERSION_TRANSITIONED_TO_PRODUCTION',
    ])
    const { headers, body, json } = calls[2]!
    expect(json).toMatchObject({ webhook_id: id, model_name: one, version: '1', from_stage: 'Staging', to_stage: 'Production' })
    expect(json.text).toMatch(new RegExp(`moved version 1 of ${one} from Staging to Production`))
    expect(headers['x-databricks-signature']).toBe(createHmac('sha256', 'neap').update(body).digest('hex'))
    expect(headers.authorization).toBe('Bearer abc')
    const { webhooks } = await wire('GET', `registry-webhooks/list?model_name=${one}`)
    expect(webhooks).toEqual([expect.objectContaining({ id, model_name: one, status: 'ACTIVE' })])
    expect(JSON.stringify(webhooks)).not.toMatch(/neap|abc/)
  })

  it('are told of requests and comments', async () => {
    const name = await makeModel()
    await makeVersion(name)
    await create({ events: ['TRANSITION_REQUEST_TO_PRODUCTION_CREATED', 'COMMENT_CREATED'] })
    await platform.graphql(
      `mutation ($name: String!) {
        a: addVersionComment(name: $name, version: 1, text: "how *fast* is it?") { __typename }
        b: requestTransition(input: { name: $name, version: 1, stage: "Staging" }) { __typename }
        c: requestTransition(input: { name: $name, version: 1, stage: "Production", comment: "it is good" }) { __typename }
      }`,
      { name },
    )
    await called(2)
    expect(calls.map(({ json: { event, version, to_stage, comment } }) => [event, version, to_stage, comment])).toEqual([
      ['COMMENT_CREATED', '1', undefined, 'how *fast* is it?'],
      ['TRANSITION_REQUEST_TO_PRODUCTION_CREATED', '1', 'Production', 'it is good'],
    ])
  })

  it('start a job in place of a call', async () => {
    await create({ http_url_spec: undefined, job_spec: { job_id: '7', workspace_url: `${origin}/ws`, access_token: 'dapi123' } })
    const name = await makeModel()
    await makeVersion(name)
    await called(1)
    const [{ path, headers, json }] = calls as [Call]
    expect([path, headers.authorization, json.job_id]).toEqual(['/ws/api/2.1/jobs/run-now', 'Bearer dapi123', 7])
    expect(JSON.parse(json.notebook_params.event_message)).toMatchObject({ event: 'MODEL_VERSION_CREATED', model_name: name })
    expect(json.python_params).toEqual([json.notebook_params.event_message])
  })

  it('do not carry what was meant for one host to another', async () => {
    const { id } = await create()
    await expect(wire('PATCH', 'registry-webhooks/update', { id, http_url_spec: { url: 'https://evil.example.com/' } })).rejects.toThrow(
      "give 'authorization' anew",
    )
    await wire('DELETE', `registry-webhooks/delete?id=${id}`)
    expect((await wire('GET', 'registry-webhooks/list')).webhooks ?? []).toEqual([])
  })
})

describe('a receiver that', () => {
  const create = async (url = `${origin}/hook`) =>
    (
      await platform.graphql('mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id isSigned } } }', {
        input: { dialect: 'DATABRICKS', events: ['MODEL_VERSION_CREATED'], url },
      })
    ).createWebhook.webhook.id as string

  it('is away for a while gets the same again, with the same id, before what came after it', async () => {
    const id = await create()
    const name = await makeModel()
    answers.push(503, { status: 429, after: '1' })
    await makeVersion(name)
    await makeVersion(name)
    const nodes = await settled(id, 2)
    expect(calls.map(({ json }) => json.version)).toEqual(['1', '1', '1', '2'])
    expect(new Set(calls.slice(0, 3).map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1)
    expect(new Set(calls.slice(0, 3).map(({ body }) => body)).size).toBe(1)
    expect(nodes.map(({ attempts }: Json) => attempts)).toEqual([1, 3])
    expect((await deliveries(id)).failingSince).toBeNull()
  })

  it('does not hold up what is told of another model', async () => {
    await create()
    const [one, two] = [await makeModel(), await makeModel()]
    answers.push({ status: 503, after: '3' })
    await makeVersion(one)
    await called(1)
    await makeVersion(two)
    await called(3)
    expect(calls.map(({ json }) => json.model_name)).toEqual([one, two, one])
  })

  it('refuses is not asked again, until one asks for it', async () => {
    const id = await create()
    answers.push(403)
    await makeVersion(await makeModel())
    const [failed] = await settled(id, 1)
    expect(failed).toMatchObject({ state: 'FAILED', attempts: 1, status: 403, nextAt: null })
    await platform.graphql('mutation ($id: ID!, $delivery: ID!) { redeliver(id: $id, delivery: $delivery) { delivery { state } } }', {
      id,
      delivery: failed.id,
    })
    const [again] = await vi.waitUntil(async () => {
      const nodes = await settled(id, 1)
      return nodes[0].state === 'DELIVERED' && nodes
    })
    expect(again.id).toBe(failed.id)
    expect(calls.map(({ headers }) => headers['x-mlflow-delivery-id'])).toEqual([failed.id, failed.id])
  })

  it('sends elsewhere is not followed', async () => {
    const id = await create()
    answers.push(302)
    await makeVersion(await makeModel())
    expect((await settled(id, 1))[0]).toMatchObject({ state: 'FAILED', status: 302 })
    expect(calls).toHaveLength(1)
  })

  it('is told nothing of what was taken back', async () => {
    const id = await create()
    await expect(makeVersion(await makeModel(), { source: 'nowhere' })).rejects.toThrow()
    expect((await deliveries(id)).deliveries.nodes).toEqual([])
  })
})
