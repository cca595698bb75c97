/**
 * The pages' GraphQL documents, found when they are built: the server gets their texts (`documents.json`), the pages the digests,
 * by the names of their operations, and so they need not send the texts. A document is what stands in graphql(`…`): it has no `${}` in it.
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

/** Writes both when the pages are built. While developing there are none, and texts are sent. */
export function persistedDocuments(): Plugin {
  const texts = documents()
  const ids = Object.fromEntries([...texts].map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]))
  return {
    name: 'persisted-documents',
    apply: 'build',
    config: () => ({ define: { documentIds: JSON.stringify(ids) } }),
    generateBundle() {
      if (this.environment.name !== 'client') return
      this.emitFile({ type: 'asset', fileName: 'documents.json', source: JSON.stringify([...texts.values()]) })
    },
  }
}
