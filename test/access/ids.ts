/** What requests name: the ids of a workspace's things, those of nothing, and who asks. */

/** What a request can name of a workspace. Of `other` things nobody but its admins may see them. */
export interface Ids {
  workspace: string
  experiment: string
  experimentName: string
  deletedExperiment: string
  run: string
  deletedRun: string
  model: string
  deletedModel: string
  view: string
  rule: string
  alert: string
  path: string
  token: string
  /** Who the admin is at a provider. */
  identity: string
  /** A program of the workspace, by its name, and its token. */
  service: string
  serviceToken: string
  /** A run that an import has begun. */
  begun: string
  /** A registered model with one version, by its name. */
  registered: string
  /** The same by its number. */
  registeredId: string
  /** To put its version into production; open. */
  request: string
  /** On a run, of the same. */
  runComment: string
  /** On its version, of the installation's first admin. */
  comment: string
  team: string
  customRole: string
  roleRule: string
  /** A webhook of the workspace, and something that it was to say. */
  webhook: string
  delivery: string
  /** Of the installation, and so of no workspace: who may name it, knows it. */
  account: string
  accountId: string
  /** Of one who has not come in yet. */
  invitedId: string
}

export interface World extends Ids {
  number: number
  /** In every text that was written there. */
  marker: string
  /** The same of an experiment that is hidden from who does not manage the workspace. */
  hidden: Ids
  /** By column of the matrix. */
  people: Record<string, Person>
}

export interface Person {
  name: string
  headers: Record<string, string>
}

/** The columns of the matrix: what somebody is in the workspace that they are in. */
export const columns = [
  'nobody',
  'stranger',
  'granted',
  'viewer',
  'contributor',
  'engineer',
  'approver',
  'admin',
  'reader',
  'installer',
] as const
export type Column = (typeof columns)[number]

/** Of nothing: shaped as ids are, and never given out. */
export const unknown: Ids = {
  workspace: 'nowhere-at-all',
  experiment: '987654321',
  experimentName: 'never made',
  deletedExperiment: '987654322',
  run: 'f'.repeat(32),
  deletedRun: 'e'.repeat(32),
  model: `m-${'f'.repeat(32)}`,
  deletedModel: `m-${'e'.repeat(32)}`,
  view: '987654323',
  rule: '987654324',
  alert: '987654325',
  path: `987654321/${'f'.repeat(32)}/artifacts/notes-zznowhere-at-allzz.txt`,
  token: '987654326',
  begun: 'd'.repeat(32),
  team: 'no such team',
  customRole: '987654327',
  roleRule: '987654328',
  webhook: '00000000-0000-4000-8000-000000000000',
  delivery: '00000000-0000-4000-8000-000000000001',
  account: 'viewer-zznorthzz',
  accountId: '',
  identity: '987654329',
  service: 'ci@nowhere-at-all',
  serviceToken: '987654330',
  invitedId: '',
  registered: 'never-registered',
  registeredId: '987654332',
  request: '987654330',
  comment: '987654331',
  runComment: '987654333',
}
