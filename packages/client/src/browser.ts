/** The same in a browser: without anything of Node's. What needs a folder throws a TypeError that says so. */
import { connectOn } from './client.ts'
import { resumeRunOn, startRunOn } from './start.ts'

export * from './surface.ts'

export const startRun = /* @__PURE__ */ startRunOn()
export const resumeRun = /* @__PURE__ */ resumeRunOn()
export const connect = /* @__PURE__ */ connectOn()
