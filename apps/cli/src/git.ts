/** Where code came from, as git knows it. Nothing where there is no git, or no repository. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A diff beyond this many bytes is not kept. */
const mostDiff = 20_000_000

async function git(...args: string[]): Promise<string | undefined> {
  try {
    return (await run('git', args, { maxBuffer: mostDiff })).stdout
  } catch {
    return undefined
  }
}

export interface Provenance {
  commit: string
  branch: string | undefined
  repository: string | undefined
  /** What differs from the commit, as a patch; empty where nothing does. */
  diff: string
}

/** An address may carry a password: that is nobody's business. */
function publicAddress(remote: string): string {
  try {
    const url = new URL(remote)
    url.username = url.password = ''
    return url.href
  } catch {
    return remote
  }
}

export async function provenance(): Promise<Provenance | undefined> {
  const commit = (await git('rev-parse', 'HEAD'))?.trim()
  if (!commit) return undefined
  const [branch, remote, diff] = await Promise.all([
    git('branch', '--show-current'),
    git('remote', 'get-url', 'origin'),
    git('diff', 'HEAD'),
  ])
  return { commit, branch: branch?.trim() || undefined, repository: remote && publicAddress(remote.trim()), diff: diff ?? '' }
}
