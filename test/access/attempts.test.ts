/** How often passwords can be guessed, where several processes are asked, and many times at once. */
import { type Platform, startPlatform } from '@tidegate/test'
import { basic, password, peopleOf } from '@tidegate/test/people'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
let origins: string[]
const { make, first } = peopleOf(() => platform)
beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  await first()
  origins = [platform.origin, (await platform.another()).origin, (await platform.another()).origin]
  for (const name of ['bea', 'cleo', 'dana', 'eve']) await make(name)
})
afterAll(() => platform?.stop())

const signIn = async (name: string, word: string, at = 0): Promise<number> =>
  (
    await fetch(`${origins[at % origins.length]}/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password: word }),
    })
  ).status
const viaToken = async (name: string, word: string, at: number): Promise<number> =>
  (await fetch(`${origins[at % origins.length]}/api/2.0/mlflow/experiments/search?max_results=1`, { headers: basic(name, word) })).status
const counted = (statuses: number[]) =>
  Object.fromEntries([...new Set(statuses)].sort().map((each) => [each, statuses.filter((s) => s === each).length]))

it('ten wrong passwords are all there are, spread over processes and doors; then the right one waits too, in each', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 14; i++) statuses.push(await (i % 2 ? viaToken : signIn)('bea', `guess ${i}`, i))
  expect(counted(statuses)).toEqual({ 401: 10, 429: 4 })
  for (const at of [0, 1, 2]) expect(await signIn('bea', password, at)).toBe(429)
  expect(await signIn('cleo', password, 1)).toBe(200)
})

it('forty guesses at once are no more than ten', async () => {
  const statuses = await Promise.all(Array.from({ length: 40 }, (_, i) => signIn('dana', `guess ${i}`, i)))
  expect(counted(statuses)).toEqual({ 401: 10, 429: 30 })
})

it('who gets in begins anew', async () => {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6; i++) expect(await signIn('eve', `guess ${i}`, i)).toBe(401)
    expect(await signIn('eve', password, round)).toBe(200)
  }
})

it('after a quarter of an hour the name may be tried again', async () => {
  expect(await signIn('bea', password)).toBe(429)
  await platform.db.query('UPDATE attempt SET since = since - 15 * 60000')
  expect(await signIn('bea', password)).toBe(200)
})

it('an address has a hundred, whatever names it tries; a name that is tried for ever takes none of them', async () => {
  await platform.db.query('DELETE FROM attempt')
  for (let i = 0; i < 130; i++) await signIn('cleo', `guess ${i}`, i)
  expect(await signIn('eve', password)).toBe(200)
  const statuses: number[] = []
  for (let i = 0; i < 110; i++) statuses.push(await signIn(`name-${i}`, 'guess', i))
  expect(counted(statuses)).toEqual({ 401: 90, 429: 20 })
  expect(await signIn('eve', password, 2)).toBe(429)
})

it('no name and no address is kept in clear', async () => {
  const rows = await platform.db.query('SELECT key FROM attempt')
  expect(rows.length).toBeGreaterThan(0)
  expect(JSON.stringify(rows)).not.toMatch(/bea|cleo|127\.0\.0\.1|name|address/)
})
