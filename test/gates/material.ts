/**
 * What random sequences at gates are about: who there is, the gates that are set, as objects and as YAML, and the runs that versions are made of, with what
 * the server's own checks must find of each. Always true: what they must find is said here by a table, not by what the server does.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { atGates } from '../people.ts'

export const people = { ada: 'ADMIN', ...atGates } as const
export type Name = keyof typeof people
export const names = Object.keys(people) as Name[]
export const stages = ['None', 'Staging', 'Production', 'Archived']

export const policies: object[][] = [
  [{ stage: 'Production', approvals: 2, checks: ['ci'] }, { stage: '@champion' }],
  [
    { stage: 'Production', approvals: 1 },
    { stage: '@champ*', approvals: 2, selfApproval: true },
  ],
  [{ stage: 'Production', approvals: 0, checks: ['ci'] }],
  [
    { stage: 'Production', approvals: 2, selfApproval: true, approvers: { accounts: ['eve', 'amy'] } },
    { stage: 'Staging', approvals: 1 },
  ],
  [
    { stage: 'Production', approvals: 1, passers: { accounts: ['ed'] } },
    { stage: '@champion', from: ['Production'] },
  ],
  [
    { stage: 'Production', approvals: 1, checks: ['ci', 'tidegate/signature'] },
    {
      stage: '@champion',
      approvals: 0,
      checks: ['tidegate/metric', 'tidegate/pickle'],
      params: { metrics: [{ key: 'acc', min: 0.5, betterBy: 0 }] },
    },
  ],
  [
    {
      stage: 'Production',
      approvals: 1,
      selfApproval: true,
      checks: ['tidegate/metric'],
      params: { metrics: [{ key: 'acc', betterBy: 0.1 }] },
    },
    { stage: '@shadow', approvals: 0, checks: ['tidegate/card'], params: { headings: ['Use'] }, passers: { accounts: ['ed'] } },
  ],
  [
    {
      stage: 'Production',
      approvals: 1,
      selfApproval: true,
      checks: ['tidegate/card', 'tidegate/evidence'],
      params: { headings: ['Use', 'Limits'], evidence: ['CARD', 'SIGNATURE', 'RUN'] },
    },
    {
      stage: '@champion',
      approvals: 0,
      checks: ['tidegate/licences', 'tidegate/evidence', 'tidegate/signature'],
      params: { licences: ['MIT'], evidence: ['DATASET', 'INPUT_EXAMPLE'] },
    },
  ],
]

/** The last of them, as somebody would write it. */
export const lastByHand = `gates:
  # Whoever asks may approve: the card says the rest.
  - stage: Production
    approvals: 1
    selfApproval: true
    checks: [tidegate/card, tidegate/evidence]
    params:
      headings: [Use, Limits]
      evidence: [CARD, SIGNATURE, RUN]
  - stage: '@champion'
    approvals: 0
    checks:
      - tidegate/licences
      - tidegate/evidence
      - tidegate/signature
    params: { licences: [MIT], evidence: [DATASET, INPUT_EXAMPLE] }
`

/** What a check is asked for, as a gate has it. */
export interface Params {
  metrics: Array<{ key: string; min: number | null; betterBy: number | null }>
  headings: string[]
  evidence: string[]
}
/** What a version is made of. */
export interface Made {
  acc: number | null
  /** None, of `a`, of `a` and `b`, or of `a` and perhaps `b`. */
  signature: 'none' | 'a' | 'ab' | 'a(b)'
  pickle: 'none' | 'safe' | 'unsafe'
  licence: string | null
  example: boolean
}
export const made: Made[] = [
  { acc: 0.9, signature: 'a', pickle: 'safe', licence: 'MIT', example: true },
  { acc: 0.9, signature: 'a(b)', pickle: 'none', licence: 'MIT', example: true },
  { acc: 0.75, signature: 'ab', pickle: 'safe', licence: 'MIT', example: true },
  { acc: 0.4, signature: 'a', pickle: 'unsafe', licence: null, example: false },
  { acc: null, signature: 'none', pickle: 'none', licence: 'GPL-3.0', example: false },
]
/** Of model cards, with the headings that have something below. */
export const cards: Array<[text: string, headings: string[]]> = [
  ['', []],
  ['# Use\n\nOf the grid.\n', ['Use']],
  ['# Use\n\nOf the grid.\n\n## Limits\n\nNot on holidays.\n', ['Use', 'Limits']],
  ['## Limits\n\nNot on holidays.\n\n# Use\n', ['Limits']],
]

/** What is known of a model when a check looks. */
export interface Known {
  made: ReadonlyMap<number, Made>
  card: ReadonlyMap<number, string>
  stage: ReadonlyMap<number, string>
  alias: ReadonlyMap<string, number>
}

/** Whether one of the server's own checks must pass a version on its way to a place. */
export function mustPass(check: string, version: number, place: string, params: Params, known: Known): boolean {
  const { acc, signature, pickle, licence, example } = known.made.get(version)!
  const card = known.card.get(version)!
  const latest = (stage: string) => Math.max(...[...known.stage].filter(([, at]) => at === stage).map(([version]) => version))
  switch (check) {
    case 'tidegate/signature': {
      const there = place.startsWith('@') ? known.alias.get(place.slice(1)) : latest(place)
      const theirs = known.made.get(there!)?.signature ?? 'none'
      return there === version || theirs === 'none' || signature === theirs || signature === 'a(b)'
    }
    case 'tidegate/metric': {
      const champion = known.alias.get('champion') ?? latest('Production')
      const best = champion === version ? null : (known.made.get(champion)?.acc ?? null)
      return params.metrics.every(
        ({ min, betterBy }) =>
          acc !== null && acc >= (min ?? 0) && (betterBy === null || best === null || Math.round(100 * (acc - best)) >= 100 * betterBy),
      )
    }
    case 'tidegate/card': {
      const there = cards.find(([text]) => text === card)![1]
      return params.headings.every((heading) => there.includes(heading))
    }
    case 'tidegate/pickle':
      return pickle !== 'unsafe'
    case 'tidegate/licences':
      return licence === 'MIT'
    case 'tidegate/evidence': {
      const there: Record<string, boolean> = {
        CARD: card !== '',
        SIGNATURE: signature !== 'none',
        INPUT_EXAMPLE: example,
        RUN: true,
        DATASET: licence !== null,
      }
      return params.evidence.every((kind) => there[kind])
    }
    default:
      throw new Error(`What ${check} must find is not said.`)
  }
}

const field = (name: string, required = true) => ({ type: 'double', name, required })
const inputs = { a: [field('a')], ab: [field('a'), field('b')], 'a(b)': [field('a'), field('b', false)] }
const pickles = { safe: '(dp0\n.', unsafe: 'cposix\ngetcwd\n.' }

/** A run with the files of a model, below the folder of a server. `wire`: as whoever makes it. */
export async function makeRun(
  folder: string,
  wire: (path: string, body: object) => Promise<any>,
  { acc, signature, pickle, licence, example }: Made,
): Promise<{ run: string; source: string }> {
  const { info } = (await wire('runs/create', { experiment_id: '0', start_time: 1 })).run
  const run_id = info.run_id
  if (acc !== null) await wire('runs/log-batch', { run_id, metrics: [{ key: 'acc', value: acc, timestamp: 1, step: 0 }] })
  if (licence !== null) {
    const dataset = { name: 'grid', digest: 'grid', source_type: 'local', source: '{}' }
    await wire('runs/log-inputs', { run_id, datasets: [{ tags: [{ key: 'license', value: licence }], dataset }] })
  }
  const signed =
    signature === 'none'
      ? ''
      : `signature:\n  inputs: '${JSON.stringify(inputs[signature])}'\n  outputs: '${JSON.stringify([field('y')])}'\n`
  const saved = example ? 'saved_input_example_info:\n  artifact_path: input_example.json\n  type: dataframe\n' : ''
  const files: Record<string, string> = {
    MLmodel: `flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n${signed}${saved}`,
    ...(pickle !== 'none' && { 'model.pkl': pickles[pickle] }),
    ...(example && { 'input_example.json': '{}' }),
  }
  const source = `${info.artifact_uri}/model`
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, source.replace('mlflow-artifacts:/', ''), path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  return { run: run_id, source }
}
