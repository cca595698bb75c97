/** The checks that the server runs itself: what each finds, for whom, and when it looks again. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { peopleOf, type Who } from '../../../../test/people.ts'
import { headingsOf } from './card.ts'

let platform: Platform
const { send, data, first, make } = peopleOf(() => platform)
let ada: Who, eve: Who, amy: Who, vi: Who

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  ada = await first()
  eve = await make('eve', { default: 'ENGINEER' })
  amy = await make('amy', { default: 'APPROVER' })
  vi = await make('vi', { default: 'VIEWER' })
}, 60_000)
afterAll(() => platform?.stop())

const wire = async (method: string, path: string, body: object, who = eve) => {
  const { status, json } = await send(method, `/api/2.0/mlflow/${path}`, { headers: who, body })
  if (status !== 200) throw new Error(JSON.stringify(json))
  return json
}

let count = 0
let name: string
beforeEach(async () => {
  name = `model ${++count}`
  await wire('POST', 'registered-models/create', { name })
})

/** A version made of a run that measured this, with these files in its folder. */
async function register(
  metrics: Record<string, number> = {},
  files: Record<string, string | Buffer> = {},
  experiment = '0',
): Promise<number> {
  const { run } = await wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 }, ada)
  const { run_id, artifact_uri } = run.info
  const points = Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: 1, step: 0 }))
  await wire('POST', 'runs/log-batch', { run_id, metrics: points }, ada)
  for (const [path, content] of Object.entries(files)) {
    const file = join(platform.folder, String(artifact_uri).replace('mlflow-artifacts:/', ''), 'model', path)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, content)
  }
  const { model_version } = await wire('POST', 'model-versions/create', { name, source: `${artifact_uri}/model`, run_id }, ada)
  return Number(model_version.version)
}
const move = (version: number, stage: string) =>
  wire('POST', 'model-versions/transition-stage', { name, version: String(version), stage }, ada)
const describeAs = (version: number, description: string) =>
  wire('PATCH', 'model-versions/update', { name, version: String(version), description })
const setGate = (gate: object) =>
  data(ada, 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { policy { gates { stage } } } }', {
    input: { model: name, gates: [{ stage: 'Production', approvals: 0, ...gate }] },
  })
const facts = 'id state checks { name isMet isOwn check { state summary by numbers { name value } } }'
const request = async (version: number, who = eve, stage = 'Production') =>
  (
    await data(who, `mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { ${facts} } } }`, {
      input: { name, version, stage },
    })
  ).requestTransition.request
const rerun = (id: string, check: string, who = eve) =>
  data(who, 'mutation ($id: ID!, $check: String!) { rerunCheck(request: $id, check: $check) { request { state } } }', { id, check })
const look = async (id: string) =>
  (await data(vi, `query ($id: ID!) { transitionRequest(id: $id) { ${facts} } }`, { id })).transitionRequest
/** What its checks found, once all have. */
async function found(id: string): Promise<any[]> {
  let checks: any[] = []
  await expect
    .poll(
      async () => {
        checks = (await look(id)).checks
        return checks.every(({ check }) => check && check.state !== 'QUEUED' && check.state !== 'RUNNING')
      },
      { timeout: 20_000, interval: 100 },
    )
    .toBe(true)
  return checks.map(({ check }) => check)
}
const one = async (id: string) => (await found(id))[0]

const mlmodel = (inputs: object[], outputs: object[] = [{ type: 'double', name: 'y' }]) =>
  `flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nsignature:\n  inputs: '${JSON.stringify(inputs)}'\n  outputs: '${JSON.stringify(outputs)}'\n`
const double = (name: string, more: object = {}) => ({ type: 'double', name, required: true, ...more })

describe('tidegate/signature', () => {
  it('holds a version against the one that stands where it is to go', async () => {
    await register({}, { MLmodel: mlmodel([double('a')]) })
    const fits = await register({}, { MLmodel: mlmodel([double('a'), double('b', { required: false })]) })
    const breaks = await register({}, { MLmodel: mlmodel([double('a'), double('b')], [{ type: 'string', name: 'y' }]) })
    const bare = await register()
    await setGate({ approvals: 1, checks: ['tidegate/signature'] })
    // Nothing stands there yet.
    expect(await one((await request(1)).id)).toMatchObject({ state: 'SKIPPED', by: 'Tidegate' })
    await setGate({ approvals: 1, checks: ['tidegate/signature'], passers: { role: 'ADMIN' } })
    await move(1, 'Production')
    expect(await one((await request(fits)).id)).toMatchObject({ state: 'PASSED', numbers: [{ name: 'against version', value: 1 }] })
    expect(await one((await request(breaks)).id)).toMatchObject({
      state: 'FAILED',
      summary: "Callers of version 1 can't call it: input 'b' is new and must be given; output 'y' is string and was double.",
    })
    expect((await one((await request(bare)).id)).summary).toContain('It has no signature')
    // Whoever looks at a version is told the same.
    const told = async (version: number, against?: number) =>
      (
        await data(
          vi,
          'query ($name: String!, $version: Int!, $against: Int) { modelVersion(name: $name, version: $version) { breaks(against: $against) } }',
          { name, version, against },
        )
      ).modelVersion.breaks
    expect(await told(fits)).toEqual([])
    expect(await told(breaks)).toEqual(["input 'b' is new and must be given", "output 'y' is string and was double"])
    expect(await told(1, fits)).toEqual(["input 'b' is taken no more"])
    expect([await told(1), await told(bare), await told(fits, bare), await told(fits, 99)]).toEqual([null, null, null, null])
  })
})

describe('tidegate/metric', () => {
  it('asks for bounds, and to be better than the champion, with the figures', async () => {
    await register({ rmse: 0.3, acc: 0.9 })
    const better = await register({ rmse: 0.25, acc: 0.93 })
    const worse = await register({ rmse: 0.29, acc: 0.2 })
    await wire('POST', 'registered-models/alias', { name, alias: 'champion', version: '1' })
    const metrics = [
      { key: 'rmse', betterBy: 0.02, lowerIsBetter: true },
      { key: 'acc', min: 0.5, betterBy: 0.03 },
    ]
    await setGate({ approvals: 1, checks: ['tidegate/metric'], params: { metrics } })
    const good = await one((await request(better)).id)
    expect(good).toMatchObject({ state: 'PASSED', summary: 'rmse, acc as asked.' })
    expect(good.numbers).toContainEqual({ name: 'rmse of the champion', value: 0.3 })
    const bad = await one((await request(worse)).id)
    expect([bad.state, bad.summary]).toEqual([
      'FAILED',
      'rmse is 0.29, and not better by 0.02 than the champion’s 0.3; acc is 0.2, less than 0.5; acc is 0.2, and not better by 0.03 than the champion’s 0.9.',
    ])
    await setGate({ approvals: 1, checks: ['tidegate/metric'], params: { metrics: [{ key: 'f1', max: 1 }] } })
    expect((await one((await request(1)).id)).summary).toBe('f1 was not measured.')
  })

  it('looks again when the champion moves, and what was found before opens nothing', async () => {
    await register({ acc: 0.9 })
    const next = await register({ acc: 0.8 })
    await register({ acc: 0.7 })
    await wire('POST', 'registered-models/alias', { name, alias: 'champion', version: '3' })
    await setGate({ approvals: 1, checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc', betterBy: 0 }] } })
    const { id } = await request(next)
    expect((await one(id)).state).toBe('PASSED')
    await wire('POST', 'registered-models/alias', { name, alias: 'champion', version: '1' })
    expect(await one(id)).toMatchObject({ state: 'FAILED' })
    const approve = 'mutation ($id: ID!) { approveTransition(request: $id) { request { state } } }'
    expect((await data(amy, approve, { id })).approveTransition.request.state).toBe('OPEN')
    await wire('POST', 'registered-models/alias', { name, alias: 'champion', version: '3' })
    // The approval was there, so the check opens it.
    await expect.poll(async () => (await look(id)).state, { timeout: 20_000 }).toBe('APPROVED')
  })
})

describe('what a version is measured against', () => {
  it('is another when it is deleted, and when it is sent out of its stage: what was found before opens nothing', async () => {
    await register({ acc: 0.9 })
    const next = await register({ acc: 0.8 })
    const weak = await register({ acc: 0.7 })
    await setGate({ stage: 'Staging', approvals: 1, checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc', betterBy: 0 }] } })
    // The highest in Production is the champion: 0.7, and below it 0.9.
    await move(1, 'Production')
    await move(weak, 'Production')
    const { id } = await request(next, eve, 'Staging')
    expect((await one(id)).state).toBe('PASSED')
    await wire('POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Production', archive_existing_versions: true }, ada)
    expect(await one(id)).toMatchObject({ state: 'FAILED' })
    await move(weak, 'Production')
    expect(await one(id)).toMatchObject({ state: 'PASSED' })
    await wire('DELETE', 'model-versions/delete', { name, version: String(weak) }, ada)
    expect(await one(id)).toMatchObject({ state: 'FAILED' })
  })
})

describe('tidegate/card', () => {
  it('asks for headings with something below, looks again when the card is edited, and opens the gate', async () => {
    const version = await register()
    await setGate({ checks: ['tidegate/card'], params: { headings: ['Intended use', 'Limits'] } })
    const { id, checks } = await request(version)
    expect(checks).toMatchObject([{ name: 'tidegate/card', isOwn: true, isMet: false }])
    expect((await one(id)).summary).toBe('It has no model card.')
    await describeAs(version, '# Load\n\n## Intended use\n\nGrid.\n\n## Limits\n')
    await expect.poll(async () => (await one(id)).summary).toBe("The model card has nothing below 'Limits'.")
    await describeAs(version, '# Load\n\n## **Intended use**\n\nGrid.\n\nLimits:\n-------\nNot on holidays.\n')
    await expect.poll(async () => (await look(id)).state, { timeout: 20_000 }).toBe('APPROVED')
    const { registeredModel } = await data(
      vi,
      'query ($name: String!) { registeredModel(name: $name) { activity { nodes { kind actor to } } } }',
      { name },
    )
    expect(registeredModel.activity.nodes.slice(0, 2)).toMatchObject([
      { kind: 'STAGE_CHANGED', actor: 'Tidegate', to: 'Production' },
      { kind: 'CHECK_REPORTED', actor: 'Tidegate', to: 'PASSED' },
    ])
  })

  it('reads Markdown as it is written', () => {
    const text = '# A #\n\n```\n# no heading\n```\n\n## B\n<!-- ## C -->\n\nD\n===\n\n- E\n---\n'
    expect([...headingsOf(text)]).toEqual([
      ['a', true],
      ['b', false],
      ['d', true],
    ])
  })
})

describe('tidegate/pickle', () => {
  it('names what loading the files of a version would import, in whatever folder, and what a gate allows passes', async () => {
    const pickled = (text: string) =>
      execFileSync('python3', ['-c', `import pickle, sys, os, fractions; sys.stdout.buffer.write(pickle.dumps(${text}))`])
    const files = {
      'model.pkl': pickled('{"a": [1, fractions.Fraction(1, 2)]}'),
      'data/deep/more.pkl': pickled('[os.getcwd]'),
      MLmodel: 'flavors: {}\n',
    }
    const version = await register({}, files)
    await setGate({ approvals: 1, checks: ['tidegate/pickle'] })
    const { id } = await request(version)
    expect(await one(id)).toMatchObject({
      state: 'FAILED',
      summary: 'data/deep/more.pkl: posix.getcwd.',
      numbers: [
        { name: 'files', value: 3 },
        { name: 'unsafe', value: 1 },
        { name: 'pickles', value: 2 },
      ],
    })
    await setGate({ approvals: 1, checks: ['tidegate/pickle'], params: { imports: ['posix.getcwd'] } })
    await expect.poll(async () => (await look(id)).checks[0].check?.state, { timeout: 20_000 }).toBe('PASSED')
    await wire('POST', 'model-versions/create', { name, source: 's3://elsewhere/model' })
    expect((await one((await request(2)).id)).summary).toBe('No files of it are here: they are at s3://elsewhere/model.')
  })
})

describe('tidegate/licences', () => {
  it('asks each data set of the run for a licence that is allowed', async () => {
    await setGate({ approvals: 1, checks: ['tidegate/licences'], params: { licences: ['MIT', 'CC-BY-4.0'] } })
    const version = await register()
    const { id } = await request(version)
    expect((await one(id)).summary).toBe('Its run names no data set.')
    const { model_version } = await wire('GET', `model-versions/get?name=${encodeURIComponent(name)}&version=${version}`, {}, ada)
    const log = (data: string, licence?: string) =>
      wire(
        'POST',
        'runs/log-inputs',
        {
          run_id: model_version.run_id,
          datasets: [
            {
              tags: licence ? [{ key: 'license', value: licence }] : [],
              dataset: { name: data, digest: data, source_type: 'local', source: '{}' },
            },
          ],
        },
        ada,
      )
    await log('grid', 'mit')
    await rerun(id, 'tidegate/licences')
    await expect.poll(async () => (await look(id)).checks[0].check.state, { timeout: 20_000 }).toBe('PASSED')
    await log('weather', 'CC-BY-NC-4.0')
    await log('calendar')
    await rerun(id, 'tidegate/licences')
    await expect
      .poll(async () => (await look(id)).checks[0].check.summary, { timeout: 20_000 })
      .toBe("'weather' is under CC-BY-NC-4.0; 'calendar' has no tag license.")
  })
})

describe('tidegate/evidence', () => {
  it('says of each thing that a version must show whether it is there', async () => {
    const example = 'saved_input_example_info:\n  artifact_path: input_example.json\n  type: dataframe\n'
    const version = await register({}, { MLmodel: mlmodel([double('a')]) + example, 'input_example.json': '{}' })
    const bare = await register({}, { MLmodel: `flavors: {}\n${example}` })
    const evidence = ['DATASET', 'CARD', 'SIGNATURE', 'INPUT_EXAMPLE', 'RUN']
    await setGate({ approvals: 1, checks: ['tidegate/evidence'], params: { evidence } })
    const { id } = await request(version)
    const shown = async (id: string) =>
      (await data(vi, 'query ($id: ID!) { transitionRequest(id: $id) { evidence { kind isThere } } }', { id })).transitionRequest.evidence
    expect((await one(id)).summary).toBe('Missing: model card, data set.')
    expect(await shown(id)).toEqual([
      { kind: 'CARD', isThere: false },
      { kind: 'SIGNATURE', isThere: true },
      { kind: 'INPUT_EXAMPLE', isThere: true },
      { kind: 'RUN', isThere: true },
      { kind: 'DATASET', isThere: false },
    ])
    // That MLmodel names an example is not enough.
    expect((await one((await request(bare)).id)).summary).toBe('Missing: model card, signature, input example, data set.')
    await setGate({ approvals: 1, checks: ['tidegate/evidence'], params: { evidence: ['CARD', 'RUN'] } })
    expect((await one(id)).summary).toBe('Missing: model card.')
    await describeAs(version, 'Of the grid.')
    await expect.poll(async () => (await one(id)).summary, { timeout: 20_000 }).toBe('All there: model card, source run.')
  })
})

describe('the server’s own checks', () => {
  it('are reported by nobody else, and run again by whoever may have a say', async () => {
    const version = await register()
    await setGate({ checks: ['ci', 'tidegate/card'], params: { headings: ['Use'] } })
    const { id } = await request(version)
    const report = (check: string) =>
      data(ada, 'mutation ($input: ReportCheckInput!) { reportCheck(input: $input) { check { name } } }', {
        input: { name, version, check, state: 'PASSED' },
      })
    await expect(report('tidegate/card')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining('by the server alone'),
    })
    await expect(rerun(id, 'ci')).rejects.toMatchObject({ message: expect.stringContaining('reported by others') })
    await expect(rerun(id, 'tidegate/metric')).rejects.toMatchObject({ message: expect.stringContaining('waits for no check') })
    await expect.poll(async () => (await look(id)).checks[1].check.state).toBe('FAILED')
    await rerun(id, 'tidegate/card', vi)
    await expect.poll(async () => (await look(id)).checks[1].check.state).toBe('FAILED')
    const kinds = 'query ($name: String!) { registeredModel(name: $name) { activity(kinds: [CHECK_REPORTED]) { nodes { to } } } }'
    await expect.poll(async () => (await data(vi, kinds, { name })).registeredModel.activity.nodes.length).toBe(2)
  })

  it('are run anew for what a gate asks now, and what was found by another question does not count', async () => {
    const version = await register()
    await describeAs(version, '# Use\n\nAs asked.')
    await setGate({ approvals: 1, checks: ['tidegate/card'], params: { headings: ['Use'] } })
    const { id } = await request(version)
    expect((await one(id)).state).toBe('PASSED')
    await setGate({ approvals: 1, checks: ['tidegate/card'], params: { headings: ['Use', 'Limits'] } })
    expect((await one(id)).summary).toContain("no heading 'Limits'")
    await setGate({ approvals: 1, checks: ['tidegate/signature'] })
    expect((await one(id)).state).toBe('SKIPPED')
  })

  it('find no more than who had them run may read', async () => {
    const { experiment_id } = await wire('POST', 'experiments/create', { name: `closed ${name}` }, ada)
    const version = await register({ acc: 0.9 }, {}, experiment_id)
    await data(
      ada,
      'mutation ($experiment: ID!) { setGrant(experiment: $experiment, account: "vi", permission: NO_PERMISSIONS) { grant { permission } } }',
      {
        experiment: experiment_id,
      },
    )
    const open = await register({ acc: 0.1 })
    await wire('POST', 'registered-models/alias', { name, alias: 'champion', version: String(version) })
    await setGate({ approvals: 1, checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc', betterBy: 0 }] } })
    // What may not be seen of the champion is no reason to pass.
    expect((await one((await request(open, vi)).id)).summary).toContain('may not see what version 1 was made of')
    await setGate({ approvals: 1, checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc', min: 0.5 }] } })
    const { id } = await request(version, vi)
    expect(await one(id)).toMatchObject({ state: 'FAILED', summary: 'acc was not measured.', numbers: [] })
    await rerun(id, 'tidegate/metric', eve)
    await expect.poll(async () => (await look(id)).checks[0].check.state, { timeout: 20_000 }).toBe('PASSED')
  })

  it.each([
    [{ checks: ['tidegate/luck'] }, "There is no check 'tidegate/luck'"],
    [{ checks: ['tidegate/card'] }, 'say which'],
    [{ checks: ['ci'], params: { headings: ['Use'] } }, 'name it among the checks'],
    [{ checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc' }] } }, 'Nothing is asked'],
    [{ checks: ['tidegate/metric'], params: { metrics: [{ key: 'acc', min: 2, max: 1 }] } }, "can't be at least 2 and at most 1"],
  ])('are asked for what makes sense: %j', async (gate, why) => {
    await expect(setGate(gate)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(why) })
  })
})
