/** The searches of the registry: MLflow's filters and orders, page by page, without prompts unless they are asked for. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
const promptTag = 'mlflow.prompt.is_prompt'
const tag = (key: string, value: string) => ({ key, value })

beforeAll(async () => {
  platform = await startPlatform()
  for (const [name, tags] of [
    ['credit', [tag('team', 'risk'), tag('my key', 'a')]],
    ['churn', [tag('team', 'growth')]],
    ['Fraud_1', []],
    ['greeting', [tag(promptTag, 'true'), tag('team', 'risk')]],
  ] as const) {
    await platform.wire('POST', 'registered-models/create', { name, tags })
    const source = name === 'greeting' ? 'dummy-source' : `s3://bucket/${name}`
    const more = name === 'greeting' ? [tag(promptTag, 'true'), tag('mlflow.prompt.text', 'Hello')] : []
    for (let i = 1; i <= 3; i++)
      await platform.wire('POST', 'model-versions/create', {
        name,
        source: name === 'greeting' ? source : `${source}/${i}`,
        run_id: `run-of-${name}`,
        tags: [...more, tag('n', String(i))],
      })
  }
  await platform.wire('POST', 'model-versions/transition-stage', { name: 'churn', version: '2', stage: 'Production' })
  await platform.wire('POST', 'registered-models/alias', { name: 'churn', alias: 'champion', version: '3' })
})
afterAll(() => platform?.stop())

const models = async (input: object = {}) => {
  const found = await platform.wire('GET', 'registered-models/search', input as Record<string, unknown>)
  return { names: (found.registered_models ?? []).map((it: any) => it.name), token: found.next_page_token }
}
const versions = async (input: object = {}) => {
  const found = await platform.wire('GET', 'model-versions/search', input as Record<string, unknown>)
  return { names: (found.model_versions ?? []).map((it: any) => `${it.name} ${it.version}`), token: found.next_page_token }
}
const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => 'nothing was refused',
    ({ code, status, message }) => `${status} ${code} ${message}`,
  )

describe('a search for models', () => {
  it.each([
    [undefined, ['Fraud_1', 'churn', 'credit']],
    ['', ['Fraud_1', 'churn', 'credit']],
    ["name = 'churn'", ['churn']],
    ["name != 'churn'", ['Fraud_1', 'credit']],
    ["name LIKE 'c%'", ['churn', 'credit']],
    ["name LIKE 'fraud%'", []],
    ["name ILIKE 'fraud%'", ['Fraud_1']],
    ["name IN ('churn', 'none')", ['churn']],
    ["attribute.name = 'churn'", ['churn']],
    ["tags.team = 'risk'", ['credit']],
    ["tag.team != 'risk'", ['churn']],
    ["tags.`my key` LIKE 'a'", ['credit']],
    ["tags.team ILIKE 'R%' AND name = 'credit'", ['credit']],
    ["tags.team = 'risk' OR name = 'churn'", ['churn', 'credit']],
    ['tags.team IS NULL', ['Fraud_1']],
    ['fraud', ['Fraud_1']],
    ["tags.`mlflow.prompt.is_prompt` = 'true'", ['greeting']],
    ["tags.`mlflow.prompt.is_prompt` = 'true' AND tags.team = 'growth'", []],
    ["tags.`mlflow.prompt.is_prompt` != 'false'", ['greeting']],
    ["tags.`mlflow.prompt.is_prompt` = 'false'", ['Fraud_1', 'churn', 'credit']],
    ["tags.`mlflow.prompt.is_prompt` != 'true' AND name LIKE 'c%'", ['churn', 'credit']],
  ])('for %s', async (filter, names) => {
    expect((await models({ ...(filter !== undefined && { filter }) })).names).toEqual(names)
  })

  it.each([
    [['name DESC'], ['credit', 'churn', 'Fraud_1']],
    [['timestamp ASC'], ['credit', 'Fraud_1', 'churn']],
    [['last_updated_timestamp DESC'], ['churn', 'Fraud_1', 'credit']],
  ])('comes in the order of %j', async (order_by, names) => {
    expect((await models({ order_by })).names).toEqual(names)
  })

  it('comes in pages, none of which has one twice', async () => {
    const first = await models({ max_results: 2 })
    expect(first.names).toEqual(['Fraud_1', 'churn'])
    const second = await models({ max_results: 2, page_token: first.token })
    expect(second).toEqual({ names: ['credit'], token: undefined })
  })

  it.each([
    [{ filter: "owner_id = 'x'" }, "Invalid attribute key 'owner_id' specified"],
    [{ filter: "run.name = 'x'" }, "Invalid entity type 'run'"],
    [{ filter: 'name = churn' }, 'not quoted'],
    [{ filter: "name > 'churn'" }, 'Invalid comparator for attribute: >'],
    [{ filter: "tags.team >= 'x'" }, 'Invalid comparator for tag: >='],
    [{ filter: "name = 'x' and" + ' )' }, 'Invalid clause(s) in filter string'],
    [{ order_by: ['team'] }, "Invalid order by key 'team' specified"],
    [{ order_by: ['name', 'name DESC'] }, '`order_by` contains duplicate fields'],
    [{ order_by: ['name SIDEWAYS'] }, 'Invalid ordering key'],
    [{ max_results: 1001 }, "parameter 'max_results'"],
    [{ max_results: 0 }, "parameter 'max_results'"],
    [{ page_token: 'not a token' }, 'Invalid page token'],
  ])('refuses %j', async (input, words) => {
    const said = await refusal(models(input))
    expect(said).toContain('400 INVALID_PARAMETER_VALUE')
    expect(said).toContain(words)
  })

  it('is listed as clients of before 2.0 ask', async () => {
    const { registered_models } = await platform.wire('GET', 'registered-models/list', { max_results: 1 })
    expect(registered_models).toHaveLength(1)
  })
})

describe('a search for versions', () => {
  it.each([
    ["name = 'churn'", ['churn 3', 'churn 2', 'churn 1']],
    ["name = 'churn' AND version_number > 1", ['churn 3', 'churn 2']],
    ["version_number = '1' AND name LIKE 'c%'", ['churn 1', 'credit 1']],
    ["run_id = 'run-of-credit'", ['credit 3', 'credit 2', 'credit 1']],
    ["run_id IN ('run-of-credit', 'x') AND version_number <= 1", ['credit 1']],
    ["source_path = 's3://bucket/credit/2'", ['credit 2']],
    ["source_path LIKE '%/2' AND NOT name = 'credit'", ['Fraud_1 2', 'churn 2']],
    ["tags.n = '2' AND name ILIKE 'c%'", ['churn 2', 'credit 2']],
    ["tags.n != '2' AND name = 'churn'", ['churn 3', 'churn 1']],
    ["stage = 'Production'", ['churn 2']],
    ["alias = 'champion'", ['churn 3']],
    ["alias IS NULL AND name = 'churn'", ['churn 2', 'churn 1']],
    ["tags.`mlflow.prompt.is_prompt` = 'true'", ['greeting 3', 'greeting 2', 'greeting 1']],
    ["name = 'greeting'", []],
  ])('for %s', async (filter, names) => {
    expect((await versions({ filter, order_by: ['name', 'version_number DESC'] })).names).toEqual(names)
  })

  it('comes with what changed last first', async () => {
    const { names } = await versions()
    expect(names).toHaveLength(9)
    expect(names[0]).toBe('churn 2')
  })

  it('comes in the order that is asked for, and in pages', async () => {
    const first = await versions({ order_by: ['version_number ASC', 'name DESC'], max_results: 4 })
    expect(first.names).toEqual(['credit 1', 'churn 1', 'Fraud_1 1', 'credit 2'])
    const second = await versions({ order_by: ['version_number ASC', 'name DESC'], max_results: 5, page_token: first.token })
    expect(second).toEqual({ names: ['churn 2', 'Fraud_1 2', 'credit 3', 'churn 3', 'Fraud_1 3'], token: undefined })
    expect((await versions({ order_by: ['creation_timestamp ASC'], max_results: 1 })).names).toEqual(['credit 1'])
  })

  it.each([
    [{ filter: "version_number LIKE '1'" }, 'Invalid comparator for attribute version_number: LIKE'],
    [{ filter: "version_number = 'one'" }, "Invalid value for numeric attribute 'version_number'"],
    [{ filter: 'version_number = 1.5' }, "Invalid value for numeric attribute 'version_number'"],
    [{ filter: "wrong = 'x'" }, "Invalid attribute key 'wrong' specified"],
    [{ order_by: ['wrong'] }, "Invalid attribute key 'wrong' specified"],
    [{ order_by: ['tags.n'] }, 'Invalid order_by entity'],
    [{ max_results: 200_001 }, "parameter 'max_results'"],
  ])('refuses %j', async (input, words) => {
    const said = await refusal(versions(input))
    expect(said).toContain('400 INVALID_PARAMETER_VALUE')
    expect(said).toContain(words)
  })
})
