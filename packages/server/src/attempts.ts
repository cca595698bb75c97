/**
 * How often somebody may try to get in: so often a name, and more often an address, because many people may come from one. Always true: it is
 * counted before it is tried and in the database, so neither many at once nor many processes get more tries than one; what succeeds was none.
 */
import { createHash } from 'node:crypto'
import type { Database } from '@tidegate/db'
import { addAttempt, forgetAttempts, forgetOld, takeBack } from './attempts.sql.ts'
import { AppError } from './errors.ts'

/** Failed tries within the window; then it has to wait. */
const most = { name: 10, address: 100 }
const failureWindow = 15 * 60_000
/** What is over is taken out of the table once in so many tries. */
const sweepEvery = 100

const digest = (text: string) => createHash('sha256').update(text).digest('base64url')

/** Counts a failed try, or throws where there were too many. Forgets them when one succeeds. */
export type Attempt = (name: string, address: string, work: () => Promise<boolean>) => Promise<boolean>

export function openAttempts(db: Database): Attempt {
  let tries = 0
  return async (name, address, work) => {
    const now = Date.now()
    const forgotten = now - failureWindow
    const [ofName, ofAddress] = [digest(`name ${name.toLowerCase()}`), digest(`address ${address}`)]
    if (tries++ % sweepEvery === 0) await forgetOld(db, forgotten)
    const tallies = await addAttempt(db, [ofName, ofAddress], now, forgotten)
    const worst = tallies.find(({ key, count }) => count > (key === ofName ? most.name : most.address))
    if (worst) {
      // One name that is tried for ever does not shut out all who come from there.
      await takeBack(db, [ofName, ofAddress])
      const minutes = Math.ceil((worst.since + failureWindow - now) / 60_000)
      throw new AppError('RESOURCE_EXHAUSTED', `Too many failed attempts. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`)
    }
    let isRight = false
    try {
      isRight = await work()
    } catch (error) {
      // What could not be tried, was not.
      await takeBack(db, [ofName, ofAddress])
      throw error
    }
    if (!isRight) return false
    await forgetAttempts(db, [ofName])
    await takeBack(db, [ofAddress])
    return true
  }
}
