/** Documents that are sent by their digest, and a server that takes no others. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const viewer = 'query Viewer { viewer { name } }'
const named = 'query Named($name: String!) { experiment(name: $name) { name } }'
const live = 'subscription Live { experimentsChanged { experiments { name } } }'
const idOf = (text: string) => createHash('sha256').update(text).digest('hex')

let pages: string
let platform: Platform
let strict: Platform

beforeAll(async () => {
  pages = mkdtempSync(join(tmpdir(), 'tidegate-pages-'))
  writeFileSync(join(pages, 'index.html'), '<p>')
  writeFileSync(join(pages, 'documents.json'), JSON.stringify([viewer, named, live]))
  ;[platform, strict] = await Promise.all([startPlatform({ pages }), startPlatform({ pages, persistedOnly: true })])
})
afterAll(async () => {
  await Promise.all([platform.stop(), strict.stop()])
  rmSync(pages, { recursive: true })
})

async function post({ origin }: Platform, body: object, accept = 'application/json') {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept },
  })
  return response.json() as Promise<any>
}

/** The first answer of a WebSocket, or its refusal. */
async function overSocket({ origin }: Platform, payload: { query: string; extensions?: Record<string, unknown> }): Promise<any> {
  const client = createClient({ url: `${origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 })
  try {
    const answers = client.iterate(payload)
    return (await answers.next()).value
  } catch (error) {
    return { errors: error }
  } finally {
    await client.dispose()
  }
}

const byId = (text: string) => ({ query: '', extensions: { persistedQuery: { version: 1, sha256Hash: idOf(text) } } })
const refused = {
  errors: [{ message: expect.stringContaining('--persisted-only'), extensions: { code: 'PERMISSION_DENIED', field: 'query' } }],
}
const unknown = {
  errors: [
    { message: 'No document has this id. Send its text as `query`.', extensions: { code: 'RESOURCE_DOES_NOT_EXIST', field: 'documentId' } },
  ],
}

describe('a document of the pages', () => {
  it('is known by its digest, in both spellings, with variables', async () => {
    for (const server of [platform, strict]) {
      expect(await post(server, { documentId: idOf(viewer) })).toMatchObject({ data: { viewer: { name: expect.any(String) } } })
      const variables = { name: 'Default' }
      expect(await post(server, { documentId: idOf(named), variables })).toMatchObject({ data: { experiment: { name: 'Default' } } })
      const { extensions } = byId(named)
      expect(await post(server, { extensions, variables })).toMatchObject({ data: { experiment: { name: 'Default' } } })
      const query = new URLSearchParams({ extensions: JSON.stringify(byId(viewer).extensions) })
      expect(await (await fetch(`${server.origin}/graphql?${query}`)).json()).toMatchObject({ data: { viewer: {} } })
    }
  })

  it('is known over a WebSocket too', async () => {
    for (const server of [platform, strict]) {
      expect(await overSocket(server, byId(live))).toMatchObject({ data: { experimentsChanged: { experiments: [{ name: 'Default' }] } } })
    }
  })

  it('that is not known is said to be so, in a way that a page can tell', async () => {
    const wrong = [idOf('{ viewer { name } }'), '', 'x'.repeat(100_000), 7, {}, ['a'], '__proto__']
    for (const documentId of wrong) expect(await post(platform, { documentId })).toMatchObject(unknown)
    expect(await overSocket(platform, byId('subscription { nothing }'))).toMatchObject(unknown)
    expect(await post(platform, {})).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    expect(await post(platform, { extensions: { persistedQuery: null } })).toMatchObject({ errors: [{}] })
  })
})

describe('any other document', () => {
  const text = '{ viewer { name } }'

  it('is taken', async () => {
    expect(await post(platform, { query: text })).toMatchObject({ data: { viewer: {} } })
    // Whoever sends both means the text.
    expect(await post(platform, { query: text, documentId: idOf(named) })).toMatchObject({ data: { viewer: {} } })
  })

  it('is refused where only those of the pages are, by every way in', async () => {
    expect(await post(strict, { query: text })).toMatchObject(refused)
    expect(await post(strict, { query: text, documentId: idOf(viewer) })).toMatchObject(refused)
    expect(await post(strict, { query: `${viewer} ` })).toMatchObject(refused)
    expect(await post(strict, { query: viewer })).toMatchObject({ data: { viewer: {} } })
    expect(await (await fetch(`${strict.origin}/graphql?query=${encodeURIComponent(text)}`)).json()).toMatchObject(refused)
    const events = await fetch(`${strict.origin}/graphql?query=${encodeURIComponent(live.replace('Live', 'Other'))}`, {
      headers: { accept: 'text/event-stream' },
    })
    expect(await events.text()).toContain('PERMISSION_DENIED')
    expect(await overSocket(strict, { query: live.replace('Live', 'Other') })).toMatchObject(refused)
    await expect(strict.wire('GET', 'experiments/get', { experiment_id: '0' })).resolves.toMatchObject({ experiment: { name: 'Default' } })
  })
})
