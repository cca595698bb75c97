/**
 * The link at the end of a letter. Looking at it changes nothing, because programs look at links too: pressing its one button does, and so does a
 * mail program that offers to unsubscribe (RFC 8058). Nobody need be signed in.
 */
import type { ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import type { Transfer } from '../rest.ts'
import { stopLetters } from './letters.ts'

const prefix = '/letters/stop'

function page(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    // A form is sent with its page's origin, and nobody else hears the address.
    'referrer-policy': 'same-origin',
  })
  res.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Letters from Tidegate</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark"><main>${body}</main></body></html>`,
  )
}

export const transfers: Transfer[] = [
  {
    method: 'GET',
    prefix,
    async handle(_ctx, { res }) {
      page(
        res,
        200,
        '<h1>No more letters?</h1><p>What happens stands in the inbox all the same.</p><form method="post"><button style="font:inherit;padding:.5em 1em">Send me no more letters</button></form>',
      )
    },
  },
  {
    method: 'POST',
    prefix,
    async handle(ctx, { req, res, query }) {
      req.resume()
      try {
        await call(ctx, stopLetters, { token: query.get('of') ?? '' })
        page(res, 200, '<h1>No more letters</h1><p>You are sent none from now on. <a href="/inbox">The inbox</a> has the choice.</p>')
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        page(res, 404, '<h1>This link is not good</h1><p>Sign in, and choose in <a href="/inbox">the inbox</a>.</p>')
      }
    },
  },
]
