import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

interface Call {
  headers: IncomingHttpHeaders
  body: string
}

describe('alert rules', () => {
  let platform: Platform
  let receiver: Server
  let hook: string
  let experiment: string
  const calls: Call[] = []
  /** What the receiver answers, one after the other; 200 when there is none left. */
  const answers: number[] = []

  beforeAll(async () => {
    receiver = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        calls.push({ headers: req.headers, body: Buffer.concat(chunks).toString() })
        res.writeHead(answers.shift() ?? 200, { location: 'http://169.254.169.254/' }).end('thank you')
      })
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    platform = await startPlatform({ outboundHosts: ['127.0.0.1'] })
  })
  afterAll(async () => {
    await platform.stop()
    receiver.close()
  })
  beforeEach(async () => {
    calls.length = 0
    experiment = (await platform.wire('POST', 'experiments/create', { name: `alerts ${Math.random()}` })).experiment_id
  })

  const startRun = async (): Promise<string> =>
    (await platform.wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 })).run.info.run_id
  const log = (run: string, key: string, value: number | string, step = 0) =>
    platform.wire('POST', 'runs/log-metric', { run_id: run, key, value, timestamp: 1, step })
  const createRule = async (input: Record<string, unknown>) =>
    (
      await platform.graphql(
        'mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { secret rule { id sentence enabled } } }',
        { input: { experimentId: experiment, name: 'a rule', ...input } },
      )
    ).createAlertRule
  const alerts = async () =>
    (
      await platform.graphql(
        'query ($experiment: ID) { alerts(experiment: $experiment) { unread nodes { id rule message metric step value readAt run { id } deliveries { status error } } } }',
        { experiment },
      )
    ).alerts
  async function until<T>(read: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await read()
      if (holds(value)) return value
      await sleep(50)
    }
  }
  const some = (count: number) =>
    until(alerts, ({ nodes }) => {
      expect(nodes.length).toBeLessThanOrEqual(count)
      return nodes.length === count
    })

  it('fire for points as they come, once, in every run', async () => {
    await createRule({ condition: { kind: 'NOT_FINITE' } })
    const [one, two] = [await startRun(), await startRun()]
    await log(one, 'loss', 'NaN', 7)
    await log(one, 'loss', 'NaN', 8)
    await log(two, 'loss', 3, 1)
    const { nodes, unread } = await some(1)
    expect(nodes[0]).toMatchObject({
      rule: 'a rule',
      message: 'loss is NaN at step 7',
      metric: 'loss',
      step: 7,
      value: 'NaN',
      run: { id: one },
    })
    expect(unread).toBe(1)
    await log(two, 'accuracy', 'Infinity', 2)
    expect((await some(2)).nodes[0]).toMatchObject({ metric: 'accuracy', run: { id: two } })
  })

  it('judge what a live run had logged before them', async () => {
    const run = await startRun()
    await log(run, 'loss', 50, 3)
    const { rule } = await createRule({ metric: 'loss', condition: { kind: 'THRESHOLD', comparator: 'GT', limit: 10 } })
    expect(rule.sentence).toBe('loss > 10')
    expect((await some(1)).nodes[0].message).toBe('loss is 50 at step 3: over 10')
  })

  it('notice a run that has fallen silent, and that it has ended', async () => {
    await createRule({ condition: { kind: 'SILENCE', after: 1500 } })
    const [silent, ended] = [await startRun(), await startRun()]
    await log(silent, 'loss', 1)
    await log(ended, 'loss', 1)
    await platform.wire('POST', 'runs/update', { run_id: ended, status: 'FINISHED', end_time: 2 })
    const { nodes } = await some(1)
    expect(nodes[0]).toMatchObject({ message: 'no point of any metric for 1.5 s', run: { id: silent }, metric: null, value: null })
    await sleep(1500)
    expect((await alerts()).nodes).toHaveLength(1)
  })

  it('call their URL with a body that its secret has signed, and again when it fails', async () => {
    answers.push(500)
    const { secret } = await createRule({ metric: 'loss', condition: { kind: 'THRESHOLD', comparator: 'GT', limit: 1 }, url: hook })
    const run = await startRun()
    await log(run, 'loss', 2, 5)
    await until(
      () => calls.length,
      (count) => count === 2,
    )
    const { nodes } = await until(alerts, ({ nodes }) => nodes[0]?.deliveries.length === 2)
    expect(nodes[0].deliveries).toEqual([
      { status: 500, error: null },
      { status: 200, error: null },
    ])
    for (const { headers, body } of calls) {
      const { 'x-tidegate-delivery-id': id, 'x-tidegate-timestamp': time, 'x-tidegate-signature': signature } = headers
      expect(id).toBe(`alert-${nodes[0].id}`)
      expect(signature).toBe(`v1,${createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')}`)
      expect(JSON.parse(body)).toMatchObject({
        entity: 'alert',
        action: 'fired',
        data: { message: 'loss is 2 at step 5: over 1', run_id: run, value: 2, step: 5, url: `${platform.origin}/runs/${run}` },
      })
    }
  })

  it('follow no redirect', async () => {
    answers.push(302)
    const { rule } = await createRule({ condition: { kind: 'NOT_FINITE' }, url: hook })
    const { testAlertRule } = await platform.graphql('mutation ($id: ID!) { testAlertRule(id: $id) { delivery { status } } }', {
      id: rule.id,
    })
    expect(testAlertRule.delivery.status).toBe(302)
    expect(calls).toHaveLength(1)
  })

  it('do not call into the network behind the server', async () => {
    for (const url of [
      'http://10.0.0.1/',
      'http://[::1]/',
      'http://[::ffff:10.0.0.1]/',
      'http://169.254.169.254/latest/meta-data',
      'http://localhost:5000/',
      'http://0x7f000001.example.internal/',
      'http://postgres/',
      'ftp://example.com/',
      'http://user:password@example.com/',
      'nonsense',
    ]) {
      await expect(createRule({ condition: { kind: 'NOT_FINITE' }, url }), url).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
        message: expect.stringContaining("The URL can't be called"),
      })
    }
    expect(await platform.graphql('query ($experiment: ID!) { alertRules(experiment: $experiment) { id } }', { experiment })).toEqual({
      alertRules: [],
    })
  })

  it('never show their secret again', async () => {
    const { secret } = await createRule({ condition: { kind: 'NOT_FINITE' }, url: hook })
    const fields = 'id name metric url enabled createdBy sentence condition { kind }'
    const { alertRules } = await platform.graphql(`query ($experiment: ID!) { alertRules(experiment: $experiment) { ${fields} } }`, {
      experiment,
    })
    expect(JSON.stringify(alertRules)).not.toContain(secret)
  })

  it('can be paused, changed, and deleted, and what they found stays', async () => {
    const { rule } = await createRule({ metric: 'loss', condition: { kind: 'THRESHOLD', comparator: 'GT', limit: 10 } })
    const update = (input: object) =>
      platform.graphql('mutation ($input: UpdateAlertRuleInput!) { updateAlertRule(input: $input) { rule { sentence enabled } } }', {
        input: { id: rule.id, ...input },
      })
    await update({ enabled: false })
    const run = await startRun()
    await log(run, 'loss', 20)
    await sleep(1_500)
    expect((await alerts()).nodes).toEqual([])
    expect(await update({ enabled: true, condition: { kind: 'THRESHOLD', comparator: 'GTE', limit: 20 } })).toEqual({
      updateAlertRule: { rule: { sentence: 'loss >= 20', enabled: true } },
    })
    await some(1)
    await platform.graphql('mutation ($id: ID!) { deleteAlertRule(id: $id) { id } }', { id: rule.id })
    expect((await alerts()).nodes).toMatchObject([{ rule: 'a rule' }])
  })

  it('are read, and whoever watches hears of it', async () => {
    await createRule({ condition: { kind: 'NOT_FINITE' } })
    const run = await startRun()
    await log(run, 'loss', 'NaN')
    const { nodes } = await some(1)
    expect(await platform.graphql('mutation ($ids: [ID!]) { readAlerts(ids: $ids) { count } }', { ids: [nodes[0].id] })).toEqual({
      readAlerts: { count: 1 },
    })
    expect(await alerts()).toMatchObject({ unread: 0, nodes: [{ readAt: expect.any(Number) }] })
    await expect(platform.graphql('{ alerts(after: "x") { unread } }')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('judge every point once when two processes take the same run', async () => {
    await platform.another()
    await createRule({ metric: 'loss', condition: { kind: 'THRESHOLD', comparator: 'GT', limit: 0 } })
    const run = await startRun()
    // Over and under in turn: every second point fires.
    for (let step = 0; step < 40; step++) await log(run, 'loss', step % 2 ? 1 : -1, step)
    await sleep(2_500)
    const { nodes } = await alerts()
    const steps = nodes.map((alert: { step: number }) => alert.step)
    expect(new Set(steps).size).toBe(steps.length)
    expect(steps.length).toBeGreaterThan(0)
  })
})
