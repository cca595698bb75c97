#!/usr/bin/env node
/** The command line `tidegate`. */
import { run } from './src/run.ts'

process.exitCode = await run(process.argv.slice(2))
