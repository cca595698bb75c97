/**
 * Servers and who asks them, kept in one file that only its owner may read. Always true: the file is whole or as it was; a profile's
 * secret is sent to that profile's server and to no other.
 */
import { readFileSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { exit, Stop, usage } from './exit.ts'

export interface Profile {
  url: string
  /** A token, or a user and a password. */
  token?: string
  user?: string
  password?: string
  workspace?: string
}

export interface Profiles {
  current?: string
  profiles: Record<string, Profile>
}

export function profilesFile(): string {
  const { TIDEGATE_CONFIG, XDG_CONFIG_HOME, APPDATA } = process.env
  if (TIDEGATE_CONFIG) return TIDEGATE_CONFIG
  return join(XDG_CONFIG_HOME || (process.platform === 'win32' && APPDATA) || join(homedir(), '.config'), 'tidegate', 'config.json')
}

export function readProfiles(): Profiles {
  const file = profilesFile()
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} }
    throw error
  }
  try {
    const read = JSON.parse(text) as Profiles
    if (typeof read.profiles !== 'object' || Object.values(read.profiles).some(({ url }) => typeof url !== 'string')) throw new Error()
    return read
  } catch {
    throw new Stop(exit.failed, `${file} is not a file of profiles. Mend or remove it, then \`tidegate login\`.`)
  }
}

export async function writeProfiles(profiles: Profiles): Promise<void> {
  const file = profilesFile()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const part = `${file}.${process.pid}.part`
  try {
    await writeFile(part, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 })
    await chmod(part, 0o600)
    await rename(part, file)
  } finally {
    await rm(part, { force: true })
  }
}

/** A server and who asks it, with where each was said. */
export interface Access extends Profile {
  from: string
  profile?: string
}

export interface AccessOptions {
  server?: string | undefined
  profile?: string | undefined
  workspace?: string | undefined
}

/** An address without what differs in spelling only. */
export function addressOf(text: string, source: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw usage(`${source} is '${text}': give the server's address, such as http://127.0.0.1:5000.`)
  }
  if (new URL(text).username) throw usage(`${source} has a user in it: give that by \`tidegate login --user\`.`)
  return text.replace(/\/+$/, '')
}

/** Flags before variables, variables before the file, the file before the server that `pnpm start` starts. */
export function findAccess({ server, profile, workspace }: AccessOptions): Access {
  const { TIDEGATE_URL, MLFLOW_TRACKING_URI, TIDEGATE_PROFILE } = process.env
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = process.env
  const { current, profiles } = readProfiles()
  const named = profile ?? (server || TIDEGATE_URL || MLFLOW_TRACKING_URI ? undefined : TIDEGATE_PROFILE || current)
  if (named !== undefined && !profiles[named]) {
    const known = Object.keys(profiles).join(', ') || 'none'
    throw usage(`There is no profile '${named}' (known: ${known}). \`tidegate login URL --profile ${named}\` makes it.`)
  }
  const [text, from] = server
    ? [server, '--server']
    : named !== undefined
      ? [profiles[named]!.url, `profile ${named}`]
      : TIDEGATE_URL
        ? [TIDEGATE_URL, 'TIDEGATE_URL']
        : MLFLOW_TRACKING_URI
          ? [MLFLOW_TRACKING_URI, 'MLFLOW_TRACKING_URI']
          : ['http://127.0.0.1:5000', 'the default']
  const url = addressOf(text, from)
  const match = Object.entries(profiles).find(([name, each]) => each.url === url && (named === undefined || name === named))
  const { url: _, ...kept } = match?.[1] ?? ({} as Partial<Profile>)
  const said = token ? { token } : user ? { user, ...(password && { password }) } : {}
  const who = token || user ? said : kept
  const space = workspace ?? kept.workspace
  return { url, from, ...who, ...(space && { workspace: space }), ...(match && { profile: match[0] }) }
}

export function headersOf({ token, user, password, workspace }: Profile): Record<string, string> {
  const authorization = token
    ? `Bearer ${token}`
    : user
      ? `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
      : undefined
  return { ...(authorization && { authorization }), ...(workspace && { 'x-tidegate-workspace': workspace }) }
}
