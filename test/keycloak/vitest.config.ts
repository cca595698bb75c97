import { join } from 'node:path'
import { defineConfig, mergeConfig } from 'vitest/config'
import everyday from '../../vitest.config.ts'

const merged = mergeConfig(everyday, defineConfig({ root: join(import.meta.dirname, '..', '..') }))

export default {
  ...merged,
  // Keycloak starts in 15 s, and in some minutes where others use the machine.
  test: {
    ...merged.test,
    include: ['test/keycloak/*.test.ts'],
    exclude: ['**/node_modules/**'],
    hookTimeout: 300_000,
    testTimeout: 60_000,
  },
}
