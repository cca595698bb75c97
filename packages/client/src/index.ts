/** Log runs to Tidegate, ask it and follow it live: in Node, with folders and spools. Browsers get `browser.ts`. */
import { connectOn } from './client.ts'
import { host } from './node/host.ts'
import { resumeRunOn, startRunOn } from './start.ts'

export { lineSplitter } from './node/lines.ts'
export * from './surface.ts'

/**
 * Starts a run: `const run = await startRun('mnist', { params: { lr: 0.1 } })`. Makes the experiment where it is missing. However
 * often requests must be sent, one run is made.
 * @throws ApiError what the server refuses; UNREACHABLE after `giveUpAfter`; SPOOL_FAILED. TypeError which option can't be used
 */
export const startRun = /* @__PURE__ */ startRunOn(host)

/**
 * Goes on with a run: `const run = await resumeRun(id)`. Its steps count on, its params are known, and it is RUNNING again.
 * @throws ApiError RESOURCE_DOES_NOT_EXIST; INVALID_STATE where it is deleted; as `startRun`
 */
export const resumeRun = /* @__PURE__ */ resumeRunOn(host)

/** Opens a client. Nothing is sent until something is asked. Throws a TypeError where the address is none. */
export const connect = /* @__PURE__ */ connectOn(host)
