/**
 * What a random request holds: ids and names, each drawn by itself from all workspaces, so that one of this and one of that meet. Always true:
 * text that a request may write holds nothing of another workspace, so whatever of another is in an answer was not brought there by who asks.
 */
import { generator, type Random } from '../random.ts'
import { type Ids, unknown, type World } from './ids.ts'

type Json = any

/** Known by what they are called. Where they are written they would be text of another workspace. */
const names = new Set<keyof Ids>(['experimentName', 'registered', 'team'])
/** Who is named becomes a member: nobody of another workspace is, so that none comes to see two. */
const people = new Set<keyof Ids>(['account', 'accountId', 'invitedId'])

export class Draw {
  readonly random: Random
  /** Whose workspace the one who asks is in. */
  readonly own: World
  private readonly others: World[]
  readonly isReading: boolean
  /** What was drawn of others. */
  readonly foreign: string[] = []

  constructor(seed: number, own: World, all: readonly World[], isReading: boolean) {
    this.random = generator(seed)
    this.own = own
    this.others = all.filter((world) => world !== own)
    this.isReading = isReading
  }

  id(key: keyof Ids): string {
    const dice = this.random(100)
    const mayBeForeign = this.isReading || !(names.has(key) || people.has(key))
    if (dice < 50) return this.own[key]
    if (dice < 58) return this.own.hidden[key]
    // Where the matrix needs somebody it has one of north there, who is no stranger to the others then.
    if (dice >= 95) return key === 'account' ? 'nobody-at-all' : unknown[key] || '987654329'
    if (!mayBeForeign) return this.own[key]
    const world = this.random.pick(this.others)
    const value = (dice < 90 ? world : world.hidden)[key]
    this.foreign.push(value)
    return value
  }

  /** Of any kind at all. */
  any(): string {
    return this.id(this.random.pick(['experiment', 'run', 'model', 'view', 'rule', 'alert', 'customRole', 'roleRule', 'token']))
  }

  experiment = () => this.id(this.random.chance(15) ? 'deletedExperiment' : 'experiment')
  run = () => this.id(this.random.chance(15) ? 'deletedRun' : this.random.chance(5) ? 'begun' : 'run')
  model = () => this.id(this.random.chance(15) ? 'deletedModel' : 'model')
  several = (one: () => string): string[] => Array.from({ length: 1 + this.random(3) }, one)

  /** A marker that a name of a key may end with. */
  private mark(): string {
    return (this.isReading && this.others.length && this.random.chance(40) ? this.random.pick(this.others) : this.own).marker
  }

  text = (): string => `text of ${this.own.marker} ${this.random(1000)}`
  key = (): string => {
    const key = this.random.pick([
      () => 'k',
      () => `tag.${this.mark()}`,
      () => `lr.${this.mark()}`,
      () => `loss.${this.mark()}`,
      () => 'acc',
    ])()
    if (!key.includes(this.own.marker)) this.foreign.push(key)
    return key
  }

  filter(): string {
    return this.random.pick([
      () => '',
      () => `tags.\`${this.key()}\` LIKE '%zz%'`,
      () => "tags.k != 'x'",
      () => `params.\`${this.key()}\` ILIKE '%zz%'`,
      () => `metrics.\`${this.key()}\` >= 0`,
      () => "attributes.status != 'RUNNING'",
      () => `attributes.run_id = '${this.run()}'`,
      () => `attributes.run_id IN ('${this.run()}', '${this.run()}')`,
      () => `run_id = '${this.run()}'`,
      () => "name LIKE '%zz%'",
      () => `name = '${this.id('registered')}'`,
      () => `name != '${this.id('experimentName')}'`,
      () => "dataset.name LIKE '%zz%'",
      () => 'attributes.start_time > 0',
      () => `tags.\`mlflow.parentRunId\` = '${this.run()}'`,
    ])()
  }

  order = (): string =>
    this.random.pick(['start_time', 'name', 'last_update_time', 'attributes.run_id', `metrics.\`loss.${this.own.marker}\``, 'tags.k'])

  column = (): string => `${this.random.pick(['params', 'metrics', 'tags'])}.${this.key()}`

  /** What is wanted under this name, in camel case. Undefined: the name says nothing. */
  named(name: string): Json {
    const { random } = this
    const table: Record<string, () => Json> = {
      experiment: this.experiment,
      experimentId: this.experiment,
      experimentIds: () => this.several(this.experiment),
      experiments: () => this.several(this.experiment),
      experimentName: () => this.id('experimentName'),
      run: this.run,
      runId: this.run,
      runUuid: this.run,
      runIds: () => this.several(this.run),
      runs: () => this.several(this.run),
      sourceRunId: this.run,
      modelId: this.model,
      modelIds: () => this.several(this.model),
      role: () => this.id('customRole'),
      roleId: () => this.id('customRole'),
      rule: () => this.id('roleRule'),
      rolePermissionId: () => this.id('roleRule'),
      ruleId: () => this.id('rule'),
      team: () => this.id('team'),
      account: () => this.id('account'),
      username: () => this.id('account'),
      workspace: () => this.id('workspace'),
      workspaceName: () => this.id('workspace'),
      registeredModelId: () => this.id('registeredId'),
      webhookId: () => this.id('webhook'),
      delivery: () => this.id('delivery'),
      request: () => this.id('request'),
      check: () => 'ci',
      url: () => 'https://example.com/hook',
      events: () => [random.pick(['model_version.created', 'MODEL_VERSION_CREATED', 'registered_model.created'])],
      issuer: () => 'http://127.0.0.1:9/',
      source: () => `runs:/${this.run()}/model`,
      key: this.key,
      tagKey: this.key,
      metricKey: this.key,
      keys: () => this.several(this.key),
      filter: () => this.filter(),
      filterString: () => this.filter(),
      orderBy: () => [this.order()],
      columns: () => this.several(this.column),
      column: this.column,
      text: () => random.pick(['', 'params.', 'tags.k = ', 'metrics.loss']),
      search: () => random.pick(['zz', 'lr', 'line', this.key()]),
      newName: this.text,
      runName: this.text,
      description: this.text,
      next: this.text,
      current: this.text,
      version: () => '1',
      alias: () => random.pick(['champion', 'challenger', 'latest']),
      stage: () => random.pick(['Staging', 'Production', 'None']),
      stages: () => ['Staging'],
      timestamp: () => 5,
      startTime: () => 1,
      endTime: () => 9,
      step: () => random(9),
      status: () => 'FINISHED',
      first: () => 1 + random(6),
      maxResults: () => 1 + random(6),
      viewType: () => random.pick(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']),
      runViewType: () => random.pick(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']),
      resourceType: () => random.pick(['experiment', 'registered_model', 'workspace']),
      resourceId: () => (random.chance(50) ? this.experiment() : this.id('registered')),
      resourcePattern: () => random.pick([() => '*', this.experiment, () => this.id('registered')])(),
      permission: () => random.pick(['READ', 'EDIT', 'MANAGE', 'NO_PERMISSIONS', 'DENY']),
    }
    return Object.hasOwn(table, name) ? table[name]!() : undefined
  }
}

/** All of one thing: what differs between two requests of one number is whose ids they hold. */
export class Fixed extends Draw {
  private readonly at: Ids

  constructor(seed: number, own: World, at: Ids) {
    super(seed, own, [own], true)
    this.at = at
  }

  override id(key: keyof Ids): string {
    // The same chance is used up.
    this.random(100)
    return key === 'account' || key === 'accountId' ? this.own[key] : this.at[key] || '987654329'
  }
}

/** No chance at all: the least that a request can hold, about `at`. */
export class Plain extends Draw {
  override readonly random: Random = Object.assign((_: number) => 0, {
    pick: <T>(of: readonly T[]): T => of[0]!,
    // What hardly ever happens never does, and what nearly always does always.
    chance: (percent: number) => percent > 90,
  })
  private readonly at: Ids

  constructor(own: World, at: Ids) {
    super(0, own, [own], true)
    this.at = at
  }

  override id(key: keyof Ids): string {
    return this.at[key]
  }
}
