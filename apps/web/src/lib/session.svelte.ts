/** Who looks, in which workspace, and where the server is. Asked at the start, when the line is back while it is unknown, and when a request was refused for lack of it. */
import { graphql, query, type ResultOf, signedOut } from '#lib/api.ts'

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

/** Outlives the browser: a year, seconds. */
const workspaceLife = 365 * 24 * 3600

async function ask(): Promise<void> {
  try {
    answer = await query(Session, {})
  } catch {
    // The rail then shows the product's name, and what needs the server says itself that it is away.
  }
}

signedOut.listen(() => void ask())

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

/** Signing in is about a cookie, so it is no GraphQL. Throws the server's sentence. */
export async function authenticate(
  path: 'sign-in' | 'sign-out' | 'link/read' | 'link/accept' | 'forgot',
  body: object,
): Promise<{ name: string | null; isNew: boolean }> {
  const response = await fetch(`/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error('The server could not be reached. Try again.')
  })
  const answer = (await response.json().catch(() => ({}))) as { message?: string; name?: string | null; isNew?: boolean }
  if (!response.ok) throw new Error(answer.message ?? `The server answered ${response.status}.`)
  return { name: answer.name ?? null, isNew: answer.isNew ?? true }
}

/** What a page for signing in offers. Nothing, where the server can't be asked: it is tried all the same. */
export const signInWays = async (): Promise<{ reset: boolean; sso: { name: string } | null }> => {
  try {
    return await (await fetch('/auth/ways')).json()
  } catch {
    return { reset: false, sso: null }
  }
}

/** Takes the cookie, and all that is on screen. */
export async function signOut(): Promise<void> {
  await authenticate('sign-out', {}).catch(() => {})
  location.assign('/')
}
