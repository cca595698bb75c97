/** Single sign-on as a browser walks it: to the provider, and back with a session or a link; and out, there too. */
import type { ServerResponse } from 'node:http'
import { cookies, sessionCookie } from '../authenticate.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import { readJson, sendJson, type Transfer } from '../rest.ts'
import { sessionLife } from '../users/accounts.ts'
import { setSession } from '../users/session-cookie.ts'
import { beginLink, finishLink } from './link.ts'
import { beginSso, finishSso, signInWays, signOut } from './sign-in.ts'

const attemptCookie = 'tidegate_sso'
/** Seconds that a person has at the provider, as oidc.ts has it. */
const patience = 600
/** Bytes of a request. */
const limit = 10_000

/** A path of ours: no browser takes it for another site's. */
const localPath = (next: string | null) => (next && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : '/')

const seeOther = (res: ServerResponse, location: string) => void res.writeHead(303, { location, 'cache-control': 'no-store' }).end()

/** What was begun: where it was to lead, at which provider, and, where it is to link, whom. */
interface Attempt {
  attempt: string
  next: string
  provider: string
  account?: string
}

/** For the way back only, out of reach of scripts. */
function keep(origin: string, res: ServerResponse, value: Attempt | undefined): void {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  const next = value && Buffer.from(localPath(value.next)).toString('base64url')
  const text = value ? [value.attempt, next, value.provider, value.account ?? ''].join('.') : ''
  const age = value ? patience : 0
  res.appendHeader('set-cookie', `${attemptCookie}=${text}; Path=/auth/sso; HttpOnly; SameSite=Lax; Max-Age=${age}${secure}`)
}

/** Read by the page for signing in, and gone in a moment. In a cookie, because a link that carries a text could carry anybody's. */
const refusedCookie = 'tidegate_refused'

/** A person is told on the page for signing in; a program by the code. */
const told =
  (handle: Transfer['handle']): Transfer['handle'] =>
  (ctx, exchange) =>
    handle(ctx, exchange).catch((error: unknown) => {
      if (!(error instanceof AppError) || !exchange.req.headers.accept?.includes('text/html')) throw error
      exchange.res.appendHeader('set-cookie', `${refusedCookie}=${encodeURIComponent(error.message)}; Path=/; SameSite=Lax; Max-Age=60`)
      seeOther(exchange.res, ctx.actor.kind === 'ACCOUNT' ? '/access?show=you' : '/')
    })

export const transfers: Transfer[] = [
  {
    method: 'GET',
    prefix: '/auth/ways',
    async handle(ctx, { res }) {
      sendJson(res, 200, await call(ctx, signInWays, {}))
    },
  },
  {
    method: 'GET',
    prefix: '/auth/sso/begin',
    handle: told(async (ctx, { res, query }) => {
      const { url, ...begun } = await call(ctx, beginSso, { provider: query.get('provider') })
      keep(ctx.origin, res, { ...begun, next: query.get('next') ?? '' })
      seeOther(res, url)
    }),
  },
  {
    // Not by a link, which anybody could have somebody follow.
    method: 'POST',
    prefix: '/auth/sso/link',
    async handle(ctx, { req, res }) {
      const { url, ...begun } = await call(ctx, beginLink, await readJson(req, limit))
      keep(ctx.origin, res, { ...begun, next: '/access?show=you' })
      sendJson(res, 200, { next: url })
    },
  },
  {
    method: 'GET',
    prefix: '/auth/sso/callback',
    handle: told(async (ctx, { req, res, query }) => {
      const [attemptSecret = '', next = '', provider = '', account = ''] = (cookies(req).get(attemptCookie) ?? '').split('.')
      // Good for one try, whatever comes of it.
      keep(ctx.origin, res, undefined)
      if (account) await call(ctx, finishLink, { provider, account, query, attemptSecret })
      else {
        const agent = String(req.headers['user-agent'] ?? '')
        const { session } = await call(ctx, finishSso, { provider, query, attemptSecret, agent })
        setSession(ctx.origin, res, session, sessionLife / 1000)
      }
      seeOther(res, localPath(Buffer.from(next, 'base64url').toString()))
    }),
  },
  {
    method: 'POST',
    prefix: '/auth/sign-out',
    async handle(ctx, { req, res }) {
      const out = await call(ctx, signOut, { session: cookies(req).get(sessionCookie) ?? '' })
      setSession(ctx.origin, res, '', 0)
      sendJson(res, 200, out)
    },
  },
]
