/**
 * The way to the mail server that the operator has named with --smtp-url. Always true: a password goes to it over TLS or not at all,
 * unless it is on this machine; neither the password nor what a letter says is in a log line or a reason. The host is the
 * operator's word, so the rules of outbound.ts, which are for what users name, don't ask about it; whom it writes to, it decides.
 */
export interface MailerOptions {
  /** smtp://user:password@host:587, or smtps:// for TLS from the first byte. */
  url: string
  /** Whom letters are from: Tidegate <tidegate@example.com> */
  from: string
}

export interface Letter {
  /** The same at each attempt: who gets it twice can tell. */
  id: string
  to: string
  subject: string
  text: string
  html: string
  /** What a mail program calls where somebody wants no more of these: RFC 8058. */
  stop?: string | undefined
}

/** `isFinal`: to try again would bring the same. */
export type Posted = { ok: true } | { ok: false; isFinal: boolean; reason: string }

export interface Mailer {
  from: string
  host: string
  /** Never throws: what went wrong is in the outcome. */
  post(letter: Letter, signal?: AbortSignal): Promise<Posted>
}

/** How long the server may be silent, ms. */
const patience = 10_000
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
/** After these the server has looked at this very letter, not at us. */
const aboutLetter = new Set(['RCPT TO', 'DATA'])

/** What is asked of the library: apart, so that it can be looked at. */
export function transportOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const isLocal = loopback.has(hostname)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port ? Number(port) : secure ? 465 : 587,
    secure,
    // Whoever sits between could take away the offer of TLS, and then the password.
    requireTLS: !secure && !isLocal && username !== '',
    ignoreTLS: !secure && isLocal,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

export function openMailer({ url, from }: MailerOptions): Mailer {
  const options = transportOf(url)
  const password = 'auth' in options ? options.auth?.pass : undefined

  return {
    from,
    host: options.host,
    async post({ id, to, subject, text, html, stop: unsubscribe }, signal) {
      // Loaded when the first letter goes.
      const { createTransport } = await import('nodemailer')
      const transport = createTransport(options)
      const stop = () => transport.close()
      signal?.addEventListener('abort', stop, { once: true })
      try {
        const at = /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'tidegate'
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${id}@${at}>`,
          // No machine answers it: RFC 3834.
          headers: {
            'auto-submitted': 'auto-generated',
            ...(unsubscribe && { 'list-unsubscribe': `<${unsubscribe}>`, 'list-unsubscribe-post': 'List-Unsubscribe=One-Click' }),
          },
        })
        return { ok: true }
      } catch (error) {
        const { command = '', responseCode = 0 } = error as { command?: string; responseCode?: number }
        const reason = ((error as Error).message || 'no answer').slice(0, 500)
        return {
          ok: false,
          isFinal: responseCode >= 500 && aboutLetter.has(command),
          reason: password ? reason.replaceAll(password, '…') : reason,
        }
      } finally {
        signal?.removeEventListener('abort', stop)
        transport.close()
      }
    },
  }
}
