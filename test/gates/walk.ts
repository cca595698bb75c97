/**
 * Random sequences of what people do to versions with gates, eight connections at once: requests, votes, checks of others and of the server's own, moves,
 * deletions, model cards and other gates. What was written down meanwhile is then read from the beginning (judge.ts), and each step of it must have been
 * allowed at its place.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { basic, peopleOf } from '../people.ts'
import { startPlatform } from '../platform.ts'
import { generator, type Random } from '../random.ts'
import { judge, judgeChain } from './judge.ts'
import { cards, lastByHand, type Made, made, makeRun, type Name, names, people, policies, stages } from './material.ts'

const connections = 8
/** Acts of one sequence. */
const acts = 8
const aliases = ['champion', 'shadow']
const own = ['signature', 'metric', 'card', 'pickle', 'licences', 'evidence'].map((check) => `tidegate/${check}`)

/** Answers how often each kind of thing happened; throws, with the seed, at the first that ought not to have. */
export async function walk(sequences: number, seed: number, say: (line: string) => void = () => {}): Promise<Record<string, number>> {
  const platform = await startPlatform({ access: 'accounts', logLevel: 'error' as never })
  const { send, ask, first, make } = peopleOf(() => platform)
  const happened: Record<string, number> = {}
  const runs = new Map<string, Made>()
  const sources: Array<{ source: string; run_id: string }> = []
  /** Of each policy: as YAML, and what is written down of its gates. */
  const yaml: string[] = []
  const gates = new Set<string>()
  try {
    await first()
    for (const name of names) if (name !== 'ada') await make(name, { default: people[name] })
    for (const it of made) {
      const { run, source } = await makeRun(platform.folder, (path, body) => wire('ada', 'POST', path, body), it)
      runs.set(run, it)
      sources.push({ source, run_id: run })
    }
    await readGates()
    let before: string | undefined
    const begun = Date.now()
    for (let round = 0, done = 0; done < sequences; round++, done += connections) {
      const random = generator(seed * 1_000_003 + round)
      const name = `model ${round}`
      await act('eve', 'createRegisteredModel', '{ model { id } }', { input: { name } })
      for (let i = 0; i < 2; i++) await version(name, random)
      await setGates('ada', name, random)
      await Promise.all(Array.from({ length: connections }, (_, i) => sequence(name, generator(seed * 7919 + round * connections + i))))
      // One behind: by then the server has run its checks.
      if (before) await judged(before)
      before = name
      if (round % 100 === 99)
        say(`${done + connections} sequences, ${Math.round(((done + connections) / (Date.now() - begun)) * 1000)} a second`)
    }
    if (before) await judged(before)
    await judgeChain(platform)
    return happened
  } finally {
    await platform.stop()
  }

  async function act(who: Name, mutation: string, selection: string, variables: object, types = ''): Promise<any> {
    const args = Object.keys(variables)
    const of = (key: string) => (key === 'input' ? `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!` : types || 'ID!')
    const text = `mutation (${args.map((key) => `$${key}: ${of(key)}`)}) { ${mutation}(${args.map((key) => `${key}: $${key}`)}) ${selection} }`
    const { data, errors } = await ask(basic(who), text, variables)
    const known = [
      'PERMISSION_DENIED',
      'RESOURCE_CONFLICT',
      'RESOURCE_ALREADY_EXISTS',
      'INVALID_PARAMETER_VALUE',
      'RESOURCE_DOES_NOT_EXIST',
    ]
    const code = errors?.[0].extensions.code
    if (code && !known.includes(code)) throw new Error(`${mutation} by ${who}: ${code}, ${errors[0].message}`)
    return data?.[mutation]
  }

  async function wire(who: Name, method: string, path: string, body: object): Promise<any> {
    const { status, json } = await send(method, `/api/2.0/mlflow/${path}`, { headers: basic(who), body })
    if (status >= 500) throw new Error(`${path} by ${who}: ${JSON.stringify(json)}`)
    return json
  }

  async function version(name: string, random: Random): Promise<void> {
    await wire('eve', 'POST', 'model-versions/create', { name, ...random.pick(sources), description: random.pick(cards)[0] })
  }

  /** Sets each policy once, and reads how it is written down and as YAML: whoever sets that text sets the same. */
  async function readGates(): Promise<void> {
    const name = 'gates'
    await act('eve', 'createRegisteredModel', '{ model { id } }', { input: { name } })
    const written = async () => {
      const [last] = await platform.db.query('SELECT data FROM activity WHERE model = $1 ORDER BY seq DESC LIMIT 1', [name])
      return JSON.stringify(JSON.parse(String(last!.data)).gates)
    }
    for (const each of policies) {
      await act('ada', 'setRegistryPolicy', '{ policy { stages } }', { input: { model: name, gates: each } })
      gates.add(await written())
      const { data } = await ask(basic('ada'), 'query ($name: String!) { registeredModel(name: $name) { ownPolicy { yaml } } }', { name })
      yaml.push(data.registeredModel.ownPolicy.yaml)
    }
    if (gates.size < policies.length) throw new Error('Two policies are written down as one.')
    yaml.push(lastByHand)
  }

  /** In one of the ways there are. A fault in a text is to be found. */
  async function setGates(who: Name, model: string, random: Random): Promise<void> {
    if (random.chance(50)) {
      await act(who, 'setRegistryPolicy', '{ policy { stages } }', { input: { model, gates: random.pick(policies) } })
      return
    }
    const set = (yaml: string) =>
      ask(
        basic(who),
        'mutation ($model: String, $yaml: String!) { setRegistryPolicyYaml(model: $model, yaml: $yaml) { policy { stages } } }',
        {
          ...{ model, yaml },
        },
      )
    const text = random.pick(yaml)
    if (random.chance(20)) {
      const { errors } = await set(text.replace('approvals:', 'approval:'))
      if (!/^Line \d+, column \d+: There is no field/.test(errors?.[0].message))
        throw new Error(`A fault was not found: ${JSON.stringify(errors)}`)
    }
    const { errors } = await set(text)
    if (errors && errors[0].extensions.code !== 'PERMISSION_DENIED') throw new Error(`${who} can't set ${text}: ${errors[0].message}`)
  }

  /** Once the server has run the checks of a model. */
  async function judged(name: string): Promise<void> {
    const isBusy = `SELECT EXISTS (SELECT FROM built_in_check c JOIN model_version v ON v.id = c.version_id JOIN registered_model m ON m.id = v.registered_model_id
        WHERE m.name = $1 AND c.state IN ('QUEUED', 'RUNNING')) OR EXISTS (SELECT FROM graphile_worker.jobs WHERE task_identifier = 'check.refresh') AS busy`
    // Far longer than it takes: what still waits then is run by nobody.
    const end = performance.now() + 60_000
    while ((await platform.db.query(isBusy, [name]))[0]!.busy) {
      if (performance.now() > end) throw new Error(`${name} of seed ${seed}: a check waits that no job runs.`)
      await sleep(20)
    }
    try {
      await judge(platform, name, { runs, gates }, happened)
    } catch (error) {
      throw new Error(`${name} of seed ${seed}: ${(error as Error).message}`)
    }
  }

  async function sequence(name: string, random: Random): Promise<void> {
    const send = (who: Name, method: string, path: string, body: object) => wire(who, method, path, { name, ...body })
    const opened = async (who: Name): Promise<{ id: string; checks: Array<{ name: string }> }> => {
      const { data } = await ask(
        basic(who),
        'query ($model: String!) { transitionRequests(model: $model, states: [OPEN], first: 20) { nodes { id checks { name } } } }',
        { model: name },
      )
      return data.transitionRequests.nodes.length ? random.pick(data.transitionRequests.nodes) : { id: '999999999', checks: [] }
    }
    const open = async (who: Name) => (await opened(who)).id
    /** Mostly one that it waits for. */
    const checked = async (who: Name): Promise<[id: string, check: string]> => {
      const { id, checks } = await opened(who)
      return [id, checks.length && random.chance(80) ? random.pick(checks).name : random.pick(['ci', ...own])]
    }
    const on = () => 1 + random(3)
    const place = () => random.pick([...stages, 'Production', 'Production', '@champion', '@champion', '@shadow'])
    const decide = async (who: Name, verb: string) => act(who, `${verb}Transition`, '{ request { id } }', { request: await open(who) })
    const request = (who: Name) =>
      act(who, 'requestTransition', '{ request { id } }', {
        input: { name, version: on(), stage: place(), archiveExisting: random.chance(10) },
      })
    const all: Array<[number, (who: Name) => Promise<unknown>]> = [
      [22, request],
      [29, (who) => decide(who, 'approve')],
      [6, (who) => decide(who, random.pick(['reject', 'cancel']))],
      [
        12,
        (who) =>
          act(who, 'reportCheck', '{ check { name } }', {
            input: { name, version: on(), check: 'ci', state: random.pick(['PASSED', 'PASSED', 'FAILED', 'SKIPPED', 'RUNNING']) },
          }),
      ],
      [
        8,
        (who) =>
          send(who, 'POST', 'model-versions/transition-stage', {
            version: String(on()),
            stage: random.pick(stages),
            archive_existing_versions: random.chance(20),
          }),
      ],
      [6, (who) => send(who, 'POST', 'registered-models/alias', { alias: random.pick(aliases), version: String(on()) })],
      [2, (who) => send(who, 'DELETE', 'registered-models/alias', { alias: random.pick(aliases) })],
      [2, (who) => setGates(random.chance(80) ? 'ada' : who, name, random)],
      [2, async (who) => override(random.chance(60) ? 'ada' : who, ...(await checked(who)))],
      [2, async (who) => rerun(who, ...(await checked(who)))],
      [3, (who) => send(who, 'PATCH', 'model-versions/update', { version: String(on()), description: random.pick(cards)[0] })],
      [1, (who) => send(who, 'DELETE', 'model-versions/delete', { version: String(on()) })],
      [5, () => version(name, random)],
    ]
    for (let i = 0; i < acts; i++) {
      let at = random(100)
      const [, what] = all.find(([share]) => (at -= share) < 0)!
      await what(random.pick(names))
    }
  }

  async function override(who: Name, request: string, check: string): Promise<void> {
    await ask(
      basic(who),
      'mutation ($id: ID!, $check: String!) { overrideCheck(request: $id, check: $check, reason: "why not") { request { id } } }',
      {
        ...{ id: request, check },
      },
    )
  }

  async function rerun(who: Name, request: string, check: string): Promise<void> {
    await ask(basic(who), 'mutation ($id: ID!, $check: String!) { rerunCheck(request: $id, check: $check) { request { id } } }', {
      id: request,
      check,
    })
  }
}
