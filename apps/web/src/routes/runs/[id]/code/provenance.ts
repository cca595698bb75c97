/** Where a run's code can be looked at, and how it is run again. */
import type { File } from '../artifacts/files.svelte.ts'
import type { Tag } from '../documents.ts'

/** A repository's page: of `git@host:team/repo.git` and `ssh://…` too. Undefined for what is no such place. */
export function repositoryPage(remote: string | undefined): string | undefined {
  const text = remote?.trim().replace(/\.git\/?$/, '') ?? ''
  const scp = /^(?:[\w.-]+@)?([\w.-]+\.[a-z]+):(?!\/\/)([\w./~-]+)$/i.exec(text)
  try {
    const url = new URL(scp ? `https://${scp[1]}/${scp[2]}` : text.replace(/^(ssh|git):\/\/(?:[^@/]+@)?([^:/]+)(?::\d+)?\//, 'https://$2/'))
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
    url.username = url.password = ''
    return url.href.replace(/\/$/, '')
  } catch {
    return undefined
  }
}

/** The page of a commit, as the usual hosts have it. */
export function commitPage(remote: string | undefined, commit: string): string | undefined {
  const page = repositoryPage(remote)
  if (!page) return undefined
  const host = new URL(page).hostname
  return `${page}/${host.includes('gitlab') ? '-/commit' : host.includes('bitbucket') ? 'commits' : 'commit'}/${commit}`
}

export interface Launch {
  command: string | undefined
  entryPoint: string | undefined
  project: string | undefined
  /** A notebook of Databricks: its path, and its address where the workspace's is known. */
  notebook: { path: string; href: string | undefined } | undefined
  /** Of what is not committed, where a tag has it. */
  diff: string | undefined
}

/** Out of the tags of MLflow's client, of Databricks and of `tidegate exec`. */
export function launchOf(tags: readonly Tag[]): Launch {
  const value = (key: string) => tags.find((tag) => tag.key === key)?.value || undefined
  const path = value('mlflow.databricks.notebookPath')
  const site = value('mlflow.databricks.webappURL')
  const id = value('mlflow.databricks.notebookID')
  return {
    command: value('tidegate.command'),
    entryPoint: value('mlflow.project.entryPoint'),
    project: value('mlflow.project.backend'),
    notebook: path
      ? {
          path,
          href: site && id && /^https?:\/\//.test(site) ? `${site.replace(/\/$/, '')}/#notebook/${encodeURIComponent(id)}` : undefined,
        }
      : undefined,
    diff: value('mlflow.source.git.diff'),
  }
}

export type Part = 'Not committed' | 'Code' | 'Environment'

const environment =
  /(^|\/)(requirements[\w-]*\.txt|conda\.ya?ml|environment\.ya?ml|python_env\.yaml|pyproject\.toml|poetry\.lock|uv\.lock|Pipfile(\.lock)?|setup\.(py|cfg)|package\.json|Dockerfile|renv\.lock|DESCRIPTION|Project\.toml|pom\.xml)$/i
const source = /\.(py|ipynb|r|rmd|jl|scala|java|js|mjs|ts|sh|sql)$|(^|\/)MLproject$/i

/** What a file says of the code; undefined for one that says nothing of it. */
export const partOf = ({ path }: Pick<File, 'path'>): Part | undefined =>
  /\.(patch|diff)$/i.test(path) ? 'Not committed' : environment.test(path) ? 'Environment' : source.test(path) ? 'Code' : undefined

/** A shell's word. */
const word = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** Runs the same code again, as far as it is known. */
export function againScript({
  repository,
  commit,
  command,
  path,
  patch,
  id,
}: {
  repository: string | undefined
  commit: string
  command: string | undefined
  path: string | undefined
  patch: string | undefined
  id: string
}): string {
  return [
    repository ? `git clone ${word(repository)} again && cd again` : '# in your clone of its repository',
    `git checkout ${commit}`,
    ...(patch ? [`tidegate artifacts cp ${word(`run:${id}/${patch}`)} uncommitted.patch && git apply uncommitted.patch`] : []),
    `tidegate exec -- ${command ?? (path ? `python ${word(path)}` : 'python train.py')}`,
  ].join('\n')
}
