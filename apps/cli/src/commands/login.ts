/** `tidegate login`: servers and who asks them, kept under names. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { type Client, graphql } from '@tidegate/client'
import { openClient } from '../connection.ts'
import { examples } from '../examples.ts'
import { exit, Stop, usage } from '../exit.ts'
import { addressOf, findAccess, type Profile, profilesFile, readProfiles, writeProfiles } from '../profiles.ts'
import type { Commands, Session } from '../session.ts'

const Who = graphql(`query WhoAmI { viewer { name workspace { name } } server { version } }`)

interface Flags {
  check?: boolean
  list?: boolean
  use?: string
  remove?: string
  user?: string
  tokenStdin?: boolean
}

async function who(client: Client, signal: AbortSignal) {
  const { viewer, server } = await client.query(Who, {}, { signal })
  if (!viewer)
    throw new Stop(exit.refused, 'This server wants to know who asks: make a token on its page Access, and give it here.', {
      code: 'UNAUTHENTICATED',
    })
  return { user: viewer.name, workspace: viewer.workspace.name, version: server.version }
}

/** A secret: from a pipe, or typed without being shown. Never from a flag, which others on the machine could read. */
async function secret(question: string, signal: AbortSignal): Promise<string> {
  const given = process.stdin.isTTY ? await typed(question, signal) : await readAll(process.stdin)
  const trimmed = given.trim()
  if (!trimmed) throw usage(`${question} is empty: pipe it in, as in \`printf %s "$TOKEN" | tidegate login URL --token-stdin\`.`)
  return trimmed
}

async function typed(question: string, signal: AbortSignal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const asking = createInterface({ input: process.stdin, output: silent, terminal: true })
  asking.once('SIGINT', () => process.emit('SIGINT'))
  // Only now is the terminal silent: who types at once is not shown either.
  process.stderr.write(`${question}: `)
  try {
    return await asking.question('', { signal })
  } finally {
    asking.close()
    process.stderr.write('\n')
  }
}

async function keep(session: Session, address: string | undefined, { user, tokenStdin }: Flags): Promise<void> {
  const { out, flags, signal } = session
  if (tokenStdin && user) throw usage('Give a token, or a user and a password.')
  const name = flags.profile ?? 'default'
  const url = addressOf(address ?? flags.server ?? findAccess({}).url, 'The address')
  const profile: Profile = {
    url,
    ...(tokenStdin && { token: await secret('Token', signal) }),
    ...(user && { user, password: await secret('Password', signal) }),
    ...(flags.workspace && { workspace: flags.workspace }),
  }
  // One that doesn't work is not kept.
  const client = openClient({ ...profile, from: 'login' })
  const answer = await who(client, signal)
  client.close()
  const { profiles } = readProfiles()
  await writeProfiles({ current: name, profiles: { ...profiles, [name]: profile } })
  out.document(
    { profile: name, url, ...answer, file: profilesFile() },
    () => `Profile ${name}: ${url} as ${answer.user}, workspace ${answer.workspace}.`,
  )
}

export default ((program, act) => {
  const command = program
    .command('login')
    .argument('[url]', "the server's address")
    .description('keeps a server, and who asks it, under a name, and uses it from then on')
    .option('--check', 'say which server is in use and whether it answers; keep nothing')
    .option('--list', 'the profiles that are kept')
    .option('--use <name>', 'use this profile from now on')
    .option('--remove <name>', 'forget a profile')
    .option('--token-stdin', 'read a token from standard input')
    .option('--user <name>', 'a user; the password is read from standard input')
  examples(
    command,
    'login http://127.0.0.1:5000',
    'login https://tidegate.example.com --profile team --token-stdin < token.txt',
    'login --check',
    'login --use team',
  ).action(
    act(async (session, address: string | undefined, flags: Flags) => {
      const { out } = session
      const modes = [flags.check, flags.list, flags.use !== undefined, flags.remove !== undefined].filter(Boolean).length
      if (modes > 1 || (modes && address)) throw usage('Give an address, or one of --check, --list, --use and --remove.')
      if (flags.check) {
        const { url, from, profile = null } = session.access
        const answer = await who(session.client, session.signal)
        return out.document({ url, from, profile, ...answer }, () =>
          out.facts(url, [
            ['from', from],
            ['profile', profile ?? ''],
            ['user', answer.user],
            ['workspace', answer.workspace],
            ['version', answer.version],
          ]),
        )
      }
      const { current, profiles } = readProfiles()
      if (flags.list) {
        const rows = Object.entries(profiles).map(([name, { url, token, user, workspace = null }]) => {
          return { name, current: name === current, url, auth: token ? 'token' : user ? 'password' : 'none', user: user ?? null, workspace }
        })
        return out.list(rows, {
          id: ({ name }) => name,
          none: 'No profiles. `tidegate login URL` makes one.',
          columns: [
            { title: '', of: (row) => (row.current ? '*' : '') },
            { title: 'PROFILE', of: ({ name }) => name },
            { title: 'SERVER', of: ({ url }) => url },
            { title: 'WITH', of: ({ auth, user }) => [auth, user].filter(Boolean).join(' ') },
          ],
        })
      }
      const named = flags.use ?? flags.remove
      if (named === undefined) return keep(session, address, flags)
      const { [named]: meant, ...others } = profiles
      if (!meant) throw usage(`There is no profile '${named}' (known: ${Object.keys(profiles).join(', ') || 'none'}).`)
      if (flags.use) await writeProfiles({ current: named, profiles })
      else await writeProfiles({ ...(current && current !== named && { current }), profiles: others })
      out.document({ profile: named, removed: Boolean(flags.remove) }, () =>
        flags.use ? `Using ${named}: ${meant.url}.` : `Forgot ${named}.`,
      )
    }),
  )
}) satisfies Commands
