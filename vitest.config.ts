import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{packages,plugins,apps,prisma,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/build/**'],
    globalSetup: 'test/postgres.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
