/**
 * Workspaces with something of every kind in each, and people of every role. Always true: every text that was written in a workspace holds its
 * marker and no other's, and the numbers of one are far from those of another, so an answer shows whose it is.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { cp, readdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { z } from 'zod'
import { abilityOf } from '../../packages/server/src/access.ts'
import type { Ctx, Kernel } from '../../packages/server/src/context.ts'
import { enqueue, type Job, job } from '../../packages/server/src/jobs.ts'
import { digestOf } from '../../packages/server/src/passwords.ts'
import type { Ids, Person, World } from './ids.ts'

export interface Worlds {
  platform: Platform
  kernel: Kernel
  all: World[]
  /** Of the installation's first admin, who has made it all. */
  root: Person
  ctxOf(person: Person, workspace: string): Promise<Ctx>
  /** What there is now, for `restore` to bring back. */
  keep(): Promise<void>
  restore(): Promise<void>
  /** What stands in the tables with a marker in it, as one number. */
  sumOf(world: World): Promise<string>
  stop(): Promise<void>
}

const names = ['north', 'south', 'east']

export async function startWorlds(options: Parameters<typeof startPlatform>[0] = {}): Promise<Worlds> {
  let kernel: Kernel | undefined
  const seize = job({ name: 'test.seize', payload: z.object({}), run: async (given) => void (kernel = given) })
  // The jobs themselves wait: nothing changes by itself.
  const platform = await startPlatform({ access: 'accounts', outboundHosts: ['127.0.0.1'], jobs: [seize as Job<unknown>], ...options })
  const { db } = platform
  await enqueue(db, seize, {})
  while (!kernel) await new Promise((resolve) => setTimeout(resolve, 20))

  let accounts = 0
  /** With a token, as a program has it: passwords cost time. */
  async function makePerson(name: string, isAdmin = false, scope = 'ALL'): Promise<Person & { id: number; token: string }> {
    const now = BigInt(Date.now())
    const known = await db.prisma.account.findUnique({ where: { name } })
    const { id } = known ?? (await db.prisma.account.create({ data: { id: 500_000 + ++accounts, name, isAdmin, createdAt: now } }))
    const secret = `tg_${name}-${scope}-`.padEnd(46, '0')
    const token = await db.prisma.accessToken.create({
      data: { accountId: id, name: `token of ${name}`, digest: digestOf(secret), hint: secret.slice(0, 7), scope, createdAt: now },
    })
    return { id, name, token: String(token.id), headers: { authorization: `Bearer ${secret}` } }
  }
  const root = await makePerson('root', true)

  async function send(workspace: string, path: string, body: unknown, method = 'POST'): Promise<any> {
    const answer = await fetch(platform.origin + path, {
      method,
      headers: { ...root.headers, 'x-tidegate-workspace': workspace, 'content-type': 'application/json', accept: 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const json = (await answer.json()) as any
    if (!answer.ok || json.errors) throw new Error(`${path} answered ${JSON.stringify(json)}`)
    return json
  }
  const wire = (workspace: string, path: string, body: object) => send(workspace, `/api/2.0/mlflow/${path}`, body)
  const ask = async (workspace: string, query: string, variables: object = {}) =>
    (await send(workspace, '/graphql', { query, variables })).data

  await send('default', '/graphql', {
    query: 'mutation ($input: SetSsoInput!) { setSso(input: $input) { sso { name } } }',
    variables: {
      input: { name: 'Login', issuer: 'http://127.0.0.1:9/', clientId: 'tidegate', clientSecret: 'kept secret', enabled: false },
    },
  })

  /** An experiment with all that can belong to one. */
  async function fill(
    workspace: string,
    marker: string,
    title: string,
  ): Promise<
    Omit<
      Ids,
      | 'workspace'
      | 'token'
      | 'identity'
      | 'service'
      | 'serviceToken'
      | 'deletedExperiment'
      | 'account'
      | 'accountId'
      | 'invitedId'
      | 'team'
      | 'customRole'
      | 'roleRule'
      | 'webhook'
      | 'delivery'
    >
  > {
    const experimentName = `${title} ${marker}`
    const tags = ['k', `tag.${marker}`].map((key) => ({ key, value: `value ${marker}` }))
    const { experiment_id: experiment } = await wire(workspace, 'experiments/create', { name: experimentName, tags })
    const makeRun = async (name: string) => {
      const { run } = await wire(workspace, 'runs/create', {
        experiment_id: experiment,
        run_name: `${name} ${marker}`,
        start_time: 1,
        tags,
      })
      return run.info.run_id as string
    }
    const makeModel = async (name: string, source: string) => {
      const input = {
        experiment_id: experiment,
        name: `${name}-${marker}`,
        source_run_id: source,
        params: [{ key: `depth.${marker}`, value: marker }],
        tags,
      }
      return (await wire(workspace, 'logged-models', input)).model.info.model_id as string
    }
    const [run, deletedRun] = [await makeRun('run'), await makeRun('gone')]
    const [model, deletedModel] = [await makeModel('net', run), await makeModel('old', run)]
    const params = [{ key: `lr.${marker}`, value: marker }]
    const metrics = [0, 1, 2].map((step) => ({ key: `loss.${marker}`, value: step, timestamp: 5, step }))
    await wire(workspace, 'runs/log-batch', { run_id: run, params, metrics, tags })
    await wire(workspace, 'runs/log-metric', {
      run_id: run,
      key: 'acc',
      value: 1,
      timestamp: 5,
      model_id: model,
      dataset_name: `set ${marker}`,
      dataset_digest: 'd',
    })
    const dataset = { name: `set ${marker}`, digest: 'd', source_type: 'local', source: `{"uri":"${marker}"}` }
    await wire(workspace, 'runs/log-inputs', {
      run_id: run,
      datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: marker }] }],
      models: [{ model_id: model }],
    })
    const path = `${experiment}/${run}/artifacts/notes-${marker}.txt`
    const put = (at: string) => send(workspace, `/api/2.0/mlflow-artifacts/artifacts/${at}`, marker, 'PUT')
    for (const at of [path, `${experiment}/${run}/artifacts/plain.txt`, `${experiment}/models/${model}/artifacts/plain.txt`]) await put(at)
    await put(`${experiment}/models/${model}/artifacts/weights-${marker}.bin`)
    await ask(workspace, 'mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }', {
      input: { runId: run, entries: [{ text: `line ${marker}` }] },
    })
    const registered = `model-${marker}`
    await wire(workspace, 'registered-models/create', { name: registered, tags, description: marker })
    const [{ id: registeredId }] = (await db.query<{ id: number }>('SELECT id FROM registered_model WHERE name = $1', [registered])) as [
      { id: number },
    ]
    await wire(workspace, 'model-versions/create', {
      name: registered,
      source: `mlflow-artifacts:/${experiment}/${run}/artifacts`,
      run_id: run,
      tags,
      description: marker,
    })
    await wire(workspace, 'registered-models/alias', { name: registered, alias: 'champion', version: '1' })
    const policy = {
      model: registered,
      gates: [{ stage: 'Production', approvals: 2, checks: ['ci', 'tidegate/card'], params: { headings: ['Use'] } }],
    }
    await ask(workspace, 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { __typename } }', {
      input: policy,
    })
    const { requestTransition } = await ask(
      workspace,
      'mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { id } } }',
      { input: { name: registered, version: 1, stage: 'Production', comment: marker } },
    )
    const { addVersionComment } = await ask(
      workspace,
      'mutation ($name: String!, $text: String!) { addVersionComment(name: $name, version: 1, text: $text) { comment { id } } }',
      { name: registered, text: `said ${marker}` },
    )
    const { addRunComment } = await ask(
      workspace,
      'mutation ($run: ID!, $text: String!) { addRunComment(run: $run, text: $text) { comment { id } } }',
      { run, text: `said ${marker}` },
    )
    const begun = createHash('md5').update(marker).digest('hex')
    await ask(workspace, 'mutation ($input: ImportRunsInput!) { importRuns(input: $input) { runs { id } } }', {
      input: { experimentId: experiment, runs: [{ id: begun, name: `begun ${marker}`, status: 'FINISHED', startedAt: 1 }] },
    })
    const { createSavedView } = await ask(
      workspace,
      'mutation ($experiment: ID!, $name: String!, $query: String!) { createSavedView(experiment: $experiment, name: $name, query: $query) { view { id } } }',
      { experiment, name: `view ${marker}`, query: `q=${marker}` },
    )
    await ask(workspace, 'mutation ($id: ID!) { shareSavedView(id: $id, shared: true) { view { id } } }', { id: createSavedView.view.id })
    const { createAlertRule } = await ask(
      workspace,
      'mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { rule { id } } }',
      { input: { experimentId: experiment, name: `rule ${marker}`, condition: { kind: 'NOT_FINITE' }, url: 'http://127.0.0.1:9/hook' } },
    )
    const [row] = await db.query<{ id: number; workspace_id: number }>('SELECT id, workspace_id FROM run WHERE uuid = $1', [run])
    const alert = await db.prisma.alert.create({
      data: {
        workspaceId: row!.workspace_id,
        experimentId: Number(experiment),
        runId: row!.id,
        ruleId: Number(createAlertRule.rule.id),
        ruleName: `rule ${marker}`,
        metric: `loss.${marker}`,
        message: `loss.${marker} is not finite`,
        firedAt: 5n,
      },
    })
    await wire(workspace, 'runs/delete', { run_id: deletedRun })
    await ask(workspace, 'mutation ($id: ID!) { deleteLoggedModel(id: $id) { model { id } } }', { id: deletedModel })
    return {
      experiment,
      experimentName,
      run,
      deletedRun,
      model,
      deletedModel,
      view: createSavedView.view.id,
      rule: createAlertRule.rule.id,
      alert: String(alert.id),
      path,
      registered,
      registeredId: String(registeredId),
      request: requestTransition.request.id,
      comment: addVersionComment.comment.id,
      runComment: addRunComment.comment.id,
      begun,
    }
  }

  async function makeWorld(name: string, number: number): Promise<World> {
    const marker = `zz${name}zz`
    // One world's numbers are far from another's.
    for (const { sequence } of await db.query<{ sequence: string }>(
      "SELECT quote_ident(sequencename) AS sequence FROM pg_sequences WHERE schemaname = 'public' AND sequencename NOT LIKE 'account%' AND data_type::text <> 'smallint'",
    ))
      await db.query(`ALTER SEQUENCE ${sequence} RESTART WITH ${(number + 1) * 1_000_000 + number * 7 + 1}`)
    await ask(
      'default',
      'mutation ($name: String!, $description: String!) { createWorkspace(name: $name, description: $description) { workspace { id } } }',
      {
        name,
        description: `about ${marker}`,
      },
    )
    const workspace = await db.prisma.workspace.findUniqueOrThrow({ where: { name } })
    const { experiment_id: deletedExperiment } = await wire(name, 'experiments/create', { name: `deleted ${marker}` })
    const seen = await fill(name, marker, 'seen')
    const hiddenThings = await fill(name, `${marker}hiddenzz`, 'hidden')
    const { experiment_id: hiddenDeleted } = await wire(name, 'experiments/create', { name: `gone ${marker}hiddenzz` })
    for (const id of [deletedExperiment, hiddenDeleted]) await wire(name, 'experiments/delete', { experiment_id: id })

    const people: Record<string, Person> = { nobody: { name: '', headers: {} }, installer: root }
    const now = BigInt(Date.now())
    let [adminToken, identity] = ['', '']
    let accountId = ''
    for (const role of ['viewer', 'contributor', 'engineer', 'approver', 'admin', 'granted']) {
      const person = await makePerson(`${role}-${marker}`)
      people[role] = person
      if (role === 'viewer') accountId = String(person.id)
      if (role === 'admin') {
        adminToken = person.token
        people.reader = await makePerson(person.name, false, 'READ')
        // Two: of one it would be the only way in.
        for (const issuer of ['https://one.example', 'https://two.example']) {
          const data = { issuer, subject: marker, name: `${marker} there`, accountId: person.id, seenAt: now }
          identity = String((await db.prisma.ssoIdentity.create({ data })).id)
        }
      }
      if (role !== 'granted')
        await db.prisma.member.create({ data: { workspaceId: workspace.id, accountId: person.id, role: role.toUpperCase(), addedAt: now } })
      const modelOf = async ({ registered }: { registered: string }) =>
        (
          await db.query<{ id: number }>('SELECT id FROM registered_model WHERE workspace_id = $1 AND name = $2', [
            workspace.id,
            registered,
          ])
        )[0]!.id
      const of = (permission: string, experiments: string[], model: number): Array<[string, number, string]> => [
        ...experiments.map((id): [string, number, string] => ['Experiment', Number(id), permission]),
        ['RegisteredModel', model, permission],
      ]
      const grants = [
        ...of('NO_PERMISSIONS', [hiddenThings.experiment, hiddenDeleted], await modelOf(hiddenThings)),
        ...(role === 'granted' ? of('EDIT', [seen.experiment, deletedExperiment], await modelOf(seen)) : []),
      ]
      if (role !== 'admin')
        for (const [kind, objectId, permission] of grants)
          await db.prisma.accessGrant.create({
            data: { accountId: person.id, kind, objectId, workspaceId: workspace.id, permission },
          })
    }
    const team = await db.prisma.team.create({
      data: {
        workspaceId: workspace.id,
        name: `team ${marker}`,
        description: marker,
        createdAt: now,
        members: { create: { accountId: Number(accountId) } },
      },
    })
    const role = await db.prisma.customRole.create({
      data: {
        workspaceId: workspace.id,
        name: `role ${marker}`,
        description: marker,
        createdAt: now,
        holders: { create: { accountId: Number(accountId) } },
        rules: { create: { kind: 'Experiment', permission: 'READ' } },
      },
      include: { rules: true },
    })
    const program = await db.prisma.account.create({
      data: {
        id: 700_000 + number,
        name: `ci@${marker}`,
        about: marker,
        serviceOf: workspace.id,
        createdAt: now,
        members: { create: { workspaceId: workspace.id, role: 'CONTRIBUTOR', addedAt: now } },
        tokens: { create: { name: `token ${marker}`, digest: digestOf(`of ci ${marker}`), hint: 'tg_ci', scope: 'ALL', createdAt: now } },
      },
      include: { tokens: true },
    })
    // It calls nobody: the address is refused before.
    const hook = await db.prisma.webhook.create({
      data: {
        ...{ uuid: randomUUID(), workspaceId: workspace.id, dialect: 'MLFLOW', name: marker, description: marker },
        ...{
          events: ['prompt_alias.deleted'],
          url: `https://127.0.0.1/${marker}`,
          createdBy: `viewer-${marker}`,
          createdAt: now,
          updatedAt: now,
        },
        deliveries: {
          create: {
            uuid: randomUUID(),
            modelId: 0,
            event: 'prompt_alias.deleted',
            body: marker,
            state: 'FAILED',
            createdAt: now,
            nextAt: now,
          },
        },
      },
      include: { deliveries: true },
    })
    const { id: invited } = await db.prisma.account.create({ data: { id: 600_000 + number, name: `invited-${marker}`, createdAt: now } })
    const given = {
      ...{ invitedId: String(invited), team: team.name, customRole: String(role.id), roleRule: String(role.rules[0]!.id) },
      ...{ webhook: hook.uuid, delivery: hook.deliveries[0]!.uuid },
    }
    const place = {
      ...given,
      workspace: name,
      token: adminToken,
      identity,
      service: program.name,
      serviceToken: String(program.tokens[0]!.id),
      account: `viewer-${marker}`,
      accountId,
    }
    return {
      ...seen,
      ...place,
      deletedExperiment,
      number: workspace.id,
      marker,
      people,
      hidden: { ...hiddenThings, ...place, deletedExperiment: hiddenDeleted },
    }
  }

  const all: World[] = []
  for (const [i, name] of names.entries()) all.push(await makeWorld(name, i))
  for (const [i, world] of all.entries()) world.people.stranger = all[(i + 1) % all.length]!.people.admin!

  const tables = (
    await db.query<{ table: string; columns: string }>(
      `SELECT quote_ident(table_name) AS table, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS columns
       FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' AND table_name <> '_migrations'
       GROUP BY 1 ORDER BY 1`,
    )
  ).filter(({ table }) => !/migration/.test(table))

  // Without triggers and foreign keys: what is kept was whole, and is put back whole.
  const keeper = await db.connect()
  await keeper.query('SET session_replication_role = replica')
  async function run(statements: string[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await keeper.query(statements.join('; '))
        return
      } catch (error) {
        await keeper.query('ROLLBACK')
        // Something beside requests held what this wants.
        if ((error as { code?: string }).code !== '40P01' || tries === 5) throw error
      }
    }
  }
  /** By table, what changes when a row of it does. */
  async function marksOf(some = tables): Promise<Map<string, string>> {
    const each = some.map(
      ({ table }) => `SELECT '${table}' AS name, count(*) || '.' || coalesce(max(xmin::text::bigint), 0) AS mark FROM ${table}`,
    )
    const { rows } = await keeper.query(each.join(' UNION ALL '))
    return new Map(rows.map(({ name, mark }) => [name, mark]))
  }
  let marks = new Map<string, string>()

  const kept = `${platform.folder}-kept`
  /** What changes when a file does. */
  const filesNow = () =>
    (readdirSync(platform.folder, { recursive: true }) as string[])
      .sort()
      .map((file) => {
        const { mtimeMs, size } = statSync(join(platform.folder, file))
        return `${file} ${mtimeMs} ${size}`
      })
      .join('\n')
  let files = ''
  return {
    platform,
    kernel,
    all,
    root,
    async ctxOf(person, workspace) {
      const headers = { ...person.headers, 'x-tidegate-workspace': workspace }
      const known = await kernel!.authenticate({ headers, socket: { remoteAddress: '127.0.0.1' } } as unknown as IncomingMessage)
      const ability = abilityOf(known.actor, known.workspace.id, known.standing)
      return { ...kernel!, ...known, ability, door: 'GRAPHQL', spell: (field) => field }
    },
    async keep() {
      await rm(kept, { recursive: true, force: true })
      await cp(platform.folder, kept, { recursive: true })
      await run([
        'CREATE SCHEMA IF NOT EXISTS kept',
        ...tables.flatMap(({ table }) => [`DROP TABLE IF EXISTS kept.${table}`, `CREATE TABLE kept.${table} AS TABLE public.${table}`]),
      ])
      marks = await marksOf()
      files = filesNow()
    },
    async restore() {
      if (filesNow() !== files) {
        for (const name of await readdir(platform.folder)) await rm(join(platform.folder, name), { recursive: true, force: true })
        await cp(kept, platform.folder, { recursive: true })
        files = filesNow()
      }
      const now = await marksOf()
      const touched = tables.filter(({ table }) => now.get(table) !== marks.get(table))
      if (touched.length === 0) return
      await run([
        'BEGIN',
        ...touched.map(({ table }) => `DELETE FROM public.${table}`),
        ...touched.map(
          ({ table, columns }) => `INSERT INTO public.${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM kept.${table}`,
        ),
        'COMMIT',
      ])
      for (const [table, mark] of await marksOf(touched)) marks.set(table, mark)
    },
    async sumOf({ marker }) {
      const sums = tables.map(
        ({ table }) =>
          `SELECT '${table}' AS name, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS sum FROM ${table} t WHERE t::text LIKE '%${marker}%' AND '${table}' NOT IN ('audit', 'access_token')`,
      )
      return JSON.stringify(await db.query(sums.join(' UNION ALL '), [], 'once'))
    },
    async stop() {
      await keeper.end()
      await platform.stop()
      await rm(kept, { recursive: true, force: true })
    },
  }
}
