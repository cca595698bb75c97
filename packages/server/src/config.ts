/**
 * Every setting: one schema, read from the environment and the command line. A bad value stops the start and names itself.
 * Nothing else in the server reads process.env.
 */
import { z } from 'zod'
import { readKey } from './secrets.ts'

const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/** What each flag and its variable is for: --help prints it. */
export const settings = {
  host: { env: 'TIDEGATE_HOST', help: 'Address to listen on. Beyond loopback it wants --access accounts.', fallback: '127.0.0.1' },
  port: { env: 'TIDEGATE_PORT', help: 'Port to listen on.', fallback: '5000' },
  access: {
    env: 'TIDEGATE_ACCESS',
    help: 'open: whoever reaches it may do everything, on loopback only. accounts: one has to sign in.',
    fallback: 'open',
  },
  publicUrl: {
    env: 'TIDEGATE_PUBLIC_URL',
    help: 'Where people and clients reach the server, when that is not where it listens: https://tidegate.example.com. Beyond loopback it wants https.',
    fallback: '',
  },
  allowedHosts: {
    env: 'TIDEGATE_ALLOWED_HOSTS',
    help: 'Names the server answers to, besides those of loopback and of --public-url, separated by commas.',
    fallback: '',
  },
  allowedOrigins: {
    env: 'TIDEGATE_ALLOWED_ORIGINS',
    help: "Other sites whose pages may call the server from people's browsers, separated by commas: https://notebooks.example.com",
    fallback: '',
  },
  insecure: {
    env: 'TIDEGATE_INSECURE',
    help: 'yes: beyond loopback without TLS in front. Passwords and tokens then go over the network as they are.',
    fallback: 'no',
  },
  data: { env: 'TIDEGATE_DATA', help: 'Folder for the embedded database and for artifacts.', fallback: '.tidegate' },
  databaseUrl: {
    env: 'DATABASE_URL',
    help: 'A Postgres to use in place of the embedded one: postgres://user:password@host/name',
    fallback: '',
  },
  connections: { env: 'TIDEGATE_CONNECTIONS', help: 'Database connections of this process.', fallback: '10' },
  outboundHosts: {
    env: 'TIDEGATE_OUTBOUND_HOSTS',
    help: 'Hosts besides those on the public internet that alerts may call, separated by commas.',
    fallback: '',
  },
  smtpUrl: {
    env: 'TIDEGATE_SMTP_URL',
    help: 'The server that takes mail from here: smtp://user:password@smtp.example.com:587, or smtps:// for TLS from the first byte. It may hold a password: give it as the variable.',
    fallback: '',
  },
  mailFrom: {
    env: 'TIDEGATE_MAIL_FROM',
    help: 'Whom mail is from: "Tidegate <tidegate@example.com>".',
    fallback: '',
  },
  auditDays: {
    env: 'TIDEGATE_AUDIT_DAYS',
    help: 'Days that entries of the audit log are kept; 0: for ever. Nobody changes it from a page: whoever is in the log could let it go.',
    fallback: '400',
  },
  secretKeys: {
    env: 'TIDEGATE_SECRET_KEYS',
    help: 'What seals secrets in the database, in place of the file secret-keys in --data: keys separated by commas; the first seals, all open. The same for every server on a database. `openssl rand -base64 32` makes one.',
    fallback: '',
  },
  forgetKeys: {
    env: 'TIDEGATE_FORGET_KEYS',
    help: 'yes: start although the key of stored secrets is lost. They are given up.',
    fallback: 'no',
  },
  persistedOnly: {
    env: 'TIDEGATE_PERSISTED_ONLY',
    help: 'yes: GraphQL takes the documents of the pages, and no others.',
    fallback: 'no',
  },
  logLevel: { env: 'TIDEGATE_LOG_LEVEL', help: 'debug (a line per operation), info, warn, error.', fallback: 'info' },
} as const

const hosts = z
  .string()
  .regex(/^[^\s/]*$/, 'is not a list of hosts: give names or addresses, without ports, separated by commas')
  .transform((hosts) => hosts.split(',').filter(Boolean))
/** As browsers write an Origin: nothing after the host and port, and those as they would have them. */
const isOrigin = (text: string) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
const yesOrNo = z.enum(['yes', 'no'], { error: 'is neither yes nor no' }).transform((answer) => answer === 'yes')

const schema = z
  .object({
    host: z.string().min(1, 'is empty: name an address'),
    access: z.enum(['open', 'accounts'], { error: 'is neither open nor accounts' }),
    publicUrl: z
      .string()
      .refine(
        (url) => url === '' || isOrigin(url),
        'is not where a site is: give a scheme, a host and no path, such as https://tidegate.example.com',
      ),
    allowedOrigins: z
      .string()
      .transform((origins) => origins.split(',').filter(Boolean))
      .refine(
        (origins) => origins.every(isOrigin),
        'is not a list of origins: give a scheme, a host and no path of each, such as https://notebooks.example.com, separated by commas',
      ),
    allowedHosts: hosts,
    insecure: yesOrNo,
    port: z
      .string()
      .regex(/^\d+$/, 'is not a port: give a number from 0 (a free one) to 65535')
      .transform(Number)
      .refine((port) => port < 65_536, 'is not a port: give a number from 0 (a free one) to 65535'),
    data: z.string().min(1, 'is empty: name a folder'),
    databaseUrl: z
      .string()
      .refine(
        (url) => url === '' || /^postgres(ql)?:\/\//.test(url),
        'is not the URL of a Postgres: postgres://user:password@host:5432/name',
      ),
    connections: z
      .string()
      .regex(/^[1-9]\d{0,2}$/, 'is not a number of connections: give 1 to 999')
      .transform(Number),
    outboundHosts: hosts,
    smtpUrl: z
      .string()
      .refine(
        (url) => url === '' || (/^smtps?:\/\//.test(url) && URL.canParse(url) && new URL(url).hostname !== ''),
        'is not the URL of a mail server: smtp://user:password@smtp.example.com:587',
      ),
    mailFrom: z
      .string()
      .regex(
        /^$|^(?:[^<>@"\r\n]+ <[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/,
        'is not a sender: give an address, or a name and one: Tidegate <tidegate@example.com>',
      ),
    auditDays: z
      .string()
      .regex(/^\d{1,5}$/, 'is not a number of days: give 1 to 99999, or 0 for ever')
      .transform(Number),
    secretKeys: z
      .string()
      .transform((keys) => keys.split(',').filter(Boolean))
      .refine(
        (keys) => keys.every(readKey),
        'is not a list of keys: give 32 bytes in base64 each, as `openssl rand -base64 32` makes them',
      ),
    forgetKeys: yesOrNo,
    persistedOnly: yesOrNo,
    logLevel: z.enum(['debug', 'info', 'warn', 'error'], { error: 'is not a level: give debug, info, warn or error' }),
  })
  .superRefine(({ host, access, publicUrl, allowedHosts, insecure, smtpUrl, mailFrom }, context) => {
    const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message })
    if (smtpUrl && !mailFrom) refuse('mailFrom', 'is missing: whom is mail from? Give --mail-from "Tidegate <tidegate@example.com>".')
    const isFar = (name: string) => !loopback.has(name.replace(/^\[|\]$/g, ''))
    const isPublic = isOrigin(publicUrl) && isFar(new URL(publicUrl).hostname)
    // Still text where it was refused.
    const hasFarName = Array.isArray(allowedHosts) && allowedHosts.some(isFar)
    // A proxy on this machine brings everybody to loopback.
    if (access === 'open' && (isPublic || hasFarName)) {
      refuse(
        isPublic ? 'publicUrl' : 'allowedHosts',
        'is refused: whoever reaches an open server may do everything, and this is for others than this machine. Start it with --access accounts.',
      )
    } else if (isPublic && publicUrl.startsWith('http:') && !insecure) {
      refuse(
        'publicUrl',
        'is refused: without TLS in front passwords and tokens go over the network as they are. Give an https:// address, or --insecure yes where the network is trusted.',
      )
    }
    if (loopback.has(host)) return
    if (access === 'open') {
      refuse(
        'host',
        'is refused: whoever reaches an open server may do everything, so it listens on loopback only (127.0.0.1, localhost, ::1). Start it with --access accounts, or reach it from elsewhere through an SSH tunnel.',
      )
    } else if (!publicUrl.startsWith('https:') && !insecure) {
      refuse(
        'host',
        'is refused: without TLS in front passwords and tokens go over the network as they are. Say how it is reached with --public-url https://…, or --insecure yes where the network is trusted.',
      )
    }
  })

export type Config = z.infer<typeof schema> & { dev: boolean }

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

export const help = [
  'Usage: pnpm start [options]',
  '',
  ...Object.entries(settings).map(([name, { env, help, fallback }]) => {
    return `  ${flagOf(name).padEnd(16)} ${env.padEnd(22)} ${help}${fallback ? ` Default: ${fallback}` : ''}`
  }),
  `  ${'--dev'.padEnd(16)} ${''.padEnd(22)} GraphiQL at /graphql.`,
  '',
  'A flag wins over its environment variable.',
].join('\n')

export type ReadConfig = { ok: true; config: Config } | { ok: false; problems: string[] }

/** Reads the command line and the environment. Every problem at once, a line each. */
export function readConfig(argv: string[], env: NodeJS.ProcessEnv = process.env): ReadConfig {
  const problems: string[] = []
  const flags = new Map<string, string>()
  const known = new Map(Object.keys(settings).map((name) => [flagOf(name), name]))
  let dev = false
  for (let i = 0; i < argv.length; i++) {
    const [flag, inline] = argv[i]!.split(/=(.*)/s) as [string, string?]
    const name = known.get(flag)
    if (flag === '--dev') dev = true
    else if (flag === '--') continue
    else if (!name) problems.push(`${flag} is not an option. --help lists them.`)
    else {
      const value = inline ?? argv[++i]
      if (value === undefined) problems.push(`${flag} needs a value.`)
      else flags.set(name, value)
    }
  }
  const raw = Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, flags.get(name) ?? env[setting.env] ?? setting.fallback]),
  )
  const parsed = schema.safeParse(raw)
  const order = Object.keys(settings)
  const issues = parsed.success
    ? []
    : parsed.error.issues.toSorted((a, b) => order.indexOf(String(a.path[0])) - order.indexOf(String(b.path[0])))
  for (const issue of issues) {
    const name = String(issue.path[0]) as keyof typeof settings
    const source = flags.has(name) ? flagOf(name) : settings[name].env
    // A URL of a database or a mail server may hold a password.
    const hidden = ['databaseUrl', 'smtpUrl', 'secretKeys'].includes(name)
    problems.push(`${source}${hidden ? '' : ` '${raw[name]}'`} ${issue.message}`)
  }
  return parsed.success && !problems.length ? { ok: true, config: { ...parsed.data, dev } } : { ok: false, problems }
}
