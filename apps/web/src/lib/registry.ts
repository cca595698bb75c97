/** What every page that speaks of registered models shares: their addresses, and what registers a model. */
import { graphql, type ResultOf } from '#lib/api.ts'

/** Pages that stand where a model of their name would. No model's name holds a colon. */
const pages = new Set(['gates', 'requests'])

export const modelHref = (name: string): string => `/models/${encodeURIComponent(pages.has(name) ? `:${name}` : name)}`
/** The model's name that a part of an address stands for. */
export const modelOf = (part: string | undefined): string => (part ?? '').replace(/^:/, '')
export const gatesHref = (name: string): string => `${modelHref(name)}/gates`
export const versionHref = (name: string, version: number): string => `${modelHref(name)}/${version}`

/** What finds models: words are looked for in their names, and what compares something is the filter language. */
export function modelFilter(text: string): string | null {
  const words = text.trim()
  if (words === '') return null
  if (/[=<>~]|\b(i?like|in|is|between)\b/i.test(words)) return words
  return `name ILIKE '%${words.replaceAll("'", "''")}%'`
}

export const ModelNames = graphql(`
  query ModelNames($filter: String) {
    registeredModels(filter: $filter, orderBy: ["last_updated_timestamp DESC"], first: 200) {
      nodes { id name versionCount can { edit } }
      total
    }
  }
`)
export type ModelName = ResultOf<typeof ModelNames>['registeredModels']['nodes'][number]

export const RegisterModel = graphql(`
  mutation RegisterModel($input: CreateRegisteredModelInput!) {
    createRegisteredModel(input: $input) { model { id name } }
  }
`)

export const RegisterVersion = graphql(`
  mutation RegisterVersion($input: CreateModelVersionInput!) {
    createModelVersion(input: $input) { version { id name version } }
  }
`)

/** What can be registered: a logged model, or a folder of a run that holds MLmodel. */
export interface Registrable {
  /** As the choice shows it. */
  text: string
  source: string
  runId: string | null
  loggedModelId: string | null
}

export const loggedModel = (model: { id: string; name: string }, runId: string | null): Registrable => ({
  text: model.name,
  source: `models:/${model.id}`,
  runId,
  loggedModelId: model.id,
})

export const folderOfRun = (runId: string, path: string): Registrable => ({
  text: path || 'all files of the run',
  source: path ? `runs:/${runId}/${path}` : `runs:/${runId}/`,
  runId,
  loggedModelId: null,
})
