/** Signing in, and links that are good once: the calls that set the session's cookie. It is taken where providers are, in sso.rest.ts. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ctx } from '../context.ts'
import { call } from '../operation.ts'
import { readJson, sendJson, type Transfer } from '../rest.ts'
import { type SignedIn, sessionLife, signIn } from './accounts.ts'
import { acceptLink, forgotPassword, readLink } from './links.ts'
import { setSession } from './session-cookie.ts'

const limit = 10_000

const about = (req: IncomingMessage) => ({ agent: String(req.headers['user-agent'] ?? ''), address: req.socket.remoteAddress ?? '' })

function signedIn(ctx: Ctx, res: ServerResponse, { account, session }: SignedIn): void {
  setSession(ctx.origin, res, session, sessionLife / 1000)
  sendJson(res, 200, { name: account.name })
}

export const transfers: Transfer[] = [
  {
    method: 'POST',
    prefix: '/auth/sign-in',
    async handle(ctx, { req, res }) {
      signedIn(ctx, res, await call(ctx, signIn, { ...(await readJson(req, limit)), ...about(req) }))
    },
  },
  {
    method: 'POST',
    prefix: '/auth/link/read',
    async handle(ctx, { req, res }) {
      sendJson(res, 200, await call(ctx, readLink, await readJson(req, limit)))
    },
  },
  {
    method: 'POST',
    prefix: '/auth/link/accept',
    async handle(ctx, { req, res }) {
      signedIn(ctx, res, await call(ctx, acceptLink, { ...(await readJson(req, limit)), ...about(req) }))
    },
  },
  {
    method: 'POST',
    prefix: '/auth/forgot',
    async handle(ctx, { req, res }) {
      await call(ctx, forgotPassword, { ...(await readJson(req, limit)), address: about(req).address })
      sendJson(res, 200, {})
    },
  },
]
