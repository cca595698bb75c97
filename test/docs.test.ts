/** Every GraphQL operation in docs/ runs as it stands there, and answers with what it asks for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationTypeNode, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Platform, startPlatform } from './platform.ts'

const folder = join(import.meta.dirname, '..', 'docs')

interface Example {
  page: string
  text: string
  name: string
  kind: OperationTypeNode
}

const examples: Example[] = readdirSync(folder)
  .filter((file) => file.endsWith('.md'))
  .flatMap((page) =>
    [...readFileSync(join(folder, page), 'utf8').matchAll(/^```graphql\n([\s\S]*?)^```/gm)].map(([, text]) => {
      const [operation] = parse(text!).definitions
      if (operation?.kind !== 'OperationDefinition') throw new Error(`${page}: not an operation:\n${text}`)
      return { page, text: text!, name: operation.name?.value ?? operation.operation, kind: operation.operation }
    }),
  )

let platform: Platform
let variables: Record<string, string>

beforeAll(async () => {
  platform = await startPlatform()
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'documented' })
  const begin = async (run_name: string) =>
    (await platform.wire('POST', 'runs/create', { experiment_id, run_name, start_time: 1 })).run.info.run_id as string
  const run = await begin('calm-osprey')
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run,
    params: [{ key: 'lr', value: '3e-4' }],
    metrics: [0.5, 0.4, 0.3].map((value, step) => ({ key: 'loss', value, timestamp: step, step })),
  })
  await platform.wire('POST', 'runs/update', { run_id: await begin('amber-heron'), status: 'FINISHED', end_time: 2 })
  await platform.wire('POST', 'registered-models/create', { name: 'load-forecaster' })
  const ask = async (version: number, stage: string) => {
    await platform.wire('POST', 'model-versions/create', { name: 'load-forecaster', source: 's3://bucket/model' })
    const { requestTransition } = await platform.graphql(
      'mutation ($version: Int!, $stage: String!) { requestTransition(input: { name: "load-forecaster", version: $version, stage: $stage }) { request { id } } }',
      { version, stage },
    )
    return requestTransition.request.id as string
  }
  const [request, secondRequest] = [await ask(1, 'Staging'), await ask(2, 'Staging')]
  const { createRole } = await platform.graphql('mutation { createRole(name: "documented") { role { id } } }')
  variables = { experiment: experiment_id, run, request, secondRequest, role: createRole.role.id }
})
afterAll(() => platform.stop())

/** The first event of a subscription, over Server-Sent Events. */
async function firstEvent(query: string) {
  const gone = new AbortController()
  const response = await fetch(`${platform.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables }),
    signal: gone.signal,
  })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const [, data] = /^data: (.+)$/m.exec(text) ?? []
    if (!data) continue
    gone.abort()
    return JSON.parse(data)
  }
  throw new Error(`it ended without an event: ${text}`)
}

describe('the operations in docs/', () => {
  it('are there', () => expect(examples.length).toBeGreaterThan(8))

  it.each(examples)('$page: $name', async ({ text, kind }) => {
    const { data, errors } =
      kind === OperationTypeNode.SUBSCRIPTION
        ? await firstEvent(text)
        : { data: await platform.graphql(text, variables), errors: undefined }
    expect(errors).toBeUndefined()
    for (const value of Object.values(data)) expect(value).not.toBeNull()
  })
})
