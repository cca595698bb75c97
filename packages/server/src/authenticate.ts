/**
 * Request to actor. Until there are accounts, whoever reaches this loopback address is the local user; the request may
 * name the workspace it is about, by our header or by MLflow's.
 */
import type { IncomingMessage } from 'node:http'
import { userInfo } from 'node:os'
import type { Actor } from './access.ts'
import type { Kernel } from './context.ts'
import { notFound } from './errors.ts'

export interface Authenticated {
  actor: Actor
  workspace: { id: number; name: string }
}

const headers = ['x-tidegate-workspace', 'x-mlflow-workspace']
/** What was read from each database, by name. */
const known = new WeakMap<Kernel['db'], Map<string, { id: number; name: string }>>()

const localUser = (): string => {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return 'local'
  }
}
const actor: Actor = { name: localUser() }

export async function authenticate({ db }: Kernel, req: IncomingMessage): Promise<Authenticated> {
  const named = headers.map((header) => req.headers[header]).find((value) => typeof value === 'string' && value !== '')
  const name = typeof named === 'string' ? named : 'default'
  const workspaces = known.get(db) ?? new Map<string, { id: number; name: string }>()
  known.set(db, workspaces)
  let workspace = workspaces.get(name)
  if (!workspace) {
    const row = await db.prisma.workspace.findUnique({ where: { name } })
    if (!row) throw notFound(`No workspace '${name}' exists`)
    workspace = { id: row.id, name }
    workspaces.set(name, workspace)
  }
  return { actor, workspace }
}
