/**
 * Request to actor: by session cookie, bearer token, or name and password as MLflow's clients send them; and to the workspace it names, by
 * our header, MLflow's, or the pages' cookie. Always true: who is no member of a workspace is told the same as where there is none.
 *
 * What was read is kept for a few seconds; the bells 'access' and 'standing' end that in every process.
 */
import type { IncomingMessage } from 'node:http'
import { userInfo } from 'node:os'
import { type Actor, type Cap, everything, hasPlace, nothing, type Standing } from './access.ts'
import { type Attempt, openAttempts } from './attempts.ts'
import type { Kernel } from './context.ts'
import { AppError, notFound } from './errors.ts'
import { checkPassword, digestOf } from './passwords.ts'
import { placesOf, readStanding } from './standing.ts'

export interface Authenticated {
  actor: Actor
  workspace: { id: number; name: string }
  standing: Standing
  through: Through
}

/** How somebody was known. */
export interface Through {
  kind: 'SESSION' | 'TOKEN' | 'PASSWORD' | 'NONE'
  tokenId?: number
  /** When the session or the token ends, ms. Undefined: not by itself. */
  endsAt?: number
  /** As the server saw it. */
  address: string
}

export type AccessMode = 'open' | 'accounts'

export const sessionCookie = 'tidegate_session'
export const workspaceCookie = 'tidegate_workspace'
const headers = ['x-tidegate-workspace', 'x-mlflow-workspace']
/** How long what was read is believed, ms. */
const belief = 10_000
/** A session is noted as seen at most so often, and so is a token as used, ms. */
const noteEvery = 60_000
const localUser = (): string => {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return 'local'
  }
}
const local: Actor = { name: localUser(), kind: 'LOCAL' }
const nobody: Actor = { name: '', kind: 'NONE' }

interface Known {
  through: Omit<Through, 'address'>
  account: { id: number; name: string; isAdmin: boolean }
  isReadOnly: boolean
  cap?: Cap
  /** The one workspace that it is good in. */
  bound?: string
  until: number
}

export function cookies(req: IncomingMessage): Map<string, string> {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim().split(/=(.*)/s))
  return new Map(pairs.filter(([name]) => name).map(([name, value = '']) => [name!, value]))
}

export interface Authenticator {
  (req: IncomingMessage): Promise<Authenticated>
  readonly attempt: Attempt
  readonly mode: AccessMode
  close(): void
}

export function openAuthenticator(kernel: Pick<Kernel, 'db' | 'events'>, mode: AccessMode): Authenticator {
  const { db, events } = kernel
  const workspaces = new Map<string, { id: number; name: string; until: number }>()
  const credentials = new Map<string, Known>()
  const standings = new Map<string, { standing: Standing; until: number }>()
  const attempt = openAttempts(db)
  const stop = new AbortController()

  function forget(): void {
    workspaces.clear()
    credentials.clear()
    standings.clear()
  }
  void (async () => {
    for await (const _ of events.listen([['access', 0]], stop.signal, 0)) forget()
  })()
  void (async () => {
    for await (const _ of events.listen([['standing', 0]], stop.signal, 0)) standings.clear()
  })()
  events.overhear('access', forget)
  events.overhear('standing', () => standings.clear())

  /** What a request names: by a header, and then it is that or nothing, or by where its pages were last. */
  function namedBy(req: IncomingMessage): { name: string; isFirm: boolean } {
    const header = headers.map((each) => req.headers[each]).find((value) => typeof value === 'string' && value !== '')
    const name = header ?? decodeCookie(cookies(req).get(workspaceCookie))
    return { name: typeof name === 'string' && name !== '' ? name : 'default', isFirm: header !== undefined }
  }

  async function findWorkspace(name: string): Promise<{ id: number; name: string }> {
    const known = workspaces.get(name)
    if (known && known.until > Date.now()) return known
    const row = await db.prisma.workspace.findUnique({ where: { name } })
    if (!row || row.archivedAt !== null) throw noWorkspace(name)
    const found = { id: row.id, name, until: Date.now() + belief }
    workspaces.set(name, found)
    return found
  }

  const refused = (what: string) => new AppError('UNAUTHENTICATED', `${what} Sign in, or make a new token.`)

  async function bySession(secret: string): Promise<Known | undefined> {
    const now = Date.now()
    const session = await db.prisma.accountSession.findUnique({ where: { digest: digestOf(secret) }, include: { account: true } })
    if (!session || Number(session.expiresAt) <= now || session.account.disabledAt !== null) return undefined
    if (now - Number(session.seenAt) > noteEvery)
      await db.prisma.accountSession.updateMany({ where: { digest: session.digest }, data: { seenAt: BigInt(now) } })
    return {
      through: { kind: 'SESSION', endsAt: Number(session.expiresAt) },
      account: session.account,
      isReadOnly: false,
      until: Math.min(now + belief, Number(session.expiresAt)),
    }
  }

  async function byToken(secret: string): Promise<Known> {
    const now = Date.now()
    const include = { account: true, workspace: { select: { name: true } } }
    const token = await db.prisma.accessToken.findUnique({ where: { digest: digestOf(secret) }, include })
    if (!token || token.account.disabledAt !== null) throw refused('This token is not known here: it was revoked, or is of another server.')
    if (token.expiresAt !== null && Number(token.expiresAt) <= now) throw refused(`The token '${token.name}' has expired.`)
    if (now - Number(token.usedAt ?? 0) > noteEvery)
      await db.prisma.accessToken.updateMany({ where: { id: token.id }, data: { usedAt: BigInt(now) } })
    return {
      through: { kind: 'TOKEN', tokenId: token.id, ...(token.expiresAt !== null && { endsAt: Number(token.expiresAt) }) },
      account: token.account,
      isReadOnly: token.scope === 'READ' && token.allows === null,
      ...(token.allows !== null && { cap: token.allows as Cap }),
      ...(token.workspace && { bound: token.workspace.name }),
      until: Math.min(now + belief, Number(token.expiresAt ?? Infinity)),
    }
  }

  /** MLFLOW_TRACKING_USERNAME and _PASSWORD; a token stands for a password too. */
  async function byPassword(name: string, password: string, address: string): Promise<Known> {
    if (password.startsWith('tg_')) return byToken(password)
    const account = await db.prisma.account.findUnique({ where: { name: name.toLowerCase() } })
    const isRight = await attempt(name, address, () => checkPassword(password, account?.password))
    if (!isRight || !account || account.disabledAt !== null) throw refused('The name or the password is wrong.')
    return { through: { kind: 'PASSWORD' }, account, isReadOnly: false, until: Date.now() + belief }
  }

  async function credentialOf(req: IncomingMessage): Promise<Known | undefined> {
    const { authorization } = req.headers
    const session = cookies(req).get(sessionCookie)
    const text = authorization ?? (session ? `Session ${session}` : undefined)
    if (text === undefined) return undefined
    const [, scheme = '', value = ''] = /^(\w+)\s+(.+)$/.exec(text) ?? []
    // What stands in memory is no secret.
    // By which door it came, counts: what is good as a cookie is not good as a header.
    const key = `${authorization === undefined} ${Buffer.from(digestOf(text)).toString('base64')}`
    const known = credentials.get(key)
    if (known && known.until > Date.now()) return known
    const address = req.socket.remoteAddress ?? ''
    let found: Known | undefined
    if (authorization === undefined) found = await bySession(value)
    else if (/^bearer$/i.test(scheme)) found = await byToken(value)
    else if (/^basic$/i.test(scheme)) {
      const [name = '', password = ''] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s)
      found = await byPassword(name, password, address)
    } else throw refused(`The scheme '${scheme.slice(0, 20)}' of Authorization is not taken: use Bearer or Basic.`)
    if (!found) return undefined
    if (credentials.size > 10_000) credentials.clear()
    credentials.set(key, found)
    return found
  }

  async function standingOf(account: { id: number; name: string; isAdmin: boolean }, workspaceId: number): Promise<Standing> {
    const key = `${account.id} ${workspaceId}`
    const known = standings.get(key)
    if (known && known.until > Date.now()) return known.standing
    const standing = await readStanding(db, account, workspaceId)
    standings.set(key, { standing, until: Date.now() + belief })
    return standing
  }

  async function placeOf(account: { id: number; name: string; isAdmin: boolean }, name: string) {
    const workspace = await findWorkspace(name)
    const standing = await standingOf(account, workspace.id)
    if (!hasPlace(standing)) throw noWorkspace(name)
    return { workspace, standing }
  }

  const firstWorkspaceOf = (accountId: number) =>
    db.prisma.workspace.findFirst({
      where: { archivedAt: null, ...placesOf(accountId) },
      orderBy: { id: 'asc' },
    })

  const authenticate = async (req: IncomingMessage): Promise<Authenticated> => {
    const { name, isFirm } = namedBy(req)
    const address = req.socket.remoteAddress ?? ''
    if (mode === 'open')
      return { actor: local, workspace: await findWorkspace(name), standing: everything, through: { kind: 'NONE', address } }
    const known = await credentialOf(req)
    if (!known) {
      // Nobody is told which workspaces there are.
      return { actor: nobody, workspace: { id: 0, name: '' }, standing: nothing, through: { kind: 'NONE', address } }
    }
    const { bound } = known
    if (bound !== undefined && isFirm && name !== bound) throw noWorkspace(name)
    const { workspace, standing } = await placeOf(known.account, bound ?? name).catch(async (error: unknown) => {
      // Who named none is where they are a member: one that is not in `default` need not say so each time.
      const own = isFirm || bound !== undefined ? null : await firstWorkspaceOf(known.account.id)
      if (!own) throw error
      return placeOf(known.account, own.name)
    })
    return {
      actor: { name: known.account.name, kind: 'ACCOUNT', id: known.account.id },
      workspace,
      through: { ...known.through, address },
      standing: narrowed(standing, known),
    }
  }
  return Object.assign(authenticate, { attempt, mode, close: () => stop.abort() })
}

/** What a token leaves of what its account may do. */
function narrowed(standing: Standing, { isReadOnly, cap, bound }: Known): Standing {
  if (!isReadOnly && !cap && bound === undefined) return standing
  // Of one workspace: who manages the installation manages that one by it.
  const here: Partial<Standing> =
    bound === undefined ? {} : { isBound: true, ...(standing.isSystemAdmin && { role: 'ADMIN' }), isSystemAdmin: false }
  return { ...standing, ...here, ...(isReadOnly && { isReadOnly }), ...(cap && { cap }) }
}

const noWorkspace = (name: string) => notFound(`No workspace '${name}' exists`)

function decodeCookie(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return undefined
  }
}
