/**
 * The pages' GraphQL documents, found when they are built: the server gets their texts (`documents.json`), and in the pages each stands
 * as its digest, which they send in place of the text. A document is what stands in graphql(`…`): it has no `${}` in it.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefinitionNode, Kind, parse, print, visit } from '@0no-co/graphql.web'
import type { Plugin } from 'vite'

const source = join(import.meta.dirname, 'src')

function* definitions(): Generator<DefinitionNode> {
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(ts|svelte)$/.test(entry.name)) continue
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
    for (const [, document = ''] of text.matchAll(/\bgraphql\(\s*`([^`]*)`/g)) {
      // In comments too it is shown how one is written.
      if (/^\s*(query|mutation|subscription|fragment)\s+\w+/.test(document) && !document.includes('…')) yield* parse(document).definitions
    }
  }
}

/** Each operation's name and its text, with the fragments that it takes, in the order in which it takes them. */
export function documents(): Map<string, string> {
  const fragments = new Map<string, DefinitionNode>()
  const operations = new Map<string, DefinitionNode>()
  for (const definition of definitions()) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION && definition.kind !== Kind.OPERATION_DEFINITION) continue
    const name = definition.name!.value
    const known = definition.kind === Kind.FRAGMENT_DEFINITION ? fragments : operations
    if (known.has(name)) throw new Error(`Two documents are called ${name}: give each its own name.`)
    known.set(name, definition)
  }
  const taken = (definition: DefinitionNode, found = new Set<string>()): Set<string> => {
    visit(definition, {
      FragmentSpread({ name: { value } }) {
        const fragment = fragments.get(value)
        if (!fragment) throw new Error(`There is no fragment ${value}.`)
        if (found.has(value)) return
        found.add(value)
        taken(fragment, found)
      },
    })
    return found
  }
  return new Map(
    [...operations].map(([name, operation]) => {
      const all = [operation, ...[...taken(operation)].map((fragment) => fragments.get(fragment)!)]
      return [name, print({ kind: Kind.DOCUMENT, definitions: all })]
    }),
  )
}

/** graphql(`…`), with the fragments that may stand behind it. */
const written = /\bgraphql\(\s*`([^`]*)`\s*(?:,\s*\[[^\]]*\]\s*,?\s*)?\)/g

const texts = 'virtual:document-texts'

/**
 * Puts the digests in place of the documents, for which nothing is left to parse, and the texts into a chunk of their own: it is for a
 * server of another version than the page. While developing documents stay as they are written.
 */
export function persistedDocuments(): Plugin {
  const all = documents()
  const ids = new Map([...all].map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]))
  let isBuild = false
  return {
    name: 'persisted-documents',
    // Before Svelte's compiler.
    enforce: 'pre',
    configResolved: ({ command }) => void (isBuild = command === 'build'),
    resolveId: (id) => (id === texts ? `\0${texts}` : undefined),
    load: (id) => (id === `\0${texts}` ? `export default ${JSON.stringify(Object.fromEntries(all))}` : undefined),
    transform(code, id) {
      if (!isBuild || !id.startsWith(source) || !code.includes('graphql(')) return
      const replaced = code.replace(written, (call, document: string) => {
        const [, kind, name] = /^\s*(query|mutation|subscription|fragment)\s+(\w+)/.exec(document) ?? []
        if (kind === 'fragment') return 'undefined'
        return name && ids.has(name) ? JSON.stringify({ name, id: ids.get(name) }) : call
      })
      return { code: replaced, map: null }
    },
    generateBundle() {
      if (this.environment.name !== 'client') return
      this.emitFile({ type: 'asset', fileName: 'documents.json', source: JSON.stringify([...all.values()]) })
    },
  }
}
