/** Much of what comes by chance, by several processes at once: each has its own server, its own chance, and a part of it. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import everyday from '../vitest.config.ts'

/** It waits as much as it works: one more than there are cores in CI. */
const abreast = 3
const file = process.env.TIDEGATE_FUZZ === 'gates' ? 'test/gates/walk.test.ts' : 'test/access/fuzz.test.ts'
const count = Math.ceil(Number(process.env.TIDEGATE_FUZZ_COUNT) / abreast)
const seed = Number(process.env.TIDEGATE_FUZZ_SEED)

const root = join(import.meta.dirname, '..')
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
        include: [file],
        env: { TIDEGATE_FUZZ_COUNT: String(count), TIDEGATE_FUZZ_SEED: String(seed + i) },
      },
    })),
  },
})
