/**
 * A version goes into Production as a team does it, in Chromium, each of three people signed in, and CI over HTTP: asked for, refused with a
 * word, asked for again, approved by two, opened by the last check. What each does the others see at once; a webhook hears it, the inbox and
 * a letter arrive, the activity has it, and later it is told who had put it there. With TIDEGATE_TEST_ARTIFACTS it leaves pictures in that
 * folder, and for each of them a film of what was on screen.
 */
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SmtpSink, startSmtp } from '../parts/smtp.ts'
import { basic, bearer, password, peopleOf, type Who } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, settled, signIn, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let receiver: Server
let sink: SmtpSink
let ci: Who
let run: string
let mateo: Page
let lena: Page
let ines: Page
const heard: string[] = []
const errors: string[][] = []
const { data, make, first, send } = peopleOf(() => platform)
const artifacts = process.env.TIDEGATE_TEST_ARTIFACTS

async function enter(name: string, path: string): Promise<Page> {
  const { page, errors: seen } = await openPage(browser, `${platform.origin}${path}`)
  errors.push(seen)
  if (artifacts) await film(page, join(artifacts, name))
  await signIn(page, name, password)
  return page
}
/** Chromium's own screencast: a picture for each change, named by its time, ms. */
async function film(page: Page, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const session = await page.context().newCDPSession(page)
  session.on('Page.screencastFrame', ({ data, sessionId, metadata }) => {
    writeFileSync(join(folder, `${Math.round((metadata.timestamp ?? 0) * 1000)}.jpg`), data, 'base64')
    session.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
  })
  await session.send('Page.startScreencast', { format: 'jpeg', quality: 80, everyNthFrame: 6 })
}
const picture = async (page: Page, name: string) => {
  if (!artifacts) return
  mkdirSync(artifacts, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await settled(page)
    await page.screenshot({ path: join(artifacts, `${name}.${colorScheme}.png`) })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await settled(page)
}
const report = (check: string, state: string, summary: string) =>
  data(ci, 'mutation ($input: ReportCheckInput!) { reportCheck(input: $input) { check { state } } }', {
    input: { name: 'load-forecaster', version: 1, check, state, summary, url: 'https://ci.example/runs/42' },
  })
/** From the version's page: asks for Production. */
async function ask(why: string): Promise<void> {
  await mateo.keyboard.press('t')
  const dialog = mateo.getByRole('dialog', { name: 'Move v1 of load-forecaster' })
  await dialog.getByLabel('From None to').selectOption('Production')
  await dialog.getByText('2 Approvers, not who asked; drift and latency passed').waitFor()
  await dialog.getByLabel(/^Why/).fill(why)
  await dialog.getByRole('button', { name: 'Ask for Production' }).click()
}
const requestOn = (page: Page) => page.getByRole('region', { name: 'Request to move to Production' })

beforeAll(async () => {
  receiver = createServer(async (req, res) => {
    let text = ''
    for await (const piece of req) text += piece
    heard.push(text)
    res.end('noted')
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  ;[browser, sink] = await Promise.all([launch(), startSmtp()])
  platform = await startWithPages({
    ...{ access: 'accounts', outboundHosts: ['127.0.0.1'] },
    ...{ smtpUrl: sink.url, mailFrom: 'Tidegate <tide@gate.example>' },
  })
  const ada = await first()
  await make('mateo', { default: 'ENGINEER' })
  for (const name of ['lena', 'ines']) await make(name, { default: 'APPROVER' })
  await platform.db.query("UPDATE account SET email = name || '@example.com' WHERE name IN ('mateo', 'lena')")
  await data(ada, 'mutation { createServiceAccount(name: "ci", role: ENGINEER) { service { name } } }')
  ci = bearer((await data(ada, 'mutation { createToken(name: "ci", account: "ci@default") { secret } }')).createToken.secret)
  await data(
    ada,
    `mutation ($url: String!) {
      setRegistryPolicy(input: { gates: [{ stage: "Production", approvals: 2, checks: ["drift", "latency"], commentRequired: true, ttl: 604800000 }] }) { policy { stages } }
      createWebhook(input: { dialect: DATABRICKS, name: "team", url: $url, secret: "s", events: ["TRANSITION_REQUEST_CREATED", "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"] }) { webhook { id } }
    }`,
    { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook` },
  )
  const post = async (path: string, body: object) => (await send('POST', `/api/2.0/mlflow/${path}`, { headers: basic('mateo'), body })).json
  const { experiment_id } = await post('experiments/create', { name: 'grid' })
  const { info } = (await post('runs/create', { experiment_id, run_name: 'amber-heron', start_time: Date.now() })).run
  run = info.run_id
  await post('runs/log-batch', { run_id: run, metrics: [{ key: 'val/mape', value: 2.14, timestamp: 1, step: 1 }] })
  await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${run}/artifacts/model/MLmodel`, {
    ...{ method: 'PUT', headers: basic('mateo') },
    body: JSON.stringify({ flavors: { sklearn: { sklearn_version: '1.5.2' } }, mlflow_version: '3.17.2' }),
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await sink?.stop()
  receiver?.close()
})

it('an engineer registers the model of a run and asks for Production; CI says how its checks go, and the page follows', async () => {
  mateo = await enter('mateo', `/runs/${run}?tab=artifacts&path=${encodeURIComponent('model/MLmodel')}`)
  await mateo.getByRole('button', { name: 'Register' }).click()
  const dialog = mateo.getByRole('dialog', { name: 'Register a model' })
  await dialog.getByLabel('Name').fill('load-forecaster')
  await dialog.getByRole('button', { name: 'Register' }).click()
  await dialog.getByRole('link', { name: 'Open version 1' }).click()
  await mateo.getByRole('heading', { name: 'load-forecaster v1' }).waitFor()
  await ask('14 days in shadow')
  await requestOn(mateo).getByText('14 days in shadow').waitFor()
  await requestOn(mateo).getByText('You asked for it yourself').or(requestOn(mateo).getByText('You are not among those')).waitFor()
  await report('latency', 'PASSED', '31 ms at p99')
  await requestOn(mateo).getByRole('img', { name: '1 of 4 conditions met' }).waitFor()
  await requestOn(mateo).getByText('31 ms at p99').waitFor()
  await picture(mateo, '1-asked')
}, 60_000)

it('a reviewer finds what waits on her, comments and rejects, and who asked sees why', async () => {
  lena = await enter('lena', '/models')
  const strip = lena.getByRole('region', { name: 'Waits on you' })
  await strip.getByText('1 of 2 checks').waitFor()
  await lena.getByRole('link', { name: 'v1 asks for Production: 1 of 2 checks, 0 of 2 approvals, waits on you' }).waitFor()
  await picture(lena, '2-board')
  await strip.getByRole('link', { name: 'Review v1 of load-forecaster' }).click()
  await lena.getByLabel('Comment', { exact: true }).fill('How does it do on **bank holidays**?')
  await lena.getByRole('button', { name: 'Comment', exact: true }).click()
  await mateo.getByRole('region', { name: 'Comments' }).locator('strong', { hasText: 'bank holidays' }).waitFor()
  await requestOn(lena).getByLabel('Comment on the request').fill('holidays are missing')
  expect(await violations(lena)).toEqual([])
  await requestOn(lena).getByRole('button', { name: 'Reject' }).click()
  const ended = mateo.getByRole('region', { name: 'Requests that ended' })
  await ended.getByText('“holidays are missing”').waitFor()
  await requestOn(mateo).waitFor({ state: 'detached' })
  expect(await violations(mateo)).toEqual([])
}, 60_000)

it('asked again and approved by two, it goes into Production by itself as the last check passes, on every page at once', async () => {
  await ask('with holidays now')
  await requestOn(lena).getByText('with holidays now').waitFor()
  await requestOn(lena).getByLabel('Comment on the request').fill('checked holiday weeks')
  await requestOn(lena).getByRole('button', { name: 'Approve' }).click()
  await requestOn(mateo).getByText('“checked holiday weeks”').waitFor()
  ines = await enter('ines', '/models/requests?show=me')
  await ines.getByRole('row').filter({ hasText: 'load-forecaster v1' }).getByText('1 of 2 approvals').waitFor()
  await picture(ines, '3-requests')
  await ines.getByRole('link', { name: 'load-forecaster v1' }).click()
  await requestOn(ines).getByRole('button', { name: 'Approve' }).click()
  await requestOn(mateo).getByRole('img', { name: '3 of 4 conditions met' }).waitFor()
  await picture(ines, '4-review')
  await report('drift', 'FAILED', 'past the band')
  await requestOn(mateo).getByText('past the band').waitFor()
  await report('drift', 'PASSED', 'inside the band')
  for (const page of [mateo, lena, ines]) {
    await page.getByRole('region', { name: 'Activity' }).getByText('moved it None → Production').waitFor()
    await requestOn(page).waitFor({ state: 'detached' })
  }
  await mateo.getByRole('region', { name: 'Requests that ended' }).getByText('lena and ines').waitFor()
  await picture(mateo, '5-in-production')
  expect(await violations(mateo)).toEqual([])
}, 60_000)

it('a letter came to who was asked and to who had asked, and the inbox has it', async () => {
  for (const to of ['lena@example.com', 'mateo@example.com'])
    await expect
      .poll(
        async () => {
          // Letters wait for what else comes within a minute.
          await platform.db.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL')
          return sink.letters.some((letter) => letter.to === to && letter.text.includes('load-forecaster'))
        },
        { timeout: 12_000 },
      )
      .toBe(true)
  await mateo.getByRole('link', { name: /^Inbox, \d+ unread$/ }).click()
  await mateo.getByRole('link', { name: /lena rejected.*load-forecaster/ }).waitFor()
  expect(await violations(mateo)).toEqual([])
  await picture(mateo, '6-inbox')
}, 60_000)

it('the webhook heard of it, and whoever asks later what was in Production learns who had put it there', async () => {
  await expect.poll(() => heard.filter((text) => text.includes('TRANSITION_REQUEST_CREATED')).length).toBe(2)
  await expect.poll(() => heard.filter((text) => text.includes('MODEL_VERSION_TRANSITIONED_TO_PRODUCTION')).length).toBe(1)
  const at = new Date().toISOString()
  await data(
    basic('ada'),
    'mutation { transitionModelVersionStage(input: { name: "load-forecaster", version: 1, stage: "Archived" }) { version { id } } }',
  )
  await ines.goto(`${platform.origin}/models/load-forecaster?at=${at}`)
  const then = ines.getByRole('region', { name: 'As it stood then' })
  await then.getByText(/v1 was in Production\. ci@default had put it there .*: asked for by mateo, approved by lena and ines\./).waitFor()
  expect(await violations(ines)).toEqual([])
  await picture(ines, '7-time-travel')
  expect(errors.flat().filter((text) => !/Failed to load resource.*(400|401|403|404)/.test(text))).toEqual([])
}, 60_000)

it('where nothing holds Production, who may set a gate is told so', async () => {
  await data(basic('ada'), 'mutation { setRegistryPolicy(input: { gates: [] }) { policy { stages } } }')
  const ada = await enter('ada', '/models')
  const note = ada.getByText('Nothing holds Production')
  await note.waitFor()
  expect(await violations(ada)).toEqual([])
  await ada.getByRole('link', { name: 'Set a gate' }).click()
  await ada.getByRole('region', { name: 'Stages of the workspace' }).waitFor()
  await ada.goBack()
  await note.waitFor()
  await ada.getByRole('button', { name: 'Do not say that again' }).click()
  await note.waitFor({ state: 'detached' })
  await ada.reload()
  await ada.getByRole('link', { name: 'load-forecaster' }).first().waitFor()
  expect(await note.count()).toBe(0)
  await ada.close()
}, 60_000)
