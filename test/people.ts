/** People of a server with accounts: what they send, as clients send it, and what is answered. */
import { request } from 'node:http'
import type { Platform } from './platform.ts'

type Json = any

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  json: Json
}
/** The headers by which somebody is known. */
export type Who = Record<string, string>

export const password = 'a long tide rises'
export const basic = (name: string, word = password): Who => ({
  authorization: `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`,
})
export const bearer = (token: string): Who => ({ authorization: `Bearer ${token}` })
export const sessionOf = ({ headers }: Answer): Who => ({ cookie: String(headers['set-cookie']).split(';')[0]! })
export const tokenOf = (link: string) => link.split('#')[1]!

/** Who tests of gates have beside the first, `ada`: those who ask, who looks on, and those who approve. */
export const atGates = { eve: 'ENGINEER', ed: 'ENGINEER', vi: 'VIEWER', amy: 'APPROVER', abe: 'APPROVER', ana: 'APPROVER' } as const

/** `platform` is asked each time: a test may start another. */
export function peopleOf(platform: () => Platform) {
  /** A request by anyone: fetch would not send a Host or a Cookie of its own. */
  const send = (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const { hostname, port } = new URL(platform().origin)
      const req = request(
        {
          hostname,
          port,
          method,
          path,
          headers: { ...(text && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }), ...headers },
        },
        (res) => {
          let answer = ''
          res.on('data', (piece) => (answer += piece))
          res.on('end', () => {
            let json: Json
            try {
              json = JSON.parse(answer)
            } catch {
              json = answer
            }
            resolve({ status: res.statusCode!, headers: res.headers, json })
          })
        },
      )
      req.on('error', reject)
      req.end(text)
    })

  const ask = async (who: Who, query: string, variables: object = {}): Promise<Json> =>
    (await send('POST', '/graphql', { headers: who, body: { query, variables } })).json
  const data = async (who: Who, query: string, variables: object = {}): Promise<Json> => {
    const { data, errors } = await ask(who, query, variables)
    if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions.code })
    return data
  }
  const codeOf = async (who: Who, query: string, variables: object = {}): Promise<string> =>
    (await ask(who, query, variables)).errors?.[0]?.extensions?.code ?? 'OK'

  return {
    send,
    ask,
    data,
    codeOf,
    /** The installation's admin, by the link that the server printed. */
    async first(name = 'ada'): Promise<Who> {
      const { status, json } = await send('POST', '/auth/link/accept', {
        body: { token: tokenOf(platform().firstLink!), name, password },
      })
      if (status !== 200) throw new Error(JSON.stringify(json))
      return basic(name)
    },
    /** An account that has set its password, made by `ada`. */
    async make(name: string, roles: Record<string, string> = {}): Promise<Who> {
      const { createAccount } = await data(basic('ada'), 'mutation ($name: String!) { createAccount(name: $name) { link } }', { name })
      await send('POST', '/auth/link/accept', { body: { token: tokenOf(createAccount.link), password } })
      for (const [workspace, role] of Object.entries(roles)) {
        await data(
          { ...basic('ada'), 'x-tidegate-workspace': workspace },
          'mutation ($account: String!, $role: Role!) { setMember(account: $account, role: $role) { member { role } } }',
          { account: name, role },
        )
      }
      return basic(name)
    },
  }
}
