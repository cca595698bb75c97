/**
 * What the server's own checks find. Each reads as the person for whom it runs, by the operations that they would use themselves, and says in
 * a sentence what it found.
 */
import type { Ctx } from '../context.ts'
import { getLoggedModel } from '../models/logged-models.ts'
import { call } from '../operation.ts'
import type { Manifest } from '../registry/manifest.ts'
import { findAliased, latestVersions, type ModelVersion } from '../registry/model-versions.sql.ts'
import { getRegisteredModel } from '../registry/registered-models.ts'
import { championOf } from '../registry/targets.ts'
import { getManifest } from '../registry/version-files.ts'
import type { BuiltIn, MetricRule } from './built-in.ts'
import { headingsOf, plain } from './card.ts'
import { isOfAliases } from './effective.ts'
import { evidence } from './evidence.ts'
import { licences, pickle } from './judge-files.ts'
import { type Finding, finding, isHidden, type Judged, orNothing, runOf, wire } from './judged.ts'
import { breaks } from './signatures.ts'

const called = ({ version }: ModelVersion) => `version ${version}`

/** What stands where the version is to go; undefined where nothing does, or it does itself. */
async function standing(ctx: Ctx, { version, place }: Judged): Promise<ModelVersion | undefined> {
  const { modelId, id } = version
  const other = isOfAliases(place)
    ? await findAliased(ctx.db, modelId, place.slice(1))
    : (await latestVersions(ctx.db, [modelId])).filter(({ stage, id: other }) => stage === place && other !== id).at(-1)
  return other?.id === id ? undefined : other
}

const manifestOf = (ctx: Ctx, version: ModelVersion): Promise<Manifest | null> => call(ctx, getManifest, wire(version))

const hidden = (ctx: Ctx, other: ModelVersion) =>
  finding('FAILED', `${ctx.actor.name} had it run, and may not see what ${called(other)} was made of: somebody who may can run it again.`)

async function signature(ctx: Ctx, judged: Judged): Promise<Finding> {
  const other = await standing(ctx, judged)
  if (!other) return finding('SKIPPED', `Nothing stands in '${judged.place}' that it could be held against.`)
  if (await isHidden(ctx, other)) return hidden(ctx, other)
  const { signature: theirs, fault } = (await manifestOf(ctx, other)) ?? { signature: null, fault: null }
  if (fault) return finding('FAILED', `${called(other)} in '${judged.place}': ${fault}`)
  if (!theirs) return finding('SKIPPED', `${called(other)} in '${judged.place}' has no signature.`)
  const mine = await manifestOf(ctx, judged.version)
  if (mine?.fault) return finding('FAILED', mine.fault)
  if (!mine?.signature) return finding('FAILED', `It has no signature, and ${called(other)} in '${judged.place}' has one.`)
  const broken = breaks(mine.signature, theirs)
  const against = { 'against version': other.version }
  return broken.length
    ? finding('FAILED', `Callers of ${called(other)} can't call it: ${broken.join('; ')}.`, against)
    : finding('PASSED', `Callers of ${called(other)} can call it.`, against)
}

/** What was measured: of the logged model, the newest of each; and of its run, where the model has no such metric. */
async function measured(ctx: Ctx, version: ModelVersion): Promise<(rule: MetricRule) => number | undefined> {
  const [run, model] = await Promise.all([
    runOf(ctx, version),
    version.loggedModel ? orNothing(call(ctx, getLoggedModel, { modelId: version.loggedModel })) : undefined,
  ])
  return ({ key, dataset }) => {
    const ofModel = (model?.metrics ?? []).filter((it) => it.key === key && (dataset === null || it.datasetName === dataset))
    const newest = ofModel.reduce<(typeof ofModel)[number] | undefined>((best, it) => (best && best.time >= it.time ? best : it), undefined)
    if (newest) return newest.value
    return dataset === null ? run?.metrics.find((it) => it.key === key)?.value : undefined
  }
}

/** Rounded for the eye: 0.1 + 0.2 is 0.3. */
const shown = (value: number) => String(Number(value.toPrecision(6)))

async function metric(ctx: Ctx, { version, params }: Judged): Promise<Finding> {
  const champion = await championOf(ctx, await call(ctx, getRegisteredModel, { name: version.name }))
  const other = champion?.id === version.id ? null : champion
  if (other && params.metrics.some(({ betterBy }) => betterBy !== null) && (await isHidden(ctx, other))) return hidden(ctx, other)
  const [mine, theirs] = [await measured(ctx, version), other && (await measured(ctx, other))]
  const faults: string[] = []
  const said: string[] = []
  const numbers: Record<string, number> = {}
  for (const rule of params.metrics) {
    const { key, dataset, min, max, betterBy, lowerIsBetter } = rule
    const name = dataset === null ? key : `${key} on ${dataset}`
    const value = mine(rule)
    if (value === undefined || Number.isNaN(value)) {
      faults.push(value === undefined ? `${name} was not measured` : `${name} is not a number`)
      continue
    }
    numbers[name] = value
    if (min !== null && value < min) faults.push(`${name} is ${shown(value)}, less than ${shown(min)}`)
    if (max !== null && value > max) faults.push(`${name} is ${shown(value)}, more than ${shown(max)}`)
    if (betterBy === null) continue
    const best = theirs?.(rule)
    if (!other || best === undefined || Number.isNaN(best)) {
      said.push(other ? `the champion, ${called(other)}, has no ${name}` : 'there is no champion but itself to be better than')
      continue
    }
    numbers[`${name} of the champion`] = best
    const gain = lowerIsBetter ? best - value : value - best
    // What was subtracted is off by its last digit: 0.93 - 0.9 is 0.03.
    const slack = Math.max(Math.abs(best), Math.abs(value)) * 4 * Number.EPSILON
    if (!(gain >= betterBy - slack))
      faults.push(
        `${name} is ${shown(value)}, and ${betterBy === 0 ? 'worse than' : `not better by ${shown(betterBy)} than`} the champion’s ${shown(best)}`,
      )
  }
  const more = [...new Set(said)].map((each) => ` ${each[0]!.toUpperCase()}${each.slice(1)}.`).join('')
  if (faults.length) return finding('FAILED', `${faults.join('; ')}.${more}`, numbers)
  return finding('PASSED', `${params.metrics.map(({ key }) => key).join(', ')} as asked.${more}`, numbers)
}

function card({ version: { description }, params: { headings } }: Judged): Finding {
  if (description.trim() === '') return finding('FAILED', 'It has no model card.')
  const there = headingsOf(description)
  const missing = headings.filter((heading) => !there.has(plain(heading)))
  const empty = headings.filter((heading) => there.get(plain(heading)) === false)
  const numbers = { headings: headings.length - missing.length - empty.length, wanted: headings.length }
  const faults = [
    ...(missing.length ? [`has no heading ${missing.map((heading) => `'${heading}'`).join(', ')}`] : []),
    ...(empty.length ? [`has nothing below ${empty.map((heading) => `'${heading}'`).join(', ')}`] : []),
  ]
  return faults.length
    ? finding('FAILED', `The model card ${faults.join(' and ')}.`, numbers)
    : finding('PASSED', `The model card has ${headings.join(', ')}.`, numbers)
}

export const judges: Record<BuiltIn, (ctx: Ctx, judged: Judged, signal: AbortSignal) => Promise<Finding> | Finding> = {
  'tidegate/signature': signature,
  'tidegate/metric': metric,
  'tidegate/card': (_, judged) => card(judged),
  'tidegate/pickle': pickle,
  'tidegate/licences': licences,
  'tidegate/evidence': evidence,
}
