/** The pages send their documents by id, over HTTP and the WebSocket; and what they do when the server is another one by now. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Kind, parse, type SelectionSetNode } from 'graphql'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { limits } from '../../packages/server/src/builder.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages } from './chromium.ts'

let browser: Browser
let platform: Platform
let run: string

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ persistedOnly: true })])
  const made = await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'first', start_time: Date.now() })
  run = made.run.info.run_id
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** What the page sends to GraphQL from now on. */
function listen(page: Page) {
  const sent: Array<{ query?: string; documentId?: string; extensions?: object }> = []
  page.on('request', (request) => {
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/graphql') sent.push(request.postDataJSON())
  })
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const message = JSON.parse(String(payload))
      if (message.type === 'subscribe') sent.push(message.payload)
    }),
  )
  return sent
}

/** Fields of an operation, those of its fragments included, and how deep they lie. */
function sizeOf(text: string): { breadth: number; depth: number } {
  const { definitions } = parse(text)
  const fragments = new Map(definitions.flatMap((it) => (it.kind === Kind.FRAGMENT_DEFINITION ? [[it.name.value, it.selectionSet]] : [])))
  const size = (set: SelectionSetNode | undefined): { breadth: number; depth: number } => {
    let [breadth, depth] = [0, 0]
    for (const it of set?.selections ?? []) {
      const inner = size(it.kind === Kind.FRAGMENT_SPREAD ? fragments.get(it.name.value) : it.selectionSet)
      const own = it.kind === Kind.FIELD ? 1 : 0
      breadth += inner.breadth + own
      depth = Math.max(depth, inner.depth + own)
    }
    return { breadth, depth }
  }
  return size(definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION)?.selectionSet)
}

it('a server that takes nothing else has pages that work and move, and no text of a document is sent', async () => {
  const { page, errors } = await openPage(browser, 'about:blank')
  const sent = listen(page)
  await page.goto(`${platform.origin}/experiments/0`)
  await page.getByRole('rowheader').getByRole('link', { name: 'first' }).waitFor()
  await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'second', start_time: Date.now() })
  await page.getByRole('button', { name: '1 new run' }).first().click()
  await page.getByRole('rowheader').getByRole('link', { name: 'second' }).waitFor()
  await page.goto(`${platform.origin}/runs/${run}`)
  await page.getByRole('heading', { name: 'first' }).waitFor()
  await platform.wire('POST', 'runs/log-metric', { run_id: run, key: 'loss', value: 1, timestamp: 1, step: 1 })
  await page.getByRole('figure', { name: 'loss' }).waitFor()
  await page.goto(`${platform.origin}/trash`)
  await page.getByRole('heading', { name: 'Trash' }).first().waitFor()
  expect(sent.length).toBeGreaterThan(6)
  expect(sent.filter(({ query, documentId, extensions }) => query || !(documentId ?? extensions))).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('no page’s document is near to what the server takes at most', async () => {
  const response = await fetch(`${platform.origin}/documents.json`)
  const texts = (await response.json()) as string[]
  expect(texts.length).toBeGreaterThan(100)
  const over = texts.map((text) => ({ ...sizeOf(text), text: text.slice(0, 80) }))
  expect(over.filter(({ breadth, depth }) => breadth > limits.breadth * 0.8 || depth > limits.depth * 0.8)).toEqual([])
})

it('a page of another version than its server sends texts', async () => {
  const server = await startWithPages()
  // Knows none of the ids, as a server of before or after the page.
  const other = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
        .toString()
        .replace(/"documentId":"\w{64}"/, `"documentId":"${'0'.repeat(64)}"`)
      const headers = { ...req.headers, 'content-length': String(Buffer.byteLength(body)) }
      const { hostname, port } = new URL(server.origin)
      const onward = request({ hostname, port, path: req.url, method: req.method, headers }, (answer) => {
        res.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(res)
      })
      onward.end(body)
    })
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { page } = await openPage(browser, 'about:blank')
  const sent = listen(page)
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/experiments`)
  await page.getByRole('main').getByRole('link', { name: 'Default' }).waitFor()
  expect(sent.some(({ documentId }) => documentId)).toBe(true)
  expect(sent.some(({ query }) => query?.includes('query '))).toBe(true)
  await page.close()
  other.closeAllConnections()
  other.close()
  await server.stop()
})
