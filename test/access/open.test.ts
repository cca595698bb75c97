/** What is open by a right ends with it, by whichever way it was opened and in whichever process the right was taken: sockets and streams of events. */
import { type Platform, startPlatform } from '@tidegate/test'
import { bearer, password, peopleOf, sessionOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'

let platform: Platform
let elsewhere: string
let ada: Who
const { send, data, make, first } = peopleOf(() => platform)
const here = (who: Who): Who => ({ ...who, 'x-tidegate-workspace': 'north' })
const patiently = { timeout: 10_000, interval: 50 }

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  ada = await first()
  elsewhere = (await platform.another()).origin
  await data(ada, 'mutation { createWorkspace(name: "north") { workspace { id } } }')
})
afterAll(() => platform?.stop())

interface Open {
  events: string[]
  /** Why it ended. */
  ended?: string
  close(): void
}

const query = 'subscription { experimentsChanged { experiments { name } } }'

const ways: Record<string, (who: Who) => Promise<Open>> = {
  async 'a socket'(who) {
    const socket = new WebSocket(`${platform.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: here(who) })
    const it: Open = { events: [], close: () => socket.close() }
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
    socket.on('close', (code, reason) => (it.ended = `${code} ${reason}`))
    socket.on('message', (text) => {
      const { type, payload } = JSON.parse(String(text))
      if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
      else if (type === 'next') it.events.push(JSON.stringify(payload))
    })
    await vi.waitFor(() => expect(it.events.length).toBeGreaterThan(0), patiently)
    return it
  },
  async 'a stream'(who) {
    const gone = new AbortController()
    const it: Open = { events: [], close: () => gone.abort() }
    const { body } = await fetch(`${platform.origin}/graphql`, {
      method: 'POST',
      headers: { ...here(who), 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
      signal: gone.signal,
    })
    void (async () => {
      let text = ''
      for await (const chunk of body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
        text += chunk
        it.events = text.split('\n\n').filter((event) => event.includes('"experimentsChanged":{'))
      }
      it.ended = text.split('\n\n').find((event) => event.includes('"errors"')) ?? 'without a word'
    })().catch(() => {})
    await vi.waitFor(() => expect(it.events.length).toBeGreaterThan(0), patiently)
    return it
  },
}

const token = async (who: Who, expiresAt?: number): Promise<Who & { id: string }> => {
  const made = await data(
    here(who),
    'mutation ($expiresAt: Timestamp) { createToken(name: "t", expiresAt: $expiresAt) { secret token { id } } }',
    { expiresAt },
  )
  return { ...bearer(made.createToken.secret), id: made.createToken.token.id }
}
const strip = ({ id: _, ...who }: Who): Who => who
const admin = (text: string, variables: object = {}) => data(here(ada), text, variables)
const setRole = (account: string, role: string) =>
  admin('mutation ($account: String!, $role: Role!) { setMember(account: $account, role: $role) { member { role } } }', { account, role })

/** Each makes somebody who may look on, and says how that ends. */
const withdrawals: Record<string, (name: string) => Promise<{ who: Who; withdraw: () => Promise<unknown> }>> = {
  async 'a member is removed'(name) {
    const who = await make(name, { north: 'VIEWER' })
    return { who, withdraw: () => admin('mutation ($name: String!) { removeMember(account: $name) { name } }', { name }) }
  },
  async 'a role is lowered'(name) {
    const who = await make(name, { north: 'ENGINEER' })
    return { who, withdraw: () => setRole(name, 'VIEWER') }
  },
  async 'a grant takes what a role gives'(name) {
    const who = await make(name, { north: 'VIEWER' })
    const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', { headers: here(ada), body: { name: `for ${name}` } })
    const variables = { experiment: json.experiment_id, account: name }
    const grant =
      'mutation ($experiment: ID!, $account: String!) { setGrant(experiment: $experiment, account: $account, permission: NO_PERMISSIONS) { grant { permission } } }'
    return { who, withdraw: () => admin(grant, variables) }
  },
  async 'a team is left'(name) {
    const who = await make(name)
    const variables = { team: `of ${name}`, account: name }
    await admin('mutation ($team: String!) { createTeam(name: $team, role: VIEWER) { team { name } } }', variables)
    await admin('mutation ($team: String!, $account: String!) { joinTeam(team: $team, account: $account) { team { name } } }', variables)
    return {
      who,
      withdraw: () =>
        admin('mutation ($team: String!, $account: String!) { leaveTeam(team: $team, account: $account) { team { name } } }', variables),
    }
  },
  async 'a token is revoked'(name) {
    const { id, ...who } = await token(await make(name, { north: 'VIEWER' }))
    return { who, withdraw: () => data(here(who), 'mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }', { id }) }
  },
  async 'a token expires'(name) {
    const who = strip(await token(await make(name, { north: 'VIEWER' }), Date.now() + 4_000))
    return { who, withdraw: async () => {} }
  },
  async 'somebody signs out'(name) {
    await make(name, { north: 'VIEWER' })
    const who = sessionOf(await send('POST', '/auth/sign-in', { body: { name, password } }))
    return { who, withdraw: () => send('POST', '/auth/sign-out', { headers: who }) }
  },
  async 'an account is disabled'(name) {
    const who = await make(name, { north: 'VIEWER' })
    const { id } = (await platform.db.prisma.account.findUnique({ where: { name } }))!
    const disable = 'mutation ($id: ID!) { updateAccount(id: $id, isDisabled: true) { account { id } } }'
    return { who, withdraw: () => admin(disable, { id: String(id) }) }
  },
  async 'a password is changed'(name) {
    const who = await make(name, { north: 'VIEWER' })
    const change = 'mutation ($current: String!) { changePassword(current: $current, next: "another long tide") { account { id } } }'
    return { who, withdraw: () => data(here(who), change, { current: password }) }
  },
}

describe.each(Object.entries(withdrawals))('when %s', (_, begin) => {
  let number = 0
  it.each(Object.entries(ways))('%s ends, and says why', async (_, open) => {
    const name = `guest-${++number}-${Math.random().toString(36).slice(2, 8)}`
    const { who, withdraw } = await begin(name)
    const theirs = await open(who)
    const mine = await open(ada)
    await withdraw()
    await vi.waitFor(() => expect(theirs.ended).toMatch(/rights have changed|expired/), patiently)
    expect(mine.ended).toBeUndefined()
    mine.close()
  })
})

it.each(Object.entries(ways))('%s goes on where more was given, and ends when that is taken in another process', async (_, open) => {
  const name = `other-${Math.random().toString(36).slice(2, 8)}`
  const theirs = await open(await make(name, { north: 'VIEWER' }))
  const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', { headers: here(ada), body: { name: `given to ${name}` } })
  const grant = (origin: string, permission: string) =>
    fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { ...here(ada), 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `mutation { setGrant(experiment: "${json.experiment_id}", account: "${name}", permission: ${permission}) { grant { permission } } }`,
      }),
    })
  const before = theirs.events.length
  await grant(elsewhere, 'EDIT')
  await send('POST', '/api/2.0/mlflow/experiments/create', { headers: here(ada), body: { name: `news for ${name}` } })
  await vi.waitFor(() => expect(theirs.events.length).toBeGreaterThan(before), patiently)
  expect(theirs.ended).toBeUndefined()
  await grant(elsewhere, 'NO_PERMISSIONS')
  await vi.waitFor(() => expect(theirs.ended).toMatch(/rights have changed/), patiently)
})
