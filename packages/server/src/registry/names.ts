/** How the names of the registry are read: what is taken, and MLflow's sentences for what is not. */
import { posix } from 'node:path'
import { z } from 'zod'
import { anyText, key, limitedText } from '../fields.ts'

/** Length limits, in characters. */
const limits = { name: 256, alias: 255, tagValue: 100_000, description: 100_000 }

/** Refuses with a message that is whole. */
const plain = (message: string) => ({ code: 'custom', message, params: { plain: true } }) as const

/** A registered model's name. */
export const modelName = anyText.superRefine((name, context) => {
  if (name.trim() === '') return void context.addIssue({ code: 'custom', message: '', params: { missing: true } })
  if (/[/:]/.test(name)) return void context.addIssue(plain(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`))
  const path = posix.normalize(name)
  if (path !== name || path === '.' || path.startsWith('..'))
    return void context.addIssue({
      code: 'custom',
      message: `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${path}'`,
    })
  if (name.length > limits.name) context.addIssue(plain(`'name' exceeds the maximum length of ${limits.name} characters`))
})

/** The number of a version, which clients say as text. One that was never given out is 0, which nothing has. */
export const versionNumber = z
  .string()
  .min(1)
  .transform((said, context) => {
    if (!/^\s*[-+]?\d+\s*$/.test(said)) {
      context.addIssue(plain(`Parameter 'version' must be an integer, got '${said}'.`))
      return z.NEVER
    }
    const number = Number(said)
    return number > 0 && number < 2 ** 31 ? number : 0
  })

/** An alias as it may be asked for. */
export const aliasName = anyText.min(1).superRefine((alias, context) => {
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias))
    context.addIssue(plain(`Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`))
  else if (alias.length > limits.alias)
    context.addIssue(plain(`'Registered model alias name' exceeds the maximum length of ${limits.alias} characters`))
})

/** An alias as it may be set: those that models:/ URIs mean otherwise are none. */
export const newAlias = aliasName.superRefine((alias, context) => {
  if (alias.toLowerCase() === latest) context.addIssue(plain("'latest' alias name (case insensitive) is reserved."))
  else if (/^v\d+$/i.test(alias)) context.addIssue(plain(`Version alias name '${alias}' is reserved.`))
})

/** What models:/name/latest means. */
export const latest = 'latest'

export const description = limitedText('description', limits.description).transform((value) => value ?? '')

export const tag = z.object({ key, value: limitedText('value', limits.tagValue).transform((value) => value ?? '') })

/** Tags as an object; of a key that comes twice the last counts. */
export const tags = z
  .array(tag)
  .nullish()
  .transform((list) => Object.fromEntries((list ?? []).map(({ key, value }) => [key, value])))

/** The alias of the version that others are measured against. */
export const champion = 'champion'
