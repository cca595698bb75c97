/** Proof that a plugin keeps its contract: run the suite in the plugin's own tests. */
export { artifactStoreSuite } from './artifact-store.ts'
