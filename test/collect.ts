/** Collects the trash of a platform here and now, by the same steps as a server's job. */
import { localArtifacts } from '@tidegate/artifact-local'
import { openArtifacts } from '../packages/server/src/artifacts/store.ts'
import type { Kernel } from '../packages/server/src/context.ts'
import { openEvents } from '../packages/server/src/events.ts'
import { collectStep } from '../packages/server/src/trash/collect.ts'
import type { TestDatabase } from './database.ts'

const say = (_: object, text: string) => console.warn(text)
const log = { warn: say, error: say } as unknown as Kernel['log']

/** Takes steps until there is nothing to do, as if it were so many ms later, and until what that took is due too. */
export async function collectEverything({ db, folder }: { db: TestDatabase; folder: string }, later = 0): Promise<void> {
  const events = await openEvents(db, log)
  const artifacts = openArtifacts({ stores: [localArtifacts({ root: folder })], log })
  for (const at of [later, later + 10_000]) while (await collectStep({ db, events, artifacts, log }, Date.now() + at));
  await events.close()
}
