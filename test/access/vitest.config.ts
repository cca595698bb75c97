/** Many random requests, by several processes at once: each has its own workspaces, its own chance, and a part of the requests. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import everyday from '../../vitest.config.ts'

/** Rounds wait as much as they work: one more than there are cores in CI. */
const abreast = 3
const requests = Math.ceil(Number(process.env.TIDEGATE_FUZZ_REQUESTS) / abreast)
const seed = Number(process.env.TIDEGATE_FUZZ_SEED)

const root = join(import.meta.dirname, '..', '..')
export default defineConfig({
  ...everyday,
  root,
  test: {
    globalSetup: 'test/postgres.ts',
    maxWorkers: abreast,
    projects: Array.from({ length: abreast }, (_, i) => ({
      ...everyday,
      root,
      test: {
        name: `part ${i + 1}`,
        include: ['test/access/fuzz.test.ts'],
        env: { TIDEGATE_FUZZ_REQUESTS: String(requests), TIDEGATE_FUZZ_SEED: String(seed + i) },
      },
    })),
  },
})
