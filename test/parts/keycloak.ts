/** A real Keycloak on loopback, with a realm of its own, whose people and groups change by its admin API. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { keycloak } from '../prerequisites.mjs'

export interface Keycloak {
  issuer: string
  client: { id: string; secret: string }
  /** All groups that somebody is in from now on: paths, such as /teams/vision. */
  putIn(user: string, groups: readonly string[]): Promise<void>
  /** The client has another secret from now on. */
  renewSecret(): Promise<void>
  stop(): Promise<void>
}

export interface KeycloakOptions {
  /** The origin that it may send people back to. */
  origin: string
  /** Paths. */
  groups: readonly string[]
  users: Record<string, { email: string; groups: readonly string[]; roles?: readonly string[] }>
}

/** Of everybody there. */
export const password = 'the tide rises twice'
const admin = { name: 'keeper', password: 'of a realm on loopback' }

export async function startKeycloak({ origin, groups, users }: KeycloakOptions): Promise<Keycloak> {
  const args = ['start', '--optimized', '--cache=local', '--http-enabled=true', '--hostname-strict=false']
  const child = spawn('sh', [join(keycloak(), 'bin', 'kc.sh'), ...args, '--http-host=127.0.0.1', '--http-port=0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.name,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      // It lives for a minute: what it would gain by compiling well, it never gets.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1 -Xmx512m',
    },
  })
  const ended = once(child, 'exit')
  let said = ''
  const base = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk
        const at = /Listening on: (http:\S+)/.exec(said)
        if (at) resolve(at[1]!)
      })
    void ended.then(([code]) => reject(new Error(`Keycloak ended with ${code}:\n${said.slice(-3000)}`)))
  })

  let token = { value: '', until: 0 }
  async function ask(method: string, path: string, body?: unknown): Promise<any> {
    if (token.until < Date.now()) {
      const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: admin.name, password: admin.password })
      const answer = await fetch(`${base}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form })
      const { access_token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number }
      token = { value: access_token, until: Date.now() + expires_in * 500 }
    }
    const response = await fetch(`${base}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token.value}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  const client = { id: 'tidegate', secret: 'kept by two' }
  const roles = [...new Set(Object.values(users).flatMap((user) => user.roles ?? []))]
  const inAllTokens = { 'id.token.claim': 'true', 'access.token.claim': 'true', 'userinfo.token.claim': 'true' }
  await ask('POST', '', {
    realm: 'lab',
    enabled: true,
    roles: { realm: roles.map((name) => ({ name })) },
    groups: tree(groups),
    users: Object.entries(users).map(([username, user]) => ({
      username,
      enabled: true,
      email: user.email,
      emailVerified: true,
      firstName: username,
      lastName: 'of the lab',
      credentials: [{ type: 'password', value: password }],
      groups: user.groups,
      realmRoles: user.roles ?? [],
    })),
    clients: [
      {
        clientId: client.id,
        secret: client.secret,
        protocol: 'openid-connect',
        publicClient: false,
        standardFlowEnabled: true,
        redirectUris: [`${origin}/auth/sso/callback`],
        attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': `${origin}/` },
        protocolMappers: [
          {
            name: 'groups',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-group-membership-mapper',
            config: { 'claim.name': 'groups', 'full.path': 'true', ...inAllTokens },
          },
          {
            name: 'roles',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-usermodel-realm-role-mapper',
            config: { 'claim.name': 'realm_access.roles', multivalued: 'true', 'jsonType.label': 'String', ...inAllTokens },
          },
        ],
      },
    ],
  })

  return {
    issuer: `${base}/realms/lab`,
    client,
    async putIn(user, paths) {
      const [{ id }] = await ask('GET', `/lab/users?exact=true&username=${user}`)
      const has: Array<{ id: string; path: string }> = await ask('GET', `/lab/users/${id}/groups`)
      for (const group of has) if (!paths.includes(group.path)) await ask('DELETE', `/lab/users/${id}/groups/${group.id}`)
      for (const path of paths) {
        const group = await ask('GET', `/lab/group-by-path${path}`)
        await ask('PUT', `/lab/users/${id}/groups/${group.id}`)
      }
    },
    async renewSecret() {
      const [{ id }] = await ask('GET', `/lab/clients?clientId=${client.id}`)
      await ask('POST', `/lab/clients/${id}/client-secret`)
    },
    async stop() {
      child.kill()
      await ended
    },
  }
}

interface Group {
  name: string
  subGroups: Group[]
}

function tree(paths: readonly string[]): Group[] {
  const top: Group[] = []
  for (const path of paths) {
    let level = top
    for (const name of path.split('/').slice(1)) {
      let found = level.find((each) => each.name === name)
      if (!found) level.push((found = { name, subGroups: [] }))
      level = found.subGroups
    }
  }
  return top
}
