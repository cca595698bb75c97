/** The one place where plugins are listed and their options read. */
import { join } from 'node:path'
import { localArtifacts } from '@tidegate/artifact-local'
import type { Plugin } from '@tidegate/plugin'
import type { Config } from '@tidegate/server'

export const plugins = (config: Config): Plugin[] => [localArtifacts({ root: join(config.data, 'artifacts') })]
