/** Single sign-on as a browser walks it: to the provider, and back with a session. */
import type { ServerResponse } from 'node:http'
import { cookies } from '../authenticate.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import { sendJson, type Transfer } from '../rest.ts'
import { sessionLife } from '../users/accounts.ts'
import { setSession } from '../users/session-cookie.ts'
import { beginSso, finishSso, signInWays } from './sign-in.ts'

const attemptCookie = 'tidegate_sso'
/** Seconds that a person has at the provider, as oidc.ts has it. */
const patience = 600

/** A path of ours: no browser takes it for another site's. */
const localPath = (next: string | null) => (next && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : '/')

const seeOther = (res: ServerResponse, location: string) => void res.writeHead(303, { location, 'cache-control': 'no-store' }).end()

/** What was begun, and where it was to lead: for the way back only, out of reach of scripts. */
function keep(origin: string, res: ServerResponse, value: string, seconds: number): void {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  res.appendHeader('set-cookie', `${attemptCookie}=${value}; Path=/auth/sso; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`)
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
      seeOther(exchange.res, '/')
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
      const { url, attempt } = await call(ctx, beginSso, {})
      keep(ctx.origin, res, `${attempt}.${Buffer.from(localPath(query.get('next'))).toString('base64url')}`, patience)
      seeOther(res, url)
    }),
  },
  {
    method: 'GET',
    prefix: '/auth/sso/callback',
    handle: told(async (ctx, { req, res, query }) => {
      const [attempt = '', next = ''] = (cookies(req).get(attemptCookie) ?? '').split('.')
      // Good for one try, whatever comes of it.
      keep(ctx.origin, res, '', 0)
      const { session } = await call(ctx, finishSso, { query, attemptSecret: attempt, agent: String(req.headers['user-agent'] ?? '') })
      setSession(ctx.origin, res, session, sessionLife / 1000)
      seeOther(res, localPath(Buffer.from(next, 'base64url').toString()))
    }),
  },
]
