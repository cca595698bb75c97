/**
 * Makes the pictures of the docs: the README's, docs/runs.png, and those of docs/pages.md, light and dark: a server as anyone starts it,
 * with runs that MLflow's client trains. `node test/web/picture.ts`, with `access`, `registry` or `states` behind it those of access, of
 * registered models, or of how the pages of runs may stand, alone.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { launch, openPage, python } from './chromium.ts'
import { folder, postingTo, root, serve, shoot } from './picture-parts.ts'
import { registryPages } from './picture-registry.ts'
import { statePages } from './picture-states.ts'

const browser = await launch()
const alone = { registry: registryPages, states: statePages }[process.argv[2] ?? '']
if (alone) {
  await alone(browser).finally(() => browser.close())
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}
/** `node test/web/picture.ts access`: only those. */
const isOfAccess = process.argv[2] === 'access'
const { server, origin } = await serve('open')

const train = (...args: Array<string | number>) =>
  spawn(python(), [join(import.meta.dirname, 'train.py'), ...args.map(String)], {
    env: { ...process.env, MLFLOW_TRACKING_URI: origin },
    stdio: 'ignore',
  })

const runs: Array<[string, number, number]> = [
  ['still-weir-205', 0.3, 16],
  ['north-eddy-187', 0.005, 64],
  ['pale-marsh-192', 0.02, 16],
  ['amber-heron-109', 0.05, 128],
  ['tidal-fern-198', 0.1, 64],
  ['brisk-heron-213', 0.02, 128],
]
/** Who comes in, and who may do what: on a server with accounts. */
async function accessPages(): Promise<void> {
  const { server, output, origin } = await serve('accounts', '--access', 'accounts')
  const { page } = await openPage(browser, origin)
  const both = async (name: string, path: string, act?: () => Promise<unknown>) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(origin + path)
      await act?.()
      await page.waitForTimeout(1_500)
      await shoot(page, name, colorScheme)
    }
  }
  await both('sign-in', '/')
  await page.goto(/http\S+\/link#\S+/.exec(output)![0])
  await page.getByLabel('Name').fill('ines.okafor')
  await page.getByLabel('Password').fill('the tide rises twice')
  await page.getByLabel('Once more').fill('the tide rises twice')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('link', { name: 'Access' }).waitFor()
  const ask = (query: string, variables: object) =>
    page.evaluate(
      ([query, variables]) =>
        fetch('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables }),
        }).then((answer) => answer.json()),
      [query, variables] as const,
    )
  for (const [name, role] of Object.entries({
    'priya.nair': 'CONTRIBUTOR',
    'mateo.brandt': 'ENGINEER',
    'lena.vogel': 'APPROVER',
    'ci-bot': 'ENGINEER',
    'karin.holm': 'VIEWER',
  })) {
    await ask('mutation ($name: String!) { createAccount(name: $name) { link } }', { name })
    await ask('mutation ($name: String!, $role: Role!) { setMember(account: $name, role: $role) { member { role } } }', { name, role })
  }
  for (const name of ['airflow nightly', 'laptop']) await ask('mutation ($name: String!) { createToken(name: $name) { secret } }', { name })
  await ask('mutation { createWorkspace(name: "solar-team", description: "The roofs") { workspace { id } } }', {})
  for (const [team, role, people] of [
    ['Forecasting', 'ENGINEER', ['priya.nair', 'mateo.brandt']],
    ['Grid Ops', null, ['karin.holm']],
  ] as const) {
    await ask('mutation ($team: String!, $role: Role) { createTeam(name: $team, role: $role) { team { id } } }', { team, role })
    for (const account of people)
      await ask('mutation ($team: String!, $account: String!) { joinTeam(team: $team, account: $account) { team { id } } }', {
        team,
        account,
      })
  }
  const { data } = await ask(
    'mutation { createRole(name: "No patient data", description: "Who has not signed for it") { role { id } } }',
    {},
  )
  await ask(
    `mutation ($role: ID!) {
      a: addRule(role: $role, kind: EXPERIMENT, tags: [{ key: "pii", value: "yes" }], permission: NO_PERMISSIONS) { rule { id } }
      b: addRule(role: $role, kind: REGISTERED_MODEL, stage: "Production", permission: READ) { rule { id } }
      c: assignRole(role: $role, team: "Grid Ops") { role { id } }
    }`,
    { role: data.createRole.role.id },
  )
  for (const [name, stages] of Object.entries({
    'load-forecaster': ['Archived', 'Production', 'Staging'],
    'solar-nowcast': ['Production', 'None'],
    'price-curve': ['Staging'],
  })) {
    await ask('mutation ($name: String!) { createRegisteredModel(input: { name: $name }) { __typename } }', { name })
    for (const [i, stage] of stages.entries()) {
      await ask('mutation ($input: CreateModelVersionInput!) { createModelVersion(input: $input) { __typename } }', {
        input: { name, source: `s3://models/${name}/${i}`, description: '# Card\n\nForecasts the load of the next day.' },
      })
      if (stage !== 'None')
        await ask('mutation ($input: TransitionModelVersionStageInput!) { transitionModelVersionStage(input: $input) { __typename } }', {
          input: { name, version: i + 1, stage },
        })
    }
  }
  await ask(
    `mutation {
      a: addVersionComment(name: "load-forecaster", version: 3, text: "How does it do on **bank holidays**?") { __typename }
      b: requestTransition(input: { name: "load-forecaster", version: 3, stage: "Production", comment: "2 % better on holidays" }) { __typename }
      c: createWebhook(input: { dialect: DATABRICKS, name: "slack", url: "https://hooks.slack.com/services/T0/B0/x", secret: "s", events: ["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION", "TRANSITION_REQUEST_CREATED"] }) { __typename }
    }`,
    {},
  )
  const { data: made } = await ask('mutation { createExperiment(input: { name: "load/day-ahead" }) { experiment { id } } }', {})
  const experiment = made.createExperiment.experiment.id as string
  for (const [who, permission] of [
    ['team: "Grid Ops"', 'READ'],
    ['account: "priya.nair"', 'MANAGE'],
    ['account: "karin.holm"', 'NO_PERMISSIONS'],
  ])
    await ask(`mutation ($id: ID!) { setGrant(experiment: $id, ${who}, permission: ${permission}) { __typename } }`, { id: experiment })
  await ask('mutation { createServiceAccount(name: "nightly", about: "The training at night", role: CONTRIBUTOR) { __typename } }', {})
  await ask(
    `mutation { addSso(input: {
      name: "Company login", issuer: "https://login.example.com/realms/lab", clientId: "tidegate", clientSecret: "kept secret"
      rules: [{ group: "ml-platform", workspace: "default", role: ENGINEER }, { group: "/teams/roofs/*", workspace: "solar-team", role: CONTRIBUTOR }]
      adminGroups: ["ml-admins"]
    }) { __typename } }`,
    {},
  )
  // Refused, so that there is something to find.
  for (const name of ['karin.holm', 'mateo.brandt'])
    await page.evaluate(
      (name) =>
        fetch('/auth/sign-in', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name, password: 'not that one' }),
        }),
      name,
    )
  await both('access', '/access')
  await both('tokens', '/access?show=tokens')
  await both('accounts', '/access?show=accounts')
  await both('sso', '/access?show=sign-in')
  await both('why', '/access', async () => {
    await page.getByLabel('Who', { exact: true }).fill('karin.holm')
    await page.getByLabel('What', { exact: true }).selectOption('change')
    await page.getByLabel('Which experiment or model').fill('load/day-ahead')
    await page.getByRole('button', { name: 'Ask' }).click()
  })
  await both('grants', `/experiments/${experiment}/overview`, () => page.getByRole('button', { name: 'Access' }).click())
  await both('audit-search', '/access?show=audit', async () => {
    await page.getByLabel('Everywhere').check()
    await page.getByLabel('Only what was refused').check()
    await page.getByLabel('Search the audit log').fill('karin')
  })
  await both('teams', '/access?show=teams')
  await both('roles', '/access?show=roles')
  await both('webhooks', '/webhooks')
  await both('audit', '/access?show=audit')
  server.kill('SIGINT')
  await once(server, 'exit')
}

async function runPages(): Promise<void> {
  await once(train('churn-mlp', 'dry-gravel-168', 0.02, 32, 10, 0), 'exit')
  for (const [name, rate, width] of runs) await once(train('digits-mlp', name, rate, width, 60, 0), 'exit')
  const live = [train('digits-mlp', 'calm-osprey-214', 0.05, 64, 60, 0.5), train('digits-mlp', 'slate-lock-211', 0.01, 96, 60, 0.6)]
  await new Promise((resolve) => setTimeout(resolve, 22_000))
  const experiments = `${origin}/api/2.0/mlflow/experiments/get-by-name?experiment_name=digits-mlp`
  const { experiment } = (await (await fetch(experiments)).json()) as { experiment: { experiment_id: string } }
  const id = experiment.experiment_id
  const { page } = await openPage(browser, `${origin}/experiments/${id}`)
  await page.waitForTimeout(4_000)
  await page.screenshot({ path: join(root, 'docs', 'runs.png') })
  await page.close()

  const post = postingTo(origin)
  const { runs: found } = await post('runs/search', { experiment_ids: [id], max_results: 5 })
  const ids = found.map(({ info }: { info: { run_id: string } }) => info.run_id)
  await post('runs/set-tag', {
    run_id: ids[0],
    key: 'mlflow.note.content',
    value:
      '# Wider, slower\n\n- `width` **64**, rate 0.05\n- val/loss still falls at step 60\n\n| step | val/loss |\n|---|---|\n| 20 | 0.31 |\n| 60 | 0.14 |\n\n> Next: dropout.',
  })
  const media = spawn(python(), [join(import.meta.dirname, 'media.py'), 'wide-tide', folder], {
    env: { ...process.env, MLFLOW_TRACKING_URI: origin },
  })
  let looked = ''
  media.stdout.on('data', (piece) => (looked = /[0-9a-f]{32}/.exec(String(piece))?.[0] ?? looked))
  await once(media, 'close')
  const lines = Array.from({ length: 900 }, (_, i) =>
    i % 37 === 5
      ? `WARNING lr is high at step ${i}`
      : i % 301 === 300
        ? 'ValueError: no tide'
        : `INFO epoch ${i} \u001b[32mloss\u001b[0m ${(3 / (i + 3)).toFixed(4)}`,
  )
  await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }',
      variables: { input: { runId: looked, entries: [{ text: lines.join('\n'), source: 'STDOUT' }] } },
    }),
  })
  const parallel = encodeURIComponent('parallel|a=params.lr|a=params.width|a=metrics.`val/accuracy`|a=metrics.`val/loss`|w=2')
  const scatter = encodeURIComponent('scatter|a=params.width|a=metrics.`val/loss`')
  const pages = {
    runs: `/experiments/${id}`,
    groups: `/experiments/${id}?by=params.width`,
    charts: `/experiments/${id}?size=m&clip=1&smooth=0.6`,
    plots: `/experiments/${id}?chart=${parallel}&chart=${scatter}`,
    compare: `/compare?runs=${ids.join(',')}`,
    run: `/runs/${ids[0]}`,
    notes: `/runs/${ids[0]}?tab=notes`,
    experiments: '/experiments',
    overview: `/experiments/${id}/overview`,
    peek: `/experiments/${id}?peek=${ids[0]}`,
    beside: `/compare?runs=${ids.join(',')}&tab=overview`,
    media: `/runs/${looked}?tab=media`,
    logs: `/runs/${looked}?tab=logs&level=WARNING`,
    code: `/runs/${looked}?tab=code`,
  }
  for (const [name, path] of Object.entries(pages))
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openPage(browser, origin + path, { colorScheme })
      await page.waitForTimeout(2_500)
      await shoot(page, name, colorScheme)
      await page.close()
    }
  for (const child of live) child.kill()
}
try {
  if (!isOfAccess) await runPages()
  await accessPages()
  if (!isOfAccess) {
    await registryPages(browser)
    await statePages(browser)
  }
} finally {
  await browser.close()
  server.kill('SIGINT')
  await once(server, 'exit')
  rmSync(folder, { recursive: true, force: true })
}
