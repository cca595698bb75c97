/** `tidegate open`: the page of a run or an experiment; its address, and in a browser where there is one. */
import { spawn } from 'node:child_process'
import { graphql } from '@tidegate/client'
import { examples } from '../examples.ts'
import { notFound } from '../exit.ts'
import { findExperiment, runId } from '../found.ts'
import type { Commands } from '../session.ts'

const Exists = graphql(`query RunExists($id: ID!) { run(id: $id) { id } }`)

function openBrowser(url: string): void {
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]]
  const child = spawn(command as string, args as string[], { detached: true, stdio: 'ignore' })
  // Where there is none, the address was printed.
  child.on('error', () => {})
  child.unref()
}

export default ((program, act) => {
  const command = program
    .command('open')
    .argument('[what]', 'run:ID, or an experiment by name or id; the start page where it is left out')
    .description('prints the address of a page, and opens it when on a terminal')
    .option('--print', 'only print it')
  examples(command, 'open mnist', 'open run:0123456789abcdef0123456789abcdef --print').action(
    act(async ({ out, client, access, signal }, what: string | undefined, { print }: { print?: boolean }) => {
      let path = ''
      if (what?.startsWith('run:') || /^[0-9a-f]{32}$/.test(what ?? '')) {
        const id = runId(what!)
        if (!(await client.query(Exists, { id }, { signal })).run) throw notFound(`There is no run ${id}.`)
        path = `/runs/${id}`
      } else if (what !== undefined) path = `/experiments/${(await findExperiment(client, what)).id}`
      const url = `${access.url}${path}`
      out.document({ url }, () => url)
      if (!print && process.stdout.isTTY) openBrowser(url)
    }),
  )
}) satisfies Commands
