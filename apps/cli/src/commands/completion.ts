/**
 * `tidegate completion`: the script that a shell loads; and `complete`, which that script asks at every Tab. Always true: what is
 * completed is what commander parses; a server that is away or slow costs a moment and its names, not the flags.
 */
import { type Client, graphql } from '@tidegate/client'
import { Argument, type Command, type Option } from 'commander'
import { openClient } from '../connection.ts'
import { examples } from '../examples.ts'
import { take } from '../found.ts'
import { findAccess, readProfiles } from '../profiles.ts'
import type { Commands } from '../session.ts'
import { type Shell, scripts, shells } from '../shells.ts'
import { plain } from '../table.ts'

/** How long the server is waited for, ms, and how many names it is asked for. */
const patience = 1_500
const most = 200

type Suggestion = [value: string, description: string]
/** Values that begin with the word, or all there are. `client` is made where it is asked for. */
type Suggest = (client: () => Client, word: string) => Promise<Suggestion[]>

const Files = graphql(`query CompleteFiles($id: ID!, $path: String!) { run(id: $id) { artifacts(path: $path) { path isDirectory } } }`)

/** The shell completes files of this machine. */
const files: Suggestion = [':files', '']

const experiments: Suggest = async (client) => {
  const found: Suggestion[] = []
  for await (const { id, name, runCount } of take(client().experiments(), most)) found.push([name, `${id}, ${runCount} runs`])
  return found
}

const runs: Suggest = async (client) => {
  const found: Suggestion[] = []
  for await (const { id, name, status } of take(client().searchRuns({ metrics: false, params: false, pageSize: most }), most)) {
    found.push([id, `${name} ${status}`])
  }
  return found
}
const prefixedRuns: Suggest = async (client, word) => (await runs(client, word)).map(([id, text]): Suggestion => [`run:${id}`, text])

/** `run:ID`, and after its slash the files. */
const remote: Suggest = async (client, word) => {
  const [, id, path = ''] = /^run:([0-9a-f]{32})\/(.*)$/.exec(word) ?? []
  if (!id) return (await prefixedRuns(client, word)).map(([place, text]): Suggestion => [`${place}/`, text])
  const { run } = await client().query(Files, { id, path: path.split('/').slice(0, -1).join('/') })
  return run?.artifacts.map((each): Suggestion => [`run:${id}/${each.path}${each.isDirectory ? '/' : ''}`, '']) ?? []
}
const remoteOrHere: Suggest = async (client, word) => (word.startsWith('run') ? remote(client, word) : [files])

const pages: Suggest = async (client, word) => (word.startsWith('run:') ? prefixedRuns(client, word) : experiments(client, word))

const columns: Suggest = async (client) => {
  const ids: string[] = []
  for await (const { id } of take(client().experiments(), most)) ids.push(id)
  const found: Suggestion[] = []
  for await (const { ref } of take(client().columns({ experiments: ids }), most)) found.push([ref, ''])
  return found
}

const profiles: Suggest = async () => Object.entries(readProfiles().profiles).map(([name, { url }]): Suggestion => [name, url])
const here: Suggest = async () => [files]

/** What flags, and the arguments of a command or a group of them, stand for. */
const meanings: Record<string, Suggest> = {
  '<experiment>': experiments,
  '<run>': runs,
  '<place>': remote,
  'cp <from>': remoteOrHere,
  'cp <to>': remoteOrHere,
  '<what>': pages,
  '--experiment': experiments,
  '--columns': columns,
  '--order': columns,
  '<folder>': here,
  '<file>': here,
  '--artifacts': here,
  '--output': here,
  '--profile': profiles,
  '--use': profiles,
  '--remove': profiles,
}

const takesValue = (option: Option | undefined): option is Option => Boolean(option && (option.required || option.optional))

/** What the words before the last have led to. */
interface Reached {
  command: Command
  /** Arguments that were given. */
  given: number
  /** The flag whose value comes now. */
  open: Option | undefined
  flags: Map<string, string>
}

function follow(program: Command, words: readonly string[]): Reached {
  let command = program
  let given = 0
  let open: Option | undefined
  const flags = new Map<string, string>()
  for (const word of words) {
    const [name, value] = word.split(/=(.*)/s) as [string, string?]
    if (name.startsWith('-')) {
      const option = [...command.options, ...program.options].find(({ long, short }) => name === long || name === short)
      open = takesValue(option) && value === undefined ? option : undefined
      if (option) flags.set(option.long!, value ?? '')
    } else if (open) {
      flags.set(open.long!, word)
      if (!open.variadic) open = undefined
    } else {
      const child = given === 0 && command.commands.find((each) => each.name() === word || each.aliases().includes(word))
      if (child) command = child
      else given++
    }
  }
  return { command, given, open, flags }
}

const choicesOf =
  (choices: readonly string[]): Suggest =>
  async () =>
    choices.map((choice): Suggestion => [choice, ''])

async function suggest(program: Command, words: readonly string[]): Promise<Suggestion[]> {
  const word = words.at(-1) ?? ''
  const { command, given, open, flags } = follow(program, words.slice(0, -1))
  let opened: Client | undefined
  const client = () =>
    (opened ??= openClient(
      findAccess({ server: flags.get('--server'), profile: flags.get('--profile'), workspace: flags.get('--workspace') }),
    ))
  const ask = async (meaning: Suggest | undefined, text: string) => {
    const late = new Promise<Suggestion[]>((resolve) => setTimeout(resolve, patience, []).unref())
    const asked = Promise.resolve(meaning?.(client, text)).catch((): Suggestion[] => [])
    return (await Promise.race([asked, late])) ?? []
  }
  const valuesOf = (option: Option, text: string) => ask(option.argChoices ? choicesOf(option.argChoices) : meanings[option.long!], text)

  try {
    if (open && !word.startsWith('-')) return await valuesOf(open, word)
    const options = [...command.options, ...program.options]
    const [name, value] = word.split(/=(.*)/s) as [string, string?]
    if (word.startsWith('-') && value !== undefined) {
      const option = options.find(({ long }) => long === name)
      return option ? (await valuesOf(option, value)).map(([each, text]): Suggestion => [`${name}=${each}`, text]) : []
    }
    if (word.startsWith('-')) {
      const fresh = options.filter(({ long, variadic }) => variadic || !flags.has(long!))
      return [...fresh.map(({ long, description }): Suggestion => [long!, description]), ['--help', 'how it is used']]
    }
    const children = given === 0 ? command.createHelp().visibleCommands(command) : []
    const argument = command.registeredArguments[given] ?? command.registeredArguments.findLast(({ variadic }) => variadic)
    const meaning =
      argument &&
      (argument.argChoices
        ? choicesOf(argument.argChoices)
        : (meanings[`${command.name()} <${argument.name()}>`] ?? meanings[`<${argument.name()}>`]))
    return [...children.map((child): Suggestion => [child.name(), child.description()]), ...(await ask(meaning, word))]
  } finally {
    opened?.close()
  }
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
  ).action(act(async ({ out }, shell: Shell) => out.raw(scripts[shell])))

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(
      act(async ({ out }, words: string[]) => {
        const word = words.at(-1) ?? ''
        for (const [value, description] of await suggest(program, words)) {
          if (value === files[0] || value.startsWith(word))
            out.raw(`${plain(value)}\t${plain(description)}\n`.replace(/^:files\t/, ':files'))
        }
      }),
    )
}) satisfies Commands
