/**
 * The job that runs one of the server's own checks. Always true: it reads as the person for whom it was had run; what it finds is dropped
 * where it is to run again since it began; and in the transaction that says that it has passed, what waited for nothing more is opened.
 */
import { type Actor, abilityOf, everything } from '../access.ts'
import { type Ctx, inTransaction, type Kernel, server } from '../context.ts'
import { AppError } from '../errors.ts'
import { type Job, job } from '../jobs.ts'
import { record } from '../registry/activity.ts'
import { readHeld, readVersions } from '../registry/model-versions.sql.ts'
import { rangMove } from '../registry/moves.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { spellWire } from '../rest.ts'
import { heldBy } from '../standing.ts'
import { dropOwnCheck, type OwnCheck, type OwnCheckRef, readOwnCheck, setOwnCheck } from './built-in.sql.ts'
import { askedOf, type BuiltIn, builtIns, noParams } from './built-in.ts'
import { openIds, settleAll } from './checks.ts'
import { gateOf, policyOf } from './effective.ts'
import { type Finding, finding } from './judged.ts'
import { judges } from './judges.ts'
import { type Voters, withVoters } from './people.ts'
import { keepPolicies } from './policy.sql.ts'
import { checkJob } from './queue.ts'

type Workspace = Ctx['workspace']
const local: Actor = { name: 'local', kind: 'LOCAL' }

/** As whoever had it run; undefined where they are gone, or shut out. */
async function ctxOf(kernel: Kernel, workspace: Workspace, accountId: number, signal: AbortSignal): Promise<Ctx | undefined> {
  const shared = {
    ...kernel,
    workspace,
    spell: spellWire,
    door: 'SERVER' as const,
    signal,
    through: { kind: 'NONE' as const, address: '' },
  }
  if (accountId === 0)
    return kernel.authenticate.mode === 'open'
      ? { ...shared, actor: local, standing: everything, ability: abilityOf(local, workspace.id, everything) }
      : undefined
  const account = await kernel.db.prisma.account.findUnique({ where: { id: accountId } })
  return account && account.disabledAt === null ? { ...shared, ...(await heldBy(kernel.db, account, workspace.id)) } : undefined
}

async function look(kernel: Kernel, it: OwnCheck, workspace: Workspace, signal: AbortSignal): Promise<Finding | undefined> {
  const [version] = await readVersions(kernel.db, [it.versionId])
  const gate = version && gateOf(await policyOf(kernel.db, workspace.id, version.modelId), it.place)
  if (!version || !gate?.checks.includes(it.name) || !(it.name in builtIns)) return undefined
  // It asks for something else by now: that is had run by what changed it.
  if (askedOf(it.name, gate) !== it.params) return undefined
  const ctx = await ctxOf(kernel, workspace, it.accountId, signal)
  if (!ctx) return finding('FAILED', 'Who had it run has no account here any more: run it again.')
  try {
    return await judges[it.name as BuiltIn](ctx, { version, place: it.place, params: { ...noParams, ...gate.params } }, signal)
  } catch (error) {
    if (signal.aborted) throw error
    kernel.log.warn({ err: error, check: it.name, version: it.versionId }, 'a check could not be run')
    const why = error instanceof AppError ? error.message : 'The server’s log says why.'
    return finding('FAILED', `It could not be run, for ${ctx.actor.name}: ${why}`)
  }
}

/** Says what was found. */
async function post(kernel: Kernel, workspace: Workspace, it: OwnCheck & { modelId: number }, found: Finding): Promise<void> {
  const doer = { actor: server, workspace }
  const at = { ...kernel, ...doer }
  const summary = found.summary.length > 1_000 ? `${found.summary.slice(0, 999)}…`.toWellFormed() : found.summary
  // JSON has no infinities.
  const numbers = Object.fromEntries(Object.entries(found.numbers).filter(([, value]) => Number.isFinite(value)))
  const say = (voters: Voters) =>
    inTransaction(kernel, async (tx) => {
      const model = await holdModel(tx, it.modelId, Date.now())
      const held = model && (await readHeld(tx, it.versionId))
      if (!held) return
      await keepPolicies(tx, workspace.id)
      if (!(await setOwnCheck(tx, { ...it, ...found, summary, numbers, at: Date.now() }))) return
      await record(tx, doer, {
        ...{ kind: 'CHECK_REPORTED', model, version: held.version, to: found.state, comment: summary },
        data: { check: it.name, place: it.place, ...(Object.keys(numbers).length && { numbers }) },
      })
      if (found.state !== 'FAILED') await settleAll(tx, doer, it.versionId, voters)
    })
  await withVoters(at, () => openIds(at, it.versionId), say)
  await rangMove(at, it.modelId)
}

export const runCheck: Job<OwnCheckRef> = job({
  ...checkJob,
  async run(kernel, ref, signal) {
    const it = await readOwnCheck(kernel.db, ref)
    if (!it || (it.state !== 'QUEUED' && it.state !== 'RUNNING')) return
    const [version] = await readVersions(kernel.db, [it.versionId])
    const workspace = version && (await kernel.db.prisma.workspace.findUnique({ where: { id: version.workspaceId } }))
    if (!workspace) return
    const { modelId } = version
    if (await setOwnCheck(kernel.db, { ...it, state: 'RUNNING', at: Date.now() })) kernel.events.ring('model', modelId)
    const found = await look(kernel, it, { id: workspace.id, name: workspace.name }, signal)
    if (found) await post(kernel, workspace, { ...it, modelId }, found)
    else await dropOwnCheck(kernel.db, it)
    kernel.events.ring('model', modelId)
  },
})
