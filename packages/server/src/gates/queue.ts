/**
 * The server's own checks are had run: when a version is asked for, when what they judge changes, when a gate asks for something else, and
 * when somebody says so. Always true: it is in the transaction that gave the reason, so none passes by what was so before.
 */
import type { Sql } from '@tidegate/db'
import { z } from 'zod'
import { inTransaction } from '../context.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { forgetOwnChecks, type OwnCheckRef, queueOwnCheck, readOwnChecks, requeueOwnChecks } from './built-in.sql.ts'
import { askedOf, type BuiltIn, isBuiltIn } from './built-in.ts'
import { gateOf, policyOf } from './effective.ts'
import { type Gate, keepPolicies } from './policy.sql.ts'
import { findRequests, type Request, readRequests } from './requests.sql.ts'

/** What run-check.ts does. */
export const checkJob = {
  name: 'check.run',
  payload: z.object({ versionId: z.int(), place: z.string(), name: z.string() }),
}

async function wake(tx: Sql, { versionId, place, name }: OwnCheckRef): Promise<void> {
  const key = `check ${versionId} ${place} ${name}`
  // One after the other: what is had run again and again takes no more than its turn.
  await enqueue(tx, checkJob, { versionId, place, name }, { key, queue: key })
}

/** What was found for requests of before holds no more: all that its gate names are to run. */
export async function queueAll(tx: Sql, request: Pick<Request, 'versionId' | 'to' | 'accountId'>, gate: Gate | undefined): Promise<void> {
  await forgetOwnChecks(tx, { versionId: request.versionId, place: request.to })
  await queueChecks(tx, request, gate, { accountId: request.accountId, which: 'stale' })
}

/** Has them run for a request, for `accountId`. `which`: those not judged by what its gate asks now, or one. */
export async function queueChecks(
  tx: Sql,
  { versionId, to: place }: Pick<Request, 'versionId' | 'to'>,
  gate: Gate | undefined,
  { accountId, which }: { accountId: number; which: 'stale' | { name: string } },
): Promise<void> {
  let names = gate?.checks.filter(isBuiltIn) ?? []
  if (!gate || names.length === 0) return
  if (typeof which === 'object') names = names.filter((name) => name === which.name)
  if (which === 'stale') {
    const known = (await readOwnChecks(tx, [versionId])).filter((it) => it.place === place)
    names = names.filter((name) => known.find((it) => it.name === name)?.params !== askedOf(name, gate))
  }
  for (const name of names) {
    await queueOwnCheck(tx, { versionId, place, name, params: askedOf(name, gate), accountId, at: Date.now() })
    await wake(tx, { versionId, place, name })
  }
}

/** Those that measure a version against another: that may be another one now. */
const comparing = ['tidegate/signature', 'tidegate/metric'] satisfies BuiltIn[]
/** Those that look at what is written of a version. */
const reading = ['tidegate/card', 'tidegate/evidence'] satisfies BuiltIn[]

/** A stage or an alias of the model is of another version. */
export async function movedUnder(tx: Sql, model: number): Promise<void> {
  for (const it of await requeueOwnChecks(tx, { model, names: comparing, at: Date.now() })) await wake(tx, it)
}

/** The card of a version is another. */
export async function cardChanged(tx: Sql, model: number, version: number): Promise<void> {
  for (const it of await requeueOwnChecks(tx, { model, version, names: reading, at: Date.now() })) await wake(tx, it)
}

/** Requests that are looked at after a policy was set. */
const mostOpen = 1_000

/** Gates ask for something else: those that open requests now wait for are had run. */
export const refreshChecks: Job<{ workspace: number; model: number | null }> = job({
  name: 'check.refresh',
  payload: z.object({ workspace: z.int(), model: z.int().nullable() }),
  async run(kernel, { workspace, model }) {
    const sought = { workspace, reach: { but: [] }, model: model ?? undefined, states: ['OPEN' as const], limit: mostOpen }
    for (const { id, modelId } of await findRequests(kernel.db, sought)) {
      await inTransaction(kernel, async (tx) => {
        if (!(await holdModel(tx, modelId, Date.now()))) return
        await keepPolicies(tx, workspace)
        const [request] = await readRequests(tx, [id])
        if (request?.state !== 'OPEN') return
        const gate = gateOf(await policyOf(tx, workspace, modelId), request.to)
        await queueChecks(tx, request, gate, { accountId: request.accountId, which: 'stale' })
      })
    }
    kernel.events.ring('registry', workspace)
  },
})
