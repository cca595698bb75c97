/** All files of a run that may be media, looked for again while it goes on: no one says when a file was written. */
import { type ApiError, query, toApiError } from '#lib/api.ts'
import type { File } from '../artifacts/files.svelte.ts'
import { Artifacts } from '../documents.ts'

/** Folders that are looked into, and how deep. */
const mostFolders = 60
const deepest = 4
/** Looked at again so often while a run goes on, ms. */
const refreshEvery = 5_000

/** A model's folder has pictures of nothing. */
const holdsModel = (files: readonly File[]) => files.some(({ path }) => path.split('/').at(-1) === 'MLmodel')

/** What a run has, folder by folder; `isPart` where there is more. */
export async function filesOf(run: string): Promise<{ files: File[]; isPart: boolean }> {
  const files: File[] = []
  let folders = ['']
  let asked = 0
  for (let depth = 0; depth <= deepest && folders.length > 0 && asked < mostFolders; depth++) {
    const now = folders.slice(0, mostFolders - asked)
    asked += now.length
    const answers = await Promise.all(now.map(async (path) => (await query(Artifacts, { run, path })).run?.artifacts ?? []))
    const found = answers.filter((listed) => !holdsModel(listed)).flat()
    files.push(...found.filter(({ isDirectory }) => !isDirectory))
    folders = [...folders.slice(now.length), ...found.filter(({ isDirectory }) => isDirectory).map(({ path }) => path)]
  }
  return { files, isPart: folders.length > 0 }
}

/** Called while a component is set up. */
export function findMedia(run: () => { id: string; status: string }) {
  let files = $state.raw<readonly File[] | undefined>()
  let isPart = $state(false)
  let error = $state.raw<ApiError | undefined>()

  const id = $derived(run().id)
  const status = $derived(run().status)

  async function load(): Promise<void> {
    const of = id
    try {
      const found = await filesOf(of)
      if (of !== id) return
      files = found.files
      isPart = found.isPart
      error = undefined
    } catch (caught) {
      if (of === id && files === undefined) error = toApiError(caught)
    }
  }

  $effect(() => {
    void id
    const isLive = status === 'RUNNING'
    void load()
    if (!isLive) return
    const timer = setInterval(() => document.visibilityState === 'visible' && void load(), refreshEvery)
    return () => clearInterval(timer)
  })

  return {
    /** Undefined until it is known. */
    get files() {
      return files
    },
    /** There are more folders than were looked into. */
    get isPart() {
      return isPart
    },
    get error() {
      return error
    },
    load,
  }
}
