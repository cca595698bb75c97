/** `tidegate version`. */
import { graphql } from '@tidegate/client'
import { cliVersion } from '../cli-version.ts'
import { examples } from '../examples.ts'
import { stopOf } from '../exit.ts'
import type { Commands } from '../session.ts'

const Version = graphql(`query Version { server { version } }`)

export default ((program, act) => {
  const command = program.command('version').description('the versions of this program and of the server')
  examples(command, 'version', 'version --json').action(
    act(async ({ out, client, signal, access }) => {
      const server = await client.query(Version, {}, { signal }).then(
        (answer) => ({ url: access.url, version: answer.server.version, error: null }),
        (error) => {
          signal.throwIfAborted()
          return { url: access.url, version: null, error: stopOf(error).message }
        },
      )
      out.document(
        { cli: cliVersion, node: process.versions.node, server },
        () => `tidegate ${cliVersion} (Node ${process.versions.node})\nserver   ${server.version ?? server.error} (${server.url})`,
      )
    }),
  )
}) satisfies Commands
