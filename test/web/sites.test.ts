/** Pages of other sites, in a real browser: what they try on the server that somebody runs beside the browser. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium as browsers, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Platform, startPlatform } from '../platform.ts'
import { headlessChromium } from '../prerequisites.mjs'

let browser: Browser
let platform: Platform
let evil: Server
let port: number
let evilPort: number
const friend = 'notebooks.example'

beforeAll(async () => {
  evil = createServer((_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page</title>'))
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  evilPort = (evil.address() as AddressInfo).port
  ;[browser, platform] = await Promise.all([
    browsers.launch({
      executablePath: process.env.TIDEGATE_TEST_CHROMIUM || headlessChromium(),
      // Every name of these leads to loopback, as its owner's own name server may say.
      args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP *.example 127.0.0.1'],
    }),
    startPlatform({ allowedOrigins: [`http://${friend}:${evilPort}`] }),
  ])
  port = Number(new URL(platform.origin).port)
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  evil?.close()
})
beforeEach(() => platform.db.query("DELETE FROM experiment WHERE name LIKE 'theirs%'"))

const made = async () => (await platform.db.query("SELECT FROM experiment WHERE name LIKE 'theirs%'")).length

async function visit(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

/** Everything a page can send without the server's leave, and with it. */
const attack = (server: string) => `(async () => {
  const api = '${server}/api/2.0/mlflow/experiments/create'
  const body = '{"name":"theirs ' + Math.random() + '"}'
  const json = { 'content-type': 'application/json' }
  const outcome = {}
  const note = async (name, work) => { outcome[name] = await work().then((r) => r.type + ' ' + r.status, () => 'refused') }
  await note('simple', () => fetch(api, { method: 'POST', mode: 'no-cors', body }))
  await note('beacon', async () => ({ type: 'beacon', status: navigator.sendBeacon(api, new Blob([body], { type: 'text/plain' })) }))
  await note('json', () => fetch(api, { method: 'POST', headers: json, body }))
  await note('graphql', () => fetch('${server}/graphql', { method: 'POST', headers: json,
    body: JSON.stringify({ query: 'mutation { createExperiment(input: { name: "theirs" }) { experiment { id } } }' }) }))
  await note('read', () => fetch('${server}/api/2.0/mlflow/experiments/get?experiment_id=0'))
  outcome.script = await new Promise((resolve) => {
    const script = document.createElement('script')
    script.onload = () => resolve('loaded')
    script.onerror = () => resolve('refused')
    script.src = '${server}/api/2.0/mlflow/experiments/get?experiment_id=0'
    document.head.append(script)
  })
  outcome.socket = await new Promise((resolve) => {
    const socket = new WebSocket('${server.replace('http', 'ws')}/graphql', 'graphql-transport-ws')
    socket.onopen = () => resolve('open')
    socket.onerror = () => resolve('refused')
  })
  return outcome
})()`

describe('a page of another site', () => {
  it.each(['evil.example', 'localhost', '127.0.0.1'])('at %s changes nothing and reads nothing', async (host) => {
    const page = await visit(`http://${host}:${evilPort}/`)
    const outcome = (await page.evaluate(attack(platform.origin))) as Record<string, string>
    // What a page sends blindly it hears nothing of.
    expect(outcome).toMatchObject({ json: 'refused', graphql: 'refused', read: 'refused', script: 'refused', socket: 'refused' })
    expect(await made()).toBe(0)
    await page.close()
  })

  it('sends a form and lands on a refusal', async () => {
    const page = await visit(`http://evil.example:${evilPort}/`)
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().includes('experiments/create')),
      page.evaluate(`(() => {
        const form = document.createElement('form')
        form.method = 'POST'
        form.enctype = 'text/plain'
        form.action = '${platform.origin}/api/2.0/mlflow/experiments/create'
        form.innerHTML = '<input name=\\'{"name":"theirs","x":"\\' value=\\'"}\\'>'
        document.body.append(form)
        form.submit()
      })()`),
    ])
    expect([answer.status(), await made()]).toEqual([403, 0])
    await page.close()
  })

  it('whose name turns to our address is told that it is not ours', async () => {
    const page = await browser.newPage()
    const response = await page.goto(`http://evil.example:${port}/`)
    expect(response!.status()).toBe(403)
    // The page it showed before the name turned goes on with its script.
    const outcome = await page.evaluate(`fetch('/api/2.0/mlflow/experiments/get?experiment_id=0').then((r) => r.status)`)
    expect(outcome).toBe(403)
    await page.close()
  })

  it('may link to us', async () => {
    const page = await visit(`http://evil.example:${evilPort}/`)
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().includes('experiments/get')),
      page.evaluate(`location.href = '${platform.origin}/api/2.0/mlflow/experiments/get?experiment_id=0'`),
    ])
    expect(answer.status()).toBe(200)
    await page.close()
  })
})

it('a page of a site that the operator has named calls, changes and reads', async () => {
  const page = await visit(`http://${friend}:${evilPort}/`)
  const outcome = (await page.evaluate(attack(platform.origin))) as Record<string, string>
  expect(outcome).toMatchObject({ json: 'cors 200', graphql: 'cors 200', read: 'cors 200' })
  expect(await made()).toBe(2)
  await page.close()
})
