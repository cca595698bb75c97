/** What a run is inside: rows as the statements give them. Times are ms since 1970. */
export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'

export interface Run {
  id: number
  /** MLflow's run_id: 32 hexadecimal digits. */
  uuid: string
  workspaceId: number
  experimentId: number
  name: string
  user: string
  status: RunStatus
  /** 0 where the client gave none. */
  startTime: number
  endTime: number | null
  artifactUri: string
  parentUuid: string | null
  /** Null while it is active. */
  deletedAt: number | null
  /** When the row last changed, by the database's clock. */
  changedAt: number
}

export interface LatestMetric {
  key: string
  value: number
  step: number
  time: number
}

export interface KeyValue {
  key: string
  value: string
}

/** What a run has logged, each list in the order of its keys. */
export interface RunValues {
  params: KeyValue[]
  tags: KeyValue[]
  metrics: LatestMetric[]
}

/** Kinds of keys, as the table `key` numbers them. */
export const kinds = { metric: 0, param: 1, tag: 2 } as const
export type Kind = keyof typeof kinds

export type Lifecycle = 'ACTIVE' | 'DELETED' | 'ALL'
