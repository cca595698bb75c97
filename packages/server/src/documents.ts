/**
 * GraphQL documents that are known by their digest: those that the pages were built with. A page sends the digest in place of the
 * text; and a server may take these documents and no others. Everybody else sends text, as ever.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from './errors.ts'

/** As much of a request as says which document is meant. */
export interface DocumentParams {
  query?: string | null | undefined
  /** GraphQL over HTTP's name for it. */
  documentId?: unknown
  /** Apollo's form of the same, which a WebSocket takes too. */
  extensions?: { persistedQuery?: { sha256Hash?: unknown } | null } | null | undefined
}

export interface Documents {
  /** The text that a request means. Throws where it is not known, or not taken. */
  textOf(params: DocumentParams): string | undefined
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** The documents of the pages in a folder. `only`: no others are taken. */
export function openDocuments(pages: string | undefined, only: boolean): Documents {
  const file = pages && join(pages, 'documents.json')
  const texts = file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : []
  const known = new Map(texts.map((text) => [digestOf(text), text]))
  return {
    textOf({ query, documentId, extensions }) {
      const id = documentId ?? extensions?.persistedQuery?.sha256Hash
      if (query || id === undefined || id === null) {
        if (only && query && !known.has(digestOf(query))) {
          const message =
            'This server takes the documents of its own pages only: it runs with --persisted-only. MLflow’s REST API is not concerned.'
          throw new AppError('PERMISSION_DENIED', message, { field: 'query' })
        }
        return query ?? undefined
      }
      const text = typeof id === 'string' ? known.get(id) : undefined
      // A page that was loaded before an upgrade hears of it so, and sends the text.
      if (text === undefined)
        throw new AppError('RESOURCE_DOES_NOT_EXIST', 'No document has this id. Send its text as `query`.', { field: 'documentId' })
      return text
    },
  }
}
