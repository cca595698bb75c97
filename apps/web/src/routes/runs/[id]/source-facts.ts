/** Where a run's code came from and what it ran on, out of the tags that MLflow's client sets. */
import type { Tag } from './documents.ts'

export interface SourceFacts {
  /** The last part of the path of what was run. */
  name: string | undefined
  /** All of it. */
  path: string | undefined
  /** `LOCAL`, `NOTEBOOK`, `JOB`, `PROJECT`. */
  type: string | undefined
  commit: string | undefined
  branch: string | undefined
  repository: string | undefined
  /** The run that this one was cloned from. */
  clonedFrom: string | undefined
  /** Other tags of MLflow, without their prefix; those that are JSON are for programs. */
  rest: { name: string; value: string }[]
  /** What someone wrote about the run. */
  note: string | undefined
}

const shown = new Set([
  'mlflow.source.name',
  'mlflow.source.type',
  'mlflow.source.git.commit',
  'mlflow.source.git.branch',
  'mlflow.source.git.repoURL',
  'mlflow.gitCommit',
  'mlflow.gitBranch',
  'mlflow.gitRepoURL',
  'mlflow.user',
  'mlflow.runName',
  'mlflow.parentRunId',
  'mlflow.note.content',
])

export function sourceFacts(tags: readonly Tag[]): SourceFacts {
  const value = (...keys: string[]) => tags.find((tag) => keys.includes(tag.key) && tag.value !== '')?.value
  const path = value('mlflow.source.name')
  return {
    path,
    name: path?.split(/[\\/]/).at(-1),
    type: value('mlflow.source.type'),
    commit: value('mlflow.source.git.commit', 'mlflow.gitCommit'),
    branch: value('mlflow.source.git.branch', 'mlflow.gitBranch'),
    repository: value('mlflow.source.git.repoURL', 'mlflow.gitRepoURL'),
    note: value('mlflow.note.content'),
    clonedFrom: value('tidegate.clonedFrom'),
    rest: tags
      .filter((tag) => tag.key.startsWith('mlflow.') && !shown.has(tag.key) && tag.value.length <= 200 && !/^[[{]/.test(tag.value))
      .map((tag) => ({ name: tag.key.slice('mlflow.'.length), value: tag.value })),
  }
}

/** The tags that people set. */
export const ownTags = (tags: readonly Tag[]): Tag[] => tags.filter((tag) => !/^(mlflow|tidegate)\./.test(tag.key))

/** Of a run's tags those that hold of another that begins as it did. */
export const cloneTags = ({ id, tags }: { id: string; tags: readonly Tag[] }): Tag[] => [
  ...tags
    .filter(({ key }) => !key.startsWith('mlflow.') || key.startsWith('mlflow.source.') || key === 'mlflow.parentRunId')
    .map(({ key, value }) => ({ key, value })),
  { key: 'tidegate.clonedFrom', value: id },
]

/** How many rows a data set has, as its profile says it; undefined where it doesn't. */
export function datasetSize(profile: string | null): { rows: number } | undefined {
  try {
    const { num_rows: rows, features_shape: shape } = JSON.parse(profile ?? '{}') as Record<string, unknown>
    if (typeof rows === 'number') return { rows }
    return Array.isArray(shape) && typeof shape[0] === 'number' ? { rows: shape[0] } : undefined
  } catch {
    return undefined
  }
}
