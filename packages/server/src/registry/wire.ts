/** A model and a version in the shape that MLflow's wire has. Versions' numbers are text there. */
import { compact } from '../rest.ts'
import type { ModelVersion } from './model-versions.sql.ts'
import type { ModelWithLatest } from './registered-models.ts'

const list = (values: Record<string, string>) =>
  Object.keys(values)
    .sort()
    .map((key) => ({ key, value: values[key]! }))

export const versionToWire = (row: ModelVersion) =>
  compact({
    name: row.name,
    version: String(row.version),
    creation_timestamp: row.createdAt,
    last_updated_timestamp: row.updatedAt,
    user_id: row.createdBy,
    current_stage: row.stage,
    description: row.description,
    source: row.source,
    run_id: row.run,
    run_link: row.runLink,
    status: row.status,
    status_message: row.statusMessage || undefined,
    tags: list(row.tags),
    aliases: row.aliases,
  })

export const modelToWire = ({ model, latest }: ModelWithLatest) =>
  compact({
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    user_id: model.owner,
    description: model.description || undefined,
    latest_versions: latest.map(versionToWire),
    tags: list(model.tags),
    aliases: model.aliases.map(({ alias, version }) => ({ alias, version: String(version) })),
  })
