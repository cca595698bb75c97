#!/usr/bin/env node
/** The command line `tidegate`. */
import module from 'node:module'

// Where Node can, compiled code is kept between starts: a second one, as at every Tab, takes half the time.
module.enableCompileCache?.()
const { run } = await import('./src/run.ts')
process.exitCode = await run(process.argv.slice(2))
