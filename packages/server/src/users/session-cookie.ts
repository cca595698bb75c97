/** The session's cookie: for this site only, out of reach of scripts; over TLS, where the server is reached so, never without. */
import type { ServerResponse } from 'node:http'
import { sessionCookie } from '../authenticate.ts'

export function setSession(origin: string, res: ServerResponse, value: string, seconds: number): void {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  res.appendHeader('set-cookie', `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`)
}
