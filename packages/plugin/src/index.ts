/** The contracts between the platform and what stores, understands or deploys for it. Nothing here runs. */
import type { ArtifactStore } from './artifact-store.ts'

export type * from './artifact-store.ts'

/** Whatever platform.config.ts may list. */
export type Plugin = ArtifactStore
