/** What takes its time, apart from the everyday suite: Keycloak, and moving in from the real servers and files of others. A word chooses. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import everyday, { apart } from '../vitest.config.ts'

export default defineConfig({
  ...everyday,
  root: join(import.meta.dirname, '..'),
  test: {
    ...everyday.test,
    include: apart.map((folder) => `${folder}/*.test.ts`),
    exclude: ['**/node_modules/**'],
    // Keycloak starts in 15 s, and in some minutes where others use the machine.
    hookTimeout: 300_000,
    testTimeout: 60_000,
  },
})
