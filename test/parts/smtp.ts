/** A real mail server on loopback: it takes letters and shows them, and refuses, delays or drops as it is told. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Received {
  to: string
  from: string
  subject: string
  id: string
  text: string
  html: string
  /** As it came. */
  source: string
}

export interface SmtpSink {
  /** For --smtp-url, with name and password. */
  url: string
  letters: Received[]
  /** What is done with a letter for somebody. @default all are taken */
  behave: (to: string) => 'take' | 'refuse' | 'busy' | 'drop'
  /** Taken, but only when this is done. */
  hold: Promise<void> | undefined
  /** How often somebody came to deliver. */
  visits: number
  stop(): Promise<void>
}

export const account = { user: 'tide', password: 'ebb & flow: 100%' }

export async function startSmtp(): Promise<SmtpSink> {
  const say = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code })
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === account.user && password === account.password) done(null, { user: username })
      else done(say(535, `No account ${username} with the password ${password}`))
    },
    onMailFrom(_address, _session, done) {
      sink.visits++
      done()
    },
    onRcptTo({ address }, session, done) {
      const what = sink.behave(address)
      if (what === 'refuse') done(say(550, 'No such mailbox here'))
      else if (what === 'busy') done(say(451, 'Try again later'))
      else if (what === 'drop')
        (server.connections as Set<{ id: string; close(): void }>).forEach((each) => void (each.id === session.id && each.close()))
      else done()
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        await sink.hold
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom ? mailFrom.address : ''
        for (const { address } of rcptTo) sink.letters.push({ to: address, from, ...read(Buffer.concat(chunks).toString('latin1')) })
        done()
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  const sink: SmtpSink = {
    url: `smtp://${account.user}:${encodeURIComponent(account.password)}@127.0.0.1:${port}`,
    letters: [],
    behave: () => 'take',
    hold: undefined,
    visits: 0,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return sink
}

function read(source: string): Omit<Received, 'to' | 'from'> {
  const [head = ''] = source.split('\r\n\r\n', 1)
  const field = (within: string, name: string) =>
    new RegExp(`^${name}:((?:.|\\r\\n[ \\t])*)`, 'im')
      .exec(within)?.[1]
      ?.replace(/\r\n[ \t]+/g, ' ')
      .trim() ?? ''
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1]
  const parts = boundary ? source.split(`--${boundary}`).slice(1, -1) : []
  const part = (type: string) => {
    const found = parts.find((each) => each.toLowerCase().includes(`content-type: ${type}`)) ?? ''
    const at = found.indexOf('\r\n\r\n')
    const [own, body] = [found.slice(0, at), found.slice(at + 4).replace(/\r\n$/, '')]
    const how = field(own, 'content-transfer-encoding').toLowerCase()
    const bytes =
      how === 'base64'
        ? Buffer.from(body, 'base64')
        : how === 'quoted-printable'
          ? Buffer.from(
              body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16))),
              'latin1',
            )
          : Buffer.from(body, 'latin1')
    return bytes.toString('utf8').replaceAll('\r\n', '\n')
  }
  return {
    subject: field(head, 'subject'),
    id: field(head, 'message-id'),
    text: part('text/plain'),
    html: part('text/html'),
    source,
  }
}
