import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node resolves: with Vite's own conditions our sources get another copy of graphql than the libraries do.
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['{packages,plugins,apps,prisma,test}/**/*.test.ts'],
    // Keycloak takes its time: `pnpm test:keycloak`.
    exclude: ['**/node_modules/**', '**/build/**', 'test/keycloak/**'],
    globalSetup: 'test/postgres.ts',
    // Tests wait more than they work: for processes, sockets and clocks.
    maxWorkers: 3,
    // A page that two cores share with two other files may take its time.
    expect: { poll: { timeout: 12_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
