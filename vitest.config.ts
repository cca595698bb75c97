import { defineConfig } from 'vitest/config'

/** Suites that take their time have a command each, and CI runs them too: test/apart.config.ts. */
export const apart = ['test/keycloak', 'apps/cli/test/transfer']

export default defineConfig({
  // As Node resolves: with Vite's own conditions our sources get another copy of graphql than the libraries do.
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['{packages,plugins,apps,prisma,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/build/**', ...apart.map((folder) => `${folder}/**`)],
    globalSetup: 'test/postgres.ts',
    // Tests wait more than they work: for processes, sockets and clocks.
    maxWorkers: 3,
    // A page that two cores share with two other files may take its time.
    expect: { poll: { timeout: 12_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
