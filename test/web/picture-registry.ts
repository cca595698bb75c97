/** The pictures of registered models: a team's registry with gates, what is asked at them, a review, and how it stood before. */
import { once } from 'node:events'
import type { Browser } from 'playwright-core'
import { openPage, signIn } from './chromium.ts'
import { serve, shoot } from './picture-parts.ts'

const password = 'the tide rises twice'
const people = {
  'mateo.brandt': 'ENGINEER',
  'priya.nair': 'ENGINEER',
  'lena.vogel': 'APPROVER',
  'tom.adeyemi': 'APPROVER',
  'ci-bot': 'ENGINEER',
}
const admin = 'ines.okafor'

/** Each with what it is for, and the stages of its versions, the oldest first. */
const models: Array<[string, string, string[]]> = [
  ['load-forecaster', '24 h load, 3 quantiles', ['Archived', 'Production', 'Shadow', 'Staging']],
  ['solar-nowcast', '15 min irradiance', ['Production', 'Shadow', 'None']],
  ['churn-gbm', '90-day customer churn', ['Production', 'Staging', 'None']],
  ['meter-ocr', 'Meter photo to kWh', ['Archived', 'Production', 'Shadow']],
  ['ticket-router', 'LoRA, 31 queues', ['Staging', 'None']],
  ['outage-eta', 'Minutes to restore', ['Production', 'Staging']],
  ['price-curve', 'Day-ahead price', ['Shadow']],
  ['feeder-anomaly', 'Autoencoder, 900 feeders', ['Staging', 'None']],
]
const policy = {
  stages: ['None', 'Staging', 'Shadow', 'Production', 'Archived'],
  gates: [
    { stage: 'Staging', approvals: 1, checks: ['signature', 'val-mape'] },
    { stage: 'Shadow', approvals: 1, from: ['Staging'], checks: ['drift'] },
    {
      stage: 'Production',
      approvals: 2,
      from: ['Shadow'],
      checks: ['drift', 'latency', 'model-card'],
      commentRequired: true,
      ttl: 604_800_000,
    },
  ],
}
const column = (name: string, type = 'double') => ({ name, type, required: true })
const manifest = JSON.stringify({
  flavors: { python_function: {}, pytorch: { pytorch_version: '2.5' } },
  mlflow_version: '3.17.2',
  model_size_bytes: 41_900_000,
  signature: {
    inputs: JSON.stringify([column('load_mw', 'float'), column('calendar', 'float'), column('weather', 'float')]),
    outputs: JSON.stringify([column('quantiles', 'float')]),
  },
})

export async function registryPages(browser: Browser): Promise<void> {
  const { server, output, origin } = await serve('registry', '--access', 'accounts')
  try {
    await team(browser, output, origin)
  } finally {
    server.kill('SIGINT')
    await once(server, 'exit')
  }
}

async function team(browser: Browser, output: string, origin: string): Promise<void> {
  const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` })
  const post = async (who: string, path: string, body: object): Promise<any> => {
    const headers = { 'content-type': 'application/json', ...(who && basic(who)) }
    return (await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  const ask = async (who: string, query: string, variables: object = {}) => {
    const { data, errors } = await post(who, '/graphql', { query, variables })
    if (errors) throw new Error(errors[0].message)
    return data
  }
  const accept = (link: string, name?: string) => post('', '/auth/link/accept', { token: link.split('#')[1], password, name })
  const wire = (who: string, path: string, body: object) => post(who, `/api/2.0/mlflow/${path}`, body)

  await accept(/http\S+\/link#\S+/.exec(output)![0], admin)
  for (const [name, role] of Object.entries(people)) {
    await accept((await ask(admin, 'mutation ($name: String!) { createAccount(name: $name) { link } }', { name })).createAccount.link)
    await ask(admin, 'mutation ($name: String!, $role: Role!) { setMember(account: $name, role: $role) { member { role } } }', {
      name,
      role,
    })
  }
  const set = (stages: object) =>
    ask(admin, 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { policy { stages } } }', { input: stages })
  await set({ stages: policy.stages })
  const { experiment_id } = await wire('mateo.brandt', 'experiments/create', { name: 'grid' })
  let then = 0
  for (const [name, about, stages] of models) {
    await ask(
      'mateo.brandt',
      'mutation ($name: String!, $about: String) { createRegisteredModel(input: { name: $name, description: $about }) { model { id } } }',
      { name, about },
    )
    for (const [i, stage] of stages.entries()) {
      const version = String(i + 1)
      const { info } = (
        await wire('mateo.brandt', 'runs/create', { experiment_id, run_name: `amber-heron-${109 + i}`, start_time: Date.now() })
      ).run
      const mape = 2.6 - i * 0.16
      const metrics = {
        'val/mape': mape,
        'val/mape_holidays': mape * 1.8 - i * 0.2,
        'val/coverage': 0.86 + i * 0.013,
        latency_p99_ms: 22 + i * 4,
      }
      await wire('mateo.brandt', 'runs/log-batch', {
        run_id: info.run_id,
        metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 1, step: 1 })),
      })
      await wire('mateo.brandt', 'runs/log-inputs', {
        run_id: info.run_id,
        datasets: [{ dataset: { name: 'grid-load-hourly', digest: '5d0e71bc', source_type: 'local', source: '{}' } }],
      })
      const file = `${origin}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${info.run_id}/artifacts/model/MLmodel`
      await fetch(file, { method: 'PUT', headers: basic('mateo.brandt'), body: manifest })
      await wire('mateo.brandt', 'model-versions/create', {
        name,
        run_id: info.run_id,
        source: `runs:/${info.run_id}/model`,
        description: '# What it is for\n\nHourly load of 12 regions, a day ahead.',
      })
      if (stage !== 'None')
        await wire('mateo.brandt', 'model-versions/transition-stage', {
          name,
          version,
          stage: stage === 'Archived' ? 'Production' : stage,
          archive_existing_versions: stage === 'Production',
        })
      if (stage === 'Production') await wire('mateo.brandt', 'registered-models/alias', { name, alias: 'champion', version })
      if (name === 'load-forecaster' && i === 0) then = Date.now() + 200
      if (name === 'load-forecaster' && i === 0) await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
  await wire('mateo.brandt', 'registered-models/alias', { name: 'load-forecaster', alias: 'challenger', version: '3' })
  await set(policy)

  const request = async (who: string, name: string, version: number, stage: string, comment: string): Promise<string> =>
    (
      await ask(who, 'mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { id } } }', {
        input: { name, version, stage, comment },
      })
    ).requestTransition.request.id
  const report = (name: string, version: number, check: string, state: string, summary: string) =>
    ask('ci-bot', 'mutation ($input: ReportCheckInput!) { reportCheck(input: $input) { check { name } } }', {
      input: { name, version, check, state, summary, url: 'https://ci.example/runs/42' },
    })
  const early = await request('mateo.brandt', 'load-forecaster', 3, 'Production', 'Three days in shadow look good.')
  await ask(
    'lena.vogel',
    'mutation ($id: ID!) { rejectTransition(request: $id, comment: "Too little holiday data.") { request { id } } }',
    { id: early },
  )
  const open = await request(
    'mateo.brandt',
    'load-forecaster',
    3,
    'Production',
    '14 days in shadow on full traffic: error is 6.6 % lower than v2, and holiday weeks no longer drift. p99 rises from 26 to 30 ms, within budget.',
  )
  await report('load-forecaster', 3, 'drift', 'PASSED', 'inside the band, 18.4 M requests')
  await report('load-forecaster', 3, 'latency', 'PASSED', '30 ms at p99')
  await report('load-forecaster', 3, 'model-card', 'FAILED', '“Known limits” is empty')
  await ask(
    'lena.vogel',
    'mutation ($id: ID!) { approveTransition(request: $id, comment: "Checked holiday weeks, good.") { request { id } } }',
    { id: open },
  )
  await ask(
    'lena.vogel',
    'mutation { addVersionComment(name: "load-forecaster", version: 3, text: "Error by feeder looks right. Please fill in **Known limits** (islanded feeders).") { comment { id } } }',
  )
  await request('priya.nair', 'meter-ocr', 3, 'Production', 'Retrained on the 2026 dial set.')
  for (const check of ['drift', 'latency', 'model-card']) await report('meter-ocr', 3, check, 'PASSED', 'good')
  await request('priya.nair', 'churn-gbm', 3, 'Staging', '')
  await report('churn-gbm', 3, 'signature', 'RUNNING', '')
  const refused = await request('mateo.brandt', 'outage-eta', 2, 'Shadow', '')
  await ask(
    'tom.adeyemi',
    'mutation ($id: ID!) { rejectTransition(request: $id, comment: "Storm weeks are missing.") { request { id } } }',
    { id: refused },
  )
  const passed = await request('priya.nair', 'feeder-anomaly', 1, 'Shadow', '')
  await report('feeder-anomaly', 1, 'drift', 'PASSED', 'good')
  await ask('tom.adeyemi', 'mutation ($id: ID!) { approveTransition(request: $id) { request { id } } }', { id: passed })

  const { page } = await openPage(browser, origin)
  await signIn(page, 'tom.adeyemi', password)
  await page.getByRole('link', { name: 'Models' }).first().waitFor()
  const at = new Date(then).toISOString()
  const pages: Record<string, string> = {
    models: '/models',
    model: '/models/load-forecaster',
    'model-version': '/models/load-forecaster/3',
    requests: '/models/requests',
    inbox: '/inbox',
    'as-it-stood': `/models/load-forecaster?at=${at}`,
  }
  const both = async (name: string, path: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(origin + path)
      await page.waitForTimeout(1_500)
      await shoot(page, name, colorScheme)
    }
  }
  for (const [name, path] of Object.entries(pages)) await both(name, path)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await signIn(page, admin, password)
  await page.getByRole('link', { name: 'Models' }).first().waitFor()
  await both('gates', '/models/gates')
}
