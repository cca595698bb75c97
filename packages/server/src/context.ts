/** Ctx: who is asking, and with what. Made once a request, and the first argument everywhere. */
import type { Database, Transaction } from '@tidegate/db'
import type { Logger } from 'pino'
import type { Ability, Actor, Standing } from './access.ts'
import type { Artifacts } from './artifacts/store.ts'
import type { Authenticator, Through } from './authenticate.ts'
import { AppError } from './errors.ts'
import type { Events } from './events.ts'
import type { Mailer } from './mailer.ts'
import type { Outbound } from './outbound.ts'
import type { Points } from './runs/points/points.ts'
import type { Secrets } from './secrets.ts'

/** What the whole process shares. */
export interface Kernel {
  db: Database
  events: Events
  points: Points
  artifacts: Artifacts
  outbound: Outbound
  /** Undefined: this server sends no mail. */
  mailer: Mailer | undefined
  secrets: Secrets
  authenticate: Authenticator
  /** Days that entries of the audit log are kept; 0: for ever. */
  auditDays: number
  log: Logger
  /** Where people and clients reach us, such as http://127.0.0.1:5000. */
  origin: string
}

export interface Ctx extends Kernel {
  actor: Actor
  ability: Ability
  standing: Standing
  through: Through
  workspace: { id: number; name: string }
  door: Door
  /** How the face that called spells a field: `run_id` on the wire, `runId` in GraphQL. */
  spell(field: string): string
  /** Aborted when the one who asked has gone. */
  signal?: AbortSignal
}

/** Over which face something came: the pages ask over GraphQL, MLflow's and Databricks' clients over REST. The server itself: over none. */
export type Door = 'GRAPHQL' | 'REST' | 'SERVER'

/** Who does something, where, and over which door: to write down what was done takes no more. */
export type Doer = Pick<Ctx, 'actor' | 'workspace'> & Partial<Pick<Ctx, 'door' | 'through'>>

/** Who does what is done by itself. */
export const server: Actor = { name: 'Tidegate', kind: 'NONE' }

/** Whose what they do is; 0 without accounts. */
export const accountOf = ({ actor }: Pick<Ctx, 'actor'>): number => actor.id ?? 0

/** Throws where nobody is signed in: before anything is looked up, so that nobody learns what there is. */
export function checkSignedIn({ actor }: Pick<Ctx, 'actor'>): void {
  if (actor.kind === 'NONE') throw new AppError('UNAUTHENTICATED', 'You are not signed in. Sign in, or send a token.')
}

/** A transaction. What rings inside it is heard after the commit, or never. */
export interface Tx extends Transaction {
  ring: Events['ring']
}

/** All of `work`, or nothing. */
export async function inTransaction<T>(ctx: Pick<Kernel, 'db' | 'events'>, work: (tx: Tx) => Promise<T>): Promise<T> {
  const rings: Array<Parameters<Events['ring']>> = []
  const result = await ctx.db.tx((sql) => work({ ...sql, ring: (...bell) => rings.push(bell) }))
  for (const bell of rings) ctx.events.ring(...bell)
  return result
}
