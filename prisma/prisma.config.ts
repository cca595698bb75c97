import { defineConfig } from 'prisma/config'

// Every CLI command first tries to download the schema engine. Any existing file stops it, and `generate` needs none.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({ schema: 'schema' })
