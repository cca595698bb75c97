/** Stages and gates as YAML: what is set comes back as it was, and a fault has its line and column. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
  await platform.wire('POST', 'registered-models/create', { name: 'load' })
}, 60_000)
afterAll(() => platform?.stop())

const facts = `stages gates { stage approvals selfApproval checks ttl commentRequired from approvers { role accounts teams } passers { role }
  params { metrics { key dataset min max betterBy lowerIsBetter } headings imports licences evidence } }`
const set = (yaml: string, model: string | null = null) =>
  platform.graphql(
    `mutation ($model: String, $yaml: String!) { setRegistryPolicyYaml(model: $model, yaml: $yaml) { policy { yaml ${facts} } } }`,
    {
      model,
      yaml,
    },
  )
const check = (yaml: string) =>
  platform.graphql(`query ($yaml: String!) { checkRegistryPolicy(yaml: $yaml) { stages gates { stage ttl } } }`, { yaml })
const now = async () => (await platform.graphql(`{ registryPolicy { yaml ${facts} } }`)).registryPolicy

const text = `stages:
  - None
  - Shadow
  - Production
  - Archived
gates:
  - stage: Production
    approvals: 2
    approvers:
      role: ADMIN
      teams:
        - risk
    selfApproval: true
    checks:
      - ci
      - tidegate/card
      - tidegate/metric
      - tidegate/evidence
    params:
      metrics:
        - key: rmse
          max: 0.3
          betterBy: 0
          lowerIsBetter: true
      headings:
        - "Intended use: where"
      evidence:
        - CARD
        - RUN
    from:
      - Shadow
    passers:
      role: ADMIN
    commentRequired: true
    ttl: 36h
  - stage: "@champ*"
    approvals: 0
    checks:
      - tidegate/signature
`

it('what is set comes back as it was written, and can be set by GraphQL or by YAML', async () => {
  expect((await check(text)).checkRegistryPolicy.gates[0]).toEqual({ stage: 'Production', ttl: 129_600_000 })
  expect((await now()).gates).toEqual([])
  const { policy } = (await set(text)).setRegistryPolicyYaml
  expect(policy.yaml).toBe(text)
  const { yaml, ...said } = await now()
  expect(yaml).toBe(text)
  expect(said.gates[0]).toMatchObject({ approvals: 2, selfApproval: true, approvers: { role: 'ADMIN', accounts: [], teams: ['risk'] } })
  await set('stages: [None, Production, Archived]\ngates: []\n')
  expect((await now()).gates).toEqual([])
  await set(yaml)
  const { yaml: _, ...again } = await now()
  expect(again).toEqual(said)
})

it('a model says only what is its own', async () => {
  await set('gates:\n  - stage: Shadow\n', 'load')
  const { registeredModel } = await platform.graphql('{ registeredModel(name: "load") { ownPolicy { yaml } stages gates { stage } } }')
  expect(registeredModel).toEqual({
    ownPolicy: { yaml: 'gates:\n  - stage: Shadow\n    approvals: 1\n    approvers:\n      role: APPROVER\n' },
    stages: ['None', 'Shadow', 'Production', 'Archived'],
    gates: [{ stage: 'Shadow' }],
  })
})

it.each([
  ['gates:\n  - stage: Production\n   approvals: 1\n', /^Line 3, column \d+: /],
  ['gates:\n  - stage: @champion\n', /^Line 2, column 12: /],
  ['gates:\n  - stage: Production\n    aprovals: 1\n', /^Line 3, column 5: There is no field 'aprovals' here: there are stage, from,/],
  [
    'gates:\n  - stage: Production\n    approvals: many\n',
    /^Line 3, column 16: Invalid value "many" for parameter 'gates\[0\]\.approvals'/,
  ],
  ['gates:\n  - stage: Production\n  - stage: Nowhere\n', /^Line 3, column 12: There is no stage 'Nowhere'/],
  ['gates:\n  - stage: Production\n    ttl: soon\n', /^Line 3, column 10: 'soon' is no time/],
  ['gates:\n  - stage: Production\n    checks:\n      - tidegate/card\n', /^Line 2, column 5: .*'tidegate\/card' looks for headings/],
  [
    'gates:\n  - stage: Production\n    checks: [tidegate/metric]\n    params:\n      metrics:\n        - key: a\n          max: 1\n        - key: b\n',
    /^Line 8, column 11: Nothing is asked of 'b'/,
  ],
  ['stages: [None, Production]\n', /^Line 1, column 1: The first stage is/],
  ['gates:\n  - stage: Production\n    stage: Staging\n', /^Line 3, column 5: /],
  ['', /^Line 1, column 1: It says neither stages nor gates/],
  ['# nothing\n', /It says neither stages nor gates/],
  ['- a\n', /It says neither stages nor gates/],
])('a fault has its place: %j', async (yaml, why) => {
  await expect(check(yaml)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringMatching(why) })
  await expect(set(yaml)).rejects.toMatchObject({ message: expect.stringMatching(why) })
})
