import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Suites that take their time have a command each, and CI runs them too: test/apart.config.ts. */
export const apart = ['test/keycloak', 'apps/cli/test/transfer']

/** Take longer than one would think by their length: they begin first, so that none of them is alone at the end. */
const long = [
  'test/access/doors',
  'test/access/fuzz',
  'test/access/levels',
  'test/gates/walk',
  'test/processes',
  'test/web/levels',
  'test/web/shell',
]

/** Else the files go as Vitest has them: the longest first where their times are known, and else the largest. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => long.some((name) => moduleId.includes(`/${name}.test.ts`))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  // As Node resolves: with Vite's own conditions our sources get another copy of graphql than the libraries do.
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['{packages,plugins,apps,prisma,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/build/**', ...apart.map((folder) => `${folder}/**`)],
    globalSetup: 'test/postgres.ts',
    // Tests wait more than they work: for processes, sockets and clocks.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // A page that two cores share with two other files may take its time.
    expect: { poll: { timeout: 12_000 } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
