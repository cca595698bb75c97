/**
 * Signing in at an OpenID Connect provider: authorization code with PKCE, found by discovery. Two steps: `begin` says where
 * to send the browser, and what to keep in it meanwhile; `finish` takes what it came back with and says who that is.
 * Always true: the identity is the provider's word, signed by a key of its own, for this server, for this attempt, now. An
 * attempt is kept by the browser that began it (an HttpOnly cookie), so nobody signs in with an answer meant for another.
 * Who the identity is here, and what it may do, is no matter of this file; what its groups stand for is in group-roles.ts.
 */
import type { Configuration, IDToken, UserInfoResponse } from 'openid-client'
import { z } from 'zod'
import { AppError, invalid } from './errors.ts'
import type { Outbound } from './outbound.ts'

export interface OidcOptions {
  /** As the provider writes it: https://login.example.com/realms/lab */
  issuer: string
  clientId: string
  clientSecret: string
  /** Where the provider sends the browser back to: registered there, letter by letter. */
  redirectUri: string
  /** The claim with the groups: a name, or a path such as realm_access.roles. @default 'groups' */
  groupsClaim?: string
}

/** Who somebody is, as the provider has it. `issuer` and `subject` together are the one thing that never changes. */
export interface Identity {
  issuer: string
  subject: string
  email: string | null
  /** False: anybody may have written that address, so nothing may follow from it. */
  emailVerified: boolean
  name: string
  groups: string[]
  /** What the provider signed: by it a session is ended there. */
  idToken: string
}

export interface Oidc {
  /** Throws TEMPORARILY_UNAVAILABLE where the provider does not answer, INVALID_PARAMETER_VALUE where it is none. */
  begin(): Promise<{ url: string; attempt: string }>
  /** Throws UNAUTHENTICATED where it can't be known who it is, with what to do. */
  finish(query: URLSearchParams, attempt: string): Promise<Identity>
  /** Where to send a browser so that the person is signed out at the provider too, and comes back. Undefined where it can't do that. */
  end(idToken: string, back: string): Promise<string | undefined>
}

/** How long a person has at the provider, ms. */
const patience = 10 * 60_000
/** How long what was found is believed, ms; but for a sign-in, which is judged by the keys that the provider has now. */
const freshness = 60 * 60_000
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

const attempts = z.object({ state: z.string().min(20), nonce: z.string().min(20), verifier: z.string().min(20), at: z.number() })

const refused = (message: string, cause?: unknown) => new AppError('UNAUTHENTICATED', message, { cause })
const again = 'Begin again.'

export function openOidc(options: OidcOptions, outbound: Outbound): Oidc {
  const { clientId, clientSecret, redirectUri, groupsClaim = 'groups' } = options
  const issuer = URL.canParse(options.issuer) ? new URL(options.issuer) : undefined
  // What is asked over plain HTTP never leaves this machine.
  const local = issuer?.protocol === 'http:' && loopback.has(issuer.hostname)
  let found: { at: number; configuration: Promise<Configuration> } | undefined

  async function discover(): Promise<Configuration> {
    if (!issuer || (issuer.protocol !== 'https:' && !local)) {
      throw invalid(`The issuer '${options.issuer}' is not an https:// URL. Give it as the provider's discovery document has it.`, 'issuer')
    }
    outbound.check(issuer.href, 'issuer')
    const library = await import('openid-client')
    try {
      return await library.discovery(issuer, clientId, clientSecret, undefined, {
        [library.customFetch]: (url, call) => outbound.fetch(url, call as Parameters<Outbound['fetch']>[1]),
        // Signatures are checked although the token came over TLS from the provider itself.
        execute: [library.enableNonRepudiationChecks, ...(local ? [library.allowInsecureRequests] : [])],
        timeout: 10,
      })
    } catch (error) {
      throw new AppError('TEMPORARILY_UNAVAILABLE', `The provider at ${issuer.href} can't be used: ${reason(error)}`, {
        field: 'issuer',
        cause: error,
      })
    }
  }

  function configuration(): Promise<Configuration> {
    if (!found || Date.now() - found.at > freshness) {
      const attempt = { at: Date.now(), configuration: discover() }
      attempt.configuration.catch(() => {
        if (found === attempt) found = undefined
      })
      found = attempt
    }
    return found.configuration
  }

  return {
    async begin() {
      const config = await configuration()
      const library = await import('openid-client')
      const attempt = {
        state: library.randomState(),
        nonce: library.randomNonce(),
        verifier: library.randomPKCECodeVerifier(),
        at: Date.now(),
      }
      // Some providers refuse a scope that they don't know, and some name none.
      const groups = config.serverMetadata().scopes_supported?.includes('groups')
      const url = library.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: `openid profile email${groups ? ' groups' : ''}`,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await library.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, attempt: Buffer.from(JSON.stringify(attempt)).toString('base64url') }
    },

    async finish(query, kept) {
      const attempt = readAttempt(kept)
      if (!attempt || query.get('state') !== attempt.state) throw refused(`This sign-in was not begun in this browser. ${again}`)
      if (Math.abs(Date.now() - attempt.at) > patience) throw refused(`This sign-in was begun more than ten minutes ago. ${again}`)
      const config = await discover()
      const library = await import('openid-client')
      const current = new URL(redirectUri)
      current.search = query.toString()
      try {
        const tokens = await library.authorizationCodeGrant(config, current, {
          expectedState: attempt.state,
          expectedNonce: attempt.nonce,
          pkceCodeVerifier: attempt.verifier,
          idTokenExpected: true,
        })
        let claims: IDToken | (IDToken & UserInfoResponse) = tokens.claims()!
        // Many providers keep the token small and have the rest here.
        if (config.serverMetadata().userinfo_endpoint && (claims.email === undefined || groupsOf(claims, groupsClaim) === undefined)) {
          claims = { ...(await library.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims }
        }
        return { ...identityOf(claims, groupsClaim), idToken: tokens.id_token! }
      } catch (error) {
        if (error instanceof AppError) throw error
        const { error: code, cause } = error as { error?: string; cause?: unknown }
        if (code === 'access_denied') throw refused(`The provider was told not to sign you in. ${again}`, error)
        if (code === 'invalid_client' || code === 'unauthorized_client') {
          throw new AppError(
            'INVALID_STATE',
            `The provider refuses this server's client id or secret (${code}). An admin has to correct them.`,
            {
              cause: error,
            },
          )
        }
        throw refused(`The provider's answer is not taken: ${reason(error)} ${again}`, cause ?? error)
      }
    },

    async end(idToken, back) {
      const config = await configuration()
      if (!config.serverMetadata().end_session_endpoint) return undefined
      const library = await import('openid-client')
      return library.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: back }).href
    },
  }
}

function readAttempt(kept: string) {
  try {
    return attempts.parse(JSON.parse(Buffer.from(kept, 'base64url').toString()))
  } catch {
    return undefined
  }
}

/** The library's sentence, and what it stems from. */
function reason(error: unknown): string {
  const { message, error: code, error_description: description, cause } = error as Error & { error?: string; error_description?: string }
  const because = cause instanceof Error && cause.message !== message ? `: ${cause.message}` : ''
  return `${code ? `${code}${description ? `, ${description}` : ''}` : message}${because}.`.replace(/\.+$/, '.')
}

/** Undefined where the claim is not there. */
function groupsOf(claims: Record<string, unknown>, claim: string): string[] | undefined {
  const step = (value: unknown, part: string) =>
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined
  // Some names are URLs, with dots of their own.
  const value = claims[claim] ?? claim.split('.').reduce(step, claims as unknown)
  if (value === undefined || value === null) return undefined
  return [value].flat().filter((each) => typeof each === 'string')
}

function identityOf(claims: IDToken & Partial<UserInfoResponse>, claim: string): Omit<Identity, 'idToken'> {
  const groups = groupsOf(claims, claim)
  const elsewhere = claims._claim_names
  if (groups === undefined && typeof elsewhere === 'object' && elsewhere && claim in elsewhere) {
    // To go on without them would take roles away.
    throw new AppError(
      'INVALID_STATE',
      `The provider left out the claim '${claim}', because there are too many groups. An admin has to let it send those of this application only.`,
    )
  }
  const text = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)
  const email = text(claims.email)
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: email ?? null,
    emailVerified: email !== undefined && claims.email_verified === true,
    name: text(claims.name) ?? text(claims.preferred_username) ?? email ?? claims.sub,
    groups: groups ?? [],
  }
}
