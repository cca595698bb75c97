/**
 * `tidegate completion`: the script that a shell loads; and `complete`, which that script asks at every Tab. Always true: what is
 * completed is what commander parses; a server that is away or slow costs a moment and its names, not the flags.
 */
import { RootCommand, script } from '@bomb.sh/tab'
import { type Client, graphql } from '@tidegate/client'
import { Argument, type Command, type Option } from 'commander'
import { examples } from '../examples.ts'
import { take } from '../found.ts'
import { readProfiles } from '../profiles.ts'
import type { Commands, Session } from '../session.ts'
import { plain } from '../table.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/** How long the server is waited for, ms, and how many names it is asked for. */
const patience = 1_500
const most = 200

type Suggestion = [value: string, description: string]
type Suggest = (session: Session, word: string) => Promise<Suggestion[]>

const Files = graphql(`query CompleteFiles($id: ID!, $path: String!) { run(id: $id) { artifacts(path: $path) { path isDirectory } } }`)

const experiments: Suggest = async ({ client }) => {
  const found: Suggestion[] = []
  for await (const { id, name, runCount } of take(client.experiments(), most)) found.push([name, `${id}, ${runCount} runs`])
  return found
}

const runsOf = async (client: Client, prefix = ''): Promise<Suggestion[]> => {
  const found: Suggestion[] = []
  for await (const { id, name, status } of take(client.searchRuns({ metrics: false, params: false, pageSize: most }), most)) {
    found.push([`${prefix}${id}`, `${name} ${status}`])
  }
  return found
}
const runs: Suggest = ({ client }) => runsOf(client)

/** `run:ID`, and after its slash the files. */
const places: Suggest = async ({ client }, word) => {
  const [, id, path = ''] = /^run:([0-9a-f]{32})\/(.*)$/.exec(word) ?? []
  if (!id) return runsOf(client, 'run:')
  const { run } = await client.query(Files, { id, path: path.split('/').slice(0, -1).join('/') })
  return run?.artifacts.map(({ path, isDirectory }): Suggestion => [`run:${id}/${path}${isDirectory ? '/' : ''}`, '']) ?? []
}

const either: Suggest = async (session, word) => (word.startsWith('run:') ? runsOf(session.client, 'run:') : experiments(session, word))

const columns: Suggest = async ({ client }) => {
  const ids: string[] = []
  for await (const { id } of take(client.experiments(), most)) ids.push(id)
  const found: Suggestion[] = []
  for await (const { ref } of take(client.columns({ experiments: ids }), most)) found.push([ref, ''])
  return found
}

const profiles: Suggest = async () => Object.entries(readProfiles().profiles).map(([name, { url }]): Suggestion => [name, url])

/** What the names of arguments and flags stand for. */
const suggestions: Record<string, Suggest> = {
  'experiments:experiment': experiments,
  'runs:experiment': experiments,
  'runs:run': runs,
  'artifacts:place': places,
  'artifacts:from': places,
  'artifacts:to': places,
  'open:what': either,
  '--experiment': experiments,
  '--columns': columns,
  '--order': columns,
  '--profile': profiles,
  '--use': profiles,
  '--remove': profiles,
}

type Complete = (suggest: (value: string, description: string) => void) => void

/** The library's tree of commands, made from commander's. Suggestions of the server are fetched before: it asks for them at once. */
function treeOf(program: Command, given: Map<string, Suggestion[]>): RootCommand {
  const tree = new RootCommand()
  const fill = (key: string, choices: readonly string[] | undefined): Complete => {
    const found = choices?.map((choice): Suggestion => [choice, '']) ?? given.get(key)
    return (suggest) => {
      for (const [value, description] of found ?? []) suggest(value, plain(description))
    }
  }
  const addOption = (target: Pick<RootCommand, 'option'>, option: Option) => {
    const name = option.long!.slice(2)
    const short = option.short?.slice(1)
    if (option.required || option.optional) target.option(name, option.description, fill(option.long!, option.argChoices), short)
    else target.option(name, option.description, short)
  }
  const help = program.createHelp()
  const globals = program.options
  for (const option of globals) addOption(tree, option)
  const walk = (command: Command, path: string[]) => {
    for (const child of help.visibleCommands(command)) {
      for (const name of [child.name(), ...child.aliases()]) {
        const words = [...path, name]
        const added = tree.command(words.join(' '), child.description())
        for (const option of [...child.options, ...globals]) addOption(added, option)
        for (const argument of child.registeredArguments) {
          const group = command === program ? child.name() : command.name()
          added.argument(argument.name(), fill(`${group}:${argument.name()}`, argument.argChoices), argument.variadic)
        }
        walk(child, words)
      }
    }
  }
  walk(program, [])
  return tree
}

/** Which of the server's names the words may want: those of the command's arguments and flags. */
async function gather(session: Session, program: Command, words: string[]): Promise<Map<string, Suggestion[]>> {
  let command = program
  for (const word of words) command = command.commands.find((child) => child.name() === word || child.aliases().includes(word)) ?? command
  const group = command.parent === program || !command.parent ? command.name() : command.parent.name()
  const [before, word] = [words.at(-2) ?? '', words.at(-1) ?? '']
  const key = before.startsWith('--')
    ? before
    : ({ '-e': '--experiment', '-c': '--columns' }[before] ?? `${group}:${(command.registeredArguments[0] ?? new Argument('none')).name()}`)
  const keys = [key, ...command.registeredArguments.slice(1).map((argument) => `${group}:${argument.name()}`)].filter(
    (each) => suggestions[each],
  )
  const late = new Promise<Suggestion[]>((resolve) => setTimeout(resolve, patience, []).unref())
  const found = keys.map(async (each): Promise<[string, Suggestion[]]> => {
    const asked = suggestions[each]!(session, word).catch((): Suggestion[] => [])
    return [each, await Promise.race([asked, late])]
  })
  return new Map(await Promise.all(found))
}

export default ((program, act) => {
  const command = program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(shells))
    .description('prints what a shell loads to complete commands, flags, and names from the server')
  examples(
    command,
    'completion bash > ~/.local/share/bash-completion/completions/tidegate',
    'completion zsh > ~/.zfunc/_tidegate',
    'completion fish > ~/.config/fish/completions/tidegate.fish',
  ).action((shell: Shell) => script(shell, 'tidegate', 'tidegate'))

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(
      act(async (session, words: string[]) => {
        const given = await gather(session, program, words)
        treeOf(program, given).parse(words)
      }),
    )
}) satisfies Commands
