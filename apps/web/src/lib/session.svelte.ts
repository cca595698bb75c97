/** Who looks, in which workspace, and where the server is. Asked at the start, when the line is back while it is unknown, and when a request was refused for lack of it. */
import { graphql, query, type ResultOf, signedOut, toApiError } from '#lib/api.ts'
import { lineEnded } from '#lib/connection.svelte.ts'

const Session = graphql(`
  query Session {
    viewer {
      name role isAdmin canCreate canManage
      workspace { id name }
      workspaces { name description }
    }
    server { version trackingUri access }
  }
`)

type Answer = ResultOf<typeof Session>

let answer = $state.raw<Answer | undefined>()
let isNowhere = $state(false)

/** Outlives the browser: a year, seconds. */
const workspaceLife = 365 * 24 * 3600

async function ask(): Promise<void> {
  try {
    answer = await query(Session, {})
    isNowhere = false
  } catch (error) {
    isNowhere = toApiError(error).code === 'RESOURCE_DOES_NOT_EXIST'
    // Else the rail then shows the product's name, and what needs the server says itself that it is away.
  }
}

/** Who has lost the workspace keeps nothing of it on screen. */
async function askAnew(): Promise<void> {
  const before = answer?.viewer?.workspace.id
  if (before === undefined) return
  try {
    const now = await query(Session, {})
    if (now.viewer && now.viewer.workspace.id !== before) location.reload()
    else answer = now
  } catch (error) {
    if (toApiError(error).code === 'RESOURCE_DOES_NOT_EXIST') location.reload()
  }
}

signedOut.listen(() => void ask())
lineEnded.listen(() => void askAnew())

export const session = {
  /** Undefined until the first answer; null where nobody is signed in. */
  get viewer(): Answer['viewer'] | undefined {
    return answer?.viewer
  },
  get server(): Answer['server'] | undefined {
    return answer?.server
  },
  /** One has to sign in first. */
  get isSignedOut(): boolean {
    return answer !== undefined && answer.viewer === null
  },
  /** Signed in, and in no workspace. */
  get isNowhere(): boolean {
    return isNowhere
  },
  /** Does nothing once the answer is there. A failure is left to the next call: the shell does without. */
  async load(): Promise<void> {
    if (answer === undefined) await ask()
  },
  reload: ask,
  /** Goes to another workspace: all that is on screen is of the one. */
  enter(workspace: string): void {
    // biome-ignore lint/suspicious/noDocumentCookie: sockets and downloads carry it too, which a header can't
    document.cookie = `tidegate_workspace=${encodeURIComponent(workspace)}; path=/; max-age=${workspaceLife}; samesite=lax`
    location.assign('/experiments')
  },
}

/** About a cookie, so it is no GraphQL. Throws the server's sentence. */
async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error('The server could not be reached. Try again.')
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok) throw new Error(typeof answer.message === 'string' ? answer.message : `The server answered ${response.status}.`)
  return answer
}

export async function authenticate(
  path: 'sign-in' | 'link/read' | 'link/accept' | 'forgot',
  body: object,
): Promise<{ name: string | null; isNew: boolean }> {
  const { name = null, isNew = true } = (await post(path, body)) as { name?: string | null; isNew?: boolean }
  return { name, isNew }
}

/** What a page for signing in offers. */
export interface SignInWays {
  reset: boolean
  providers: ReadonlyArray<{ id: string; name: string }>
}

/** Nothing, where the server can't be asked: it is tried all the same. */
export const signInWays = async (): Promise<SignInWays> => {
  try {
    return await (await fetch('/auth/ways')).json()
  } catch {
    return { reset: false, providers: [] }
  }
}

/** To the provider, and back with a link between who one is there and here. */
export async function linkAt(provider: string): Promise<void> {
  const { next } = await post('sso/link', { provider })
  location.assign(String(next))
}

/** What the way back from a provider refused: said once. */
export function toldOnTheWayBack(): string {
  const told = /(?:^|; )tidegate_refused=([^;]*)/.exec(document.cookie)?.[1]
  // biome-ignore lint/suspicious/noDocumentCookie: the only way to take it
  document.cookie = 'tidegate_refused=; path=/; max-age=0'
  try {
    return decodeURIComponent(told ?? '')
  } catch {
    return 'The sign-in did not come to its end. Begin again.'
  }
}

/** Takes the cookie, and all that is on screen; where the session began at a provider, leads there, to end it too. */
export async function signOut(): Promise<void> {
  const { next } = await post('sign-out', {}).catch(() => ({ next: null }))
  location.assign(typeof next === 'string' ? next : '/')
}
