/** Registered models and their versions in GraphQL: the types, and how one or many are asked for. Writing is in mutations.graphql.ts. */
import { may } from '../access.ts'
import { Abilities, builder, KeyValue, PageInfo } from '../builder.ts'
import { orNull } from '../experiments/experiments.graphql.ts'
import { loader } from '../experiments/loaders.ts'
import { type Policy, policiesOf } from '../gates/effective.ts'
import { breaks } from '../gates/signatures.ts'
import { LoggedModel, modelByUuid } from '../models/logged-models.graphql.ts'
import { call } from '../operation.ts'
import { Artifact, Run, runByUuid } from '../runs/runs.graphql.ts'
import type { SignatureField as FieldRow, Flavor as FlavorRow, Manifest, Signature as SignatureRow } from './manifest.ts'
import { countVersions, latestVersions, type ModelVersion as VersionRow, versionsOf } from './model-versions.sql.ts'
import { getModelVersion, getVersionByAlias } from './model-versions.ts'
import { type Alias as AliasRow, type RegisteredModel as ModelRow, readModels } from './registered-models.sql.ts'
import { getRegisteredModel } from './registered-models.ts'
import { type ModelPage, searchModelVersions, searchRegisteredModels, type VersionPage } from './search.ts'
import { stageOrder } from './stages.ts'
import { championOf, securableOf } from './targets.ts'
import { getManifest, versionArtifacts } from './version-files.ts'

const pairs = (values: Record<string, string>) =>
  Object.keys(values)
    .sort()
    .map((key) => ({ key, value: values[key]! }))

export const RegisteredModel = builder.objectRef<ModelRow>('RegisteredModel')
export const ModelVersion = builder.objectRef<VersionRow>('ModelVersion')

export const RegisteredModelConnection = builder.objectRef<ModelPage>('RegisteredModelConnection').implement({
  description: 'A page of registered models.',
  fields: (t) => ({
    nodes: t.field({ type: [RegisteredModel], complexity: { multiplier: 1 }, resolve: ({ models }) => models }),
    total: t.int({ resolve: ({ total }) => total ?? 0 }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

const ModelVersionConnection = builder.objectRef<VersionPage>('ModelVersionConnection').implement({
  description: 'A page of versions.',
  fields: (t) => ({
    nodes: t.field({ type: [ModelVersion], complexity: { multiplier: 1 }, resolve: ({ versions }) => versions }),
    total: t.int({ resolve: ({ total }) => total ?? 0 }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

export const ModelAlias = builder.objectRef<AliasRow>('ModelAlias').implement({
  description: 'A name that stands for a version of a model, and may move to another.',
  fields: (t) => ({
    alias: t.exposeString('alias', { description: 'It is loaded as models:/<model>@<alias>.' }),
    version: t.exposeInt('version', { description: 'The number of the version that it stands for.' }),
  }),
})

const ModelFlavor = builder.objectRef<FlavorRow>('ModelFlavor').implement({
  description: 'A way in which a model can be loaded.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as pyfunc, sklearn, pytorch, onnx.' }),
    version: t.string({
      nullable: true,
      description: 'Of the library it was made with, where the file says it.',
      resolve: ({ version }) => version || null,
    }),
  }),
})

const SignatureField = builder.objectRef<FieldRow>('SignatureField').implement({
  description: 'A column or a tensor that a model takes or gives, or a param of its inference.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "Its name; '' for a tensor without one." }),
    type: t.exposeString('type', { description: 'Such as double, float32 or array(string).' }),
    shape: t.exposeIntList('shape', { nullable: true, description: 'Of a tensor: its sides, -1 is any length. Else null.' }),
    isRequired: t.exposeBoolean('isRequired', { description: 'False where it may be left out.' }),
    default: t.exposeString('default', { nullable: true, description: 'Of a param: what it is where it is left out, as JSON.' }),
  }),
})

const ModelSignature = builder.objectRef<SignatureRow>('ModelSignature').implement({
  description: 'What a model takes and what it gives.',
  fields: (t) => ({
    inputs: t.field({ type: [SignatureField], description: 'What it takes.', resolve: ({ inputs }) => inputs }),
    outputs: t.field({ type: [SignatureField], description: 'What it gives.', resolve: ({ outputs }) => outputs }),
    params: t.field({ type: [SignatureField], description: 'What may be set for each inference.', resolve: ({ params }) => params }),
  }),
})

const ModelManifest = builder.objectRef<Manifest>('ModelManifest').implement({
  description: "What a model's file MLmodel says of it.",
  fields: (t) => ({
    flavors: t.field({ type: [ModelFlavor], description: 'What it can be loaded by.', resolve: ({ flavors }) => flavors }),
    signature: t.field({
      type: ModelSignature,
      nullable: true,
      description: 'Null where it has none.',
      resolve: ({ signature }) => signature,
    }),
    mlflowVersion: t.exposeString('mlflowVersion', { nullable: true, description: 'Of the MLflow that wrote it.' }),
    size: t.expose('size', { type: 'Long', nullable: true, description: "Bytes of the model's files, as MLflow counted them." }),
    fault: t.exposeString('fault', { nullable: true, description: 'Why the file can’t be read; then the rest is empty.' }),
  }),
})

const latestOf = loader<number, VersionRow[]>(async (ctx, ids) => {
  const byModel = Map.groupBy(await latestVersions(ctx.db, ids), ({ modelId }) => modelId)
  const policies = await policiesOf(ctx.db, ctx.workspace.id, ids)
  const order = (id: number, { stage }: VersionRow) => stageOrder(stage, policies.get(id)?.stages)
  return ids.map((id) => (byModel.get(id) ?? []).sort((a, b) => order(id, a) - order(id, b)))
})
const versionCount = loader<number, number>(async (ctx, ids) => {
  const found = new Map((await countVersions(ctx.db, ids)).map(({ model, count }) => [model, count]))
  return ids.map((id) => found.get(id) ?? 0)
})
/** The stages and gates that hold for a model. */
export const policyLoader = loader<number, Policy>(async (ctx, ids) => {
  const found = await policiesOf(ctx.db, ctx.workspace.id, ids)
  return ids.map((id) => found.get(id)!)
})
/** Of versions that were read: then so may be their models. */
const modelById = loader<number, ModelRow>(async (ctx, ids) => {
  const found = new Map((await readModels(ctx.db, ids)).map((row) => [row.id, row]))
  return ids.map((id) => found.get(id) ?? new Error('The model was deleted just now.'))
})

const finding = {
  after: 'The `endCursor` of the page before, of the same search.',
}

RegisteredModel.implement({
  description: 'A name that stays while the versions behind it come and go. MLflow’s prompts are kept as such, too.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text: it stays when the name changes.' }),
    name: t.exposeString('name', { description: 'Unique in its workspace.' }),
    description: t.exposeString('description', { description: "Markdown; '' where there is none." }),
    owner: t.exposeString('owner', { description: 'Who made it.' }),
    tags: t.field({ type: [KeyValue], description: 'By name.', resolve: ({ tags }) => pairs(tags) }),
    isPrompt: t.exposeBoolean('isPrompt', { description: 'Whether it is one of MLflow’s prompts.' }),
    stages: t.stringList({
      description: 'The stages its versions can be in, from the first to the last.',
      resolve: async ({ id }, _, ctx) => [...(await policyLoader(ctx).load(id)).stages],
    }),
    aliases: t.field({ type: [ModelAlias], description: 'By name.', resolve: ({ aliases }) => aliases }),
    versionCount: t.int({ description: 'How many versions it has.', resolve: ({ id }, _, ctx) => versionCount(ctx).load(id) }),
    latestVersions: t.field({
      type: [ModelVersion],
      description: 'The highest version in each stage that has one, in the order of the stages.',
      complexity: { multiplier: 4 },
      resolve: ({ id }, _, ctx) => latestOf(ctx).load(id),
    }),
    champion: t.field({
      type: ModelVersion,
      nullable: true,
      description: 'What others are measured against: the version that the alias `champion` stands for, else the highest in Production.',
      resolve: (model, _, ctx) => championOf(ctx, model),
    }),
    version: t.field({
      type: ModelVersion,
      nullable: true,
      description: 'One of its versions. Null where there is none.',
      args: {
        version: t.arg.int({ description: 'Its number. Give this or `alias`.' }),
        alias: t.arg.string({ description: 'What stands for it; `latest` is the highest.' }),
      },
      resolve: async ({ name }, { version, alias }, ctx) =>
        version != null
          ? orNull(call(ctx, getModelVersion, { name, version: String(version) }))
          : orNull(call(ctx, getVersionByAlias, { name, alias: alias ?? 'latest' })),
    }),
    versions: t.field({
      type: ModelVersionConnection,
      description: 'Its versions, the highest first.',
      complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
      args: {
        filter: t.arg.string({ description: "In the filter language: stage = 'Production' OR tags.approved = 'yes'. @default all" }),
        first: t.arg.int({ defaultValue: 50, description: 'How many.' }),
        after: t.arg.string({ description: finding.after }),
      },
      resolve: ({ name }, { filter, first, after }, ctx) =>
        call(ctx, searchModelVersions, {
          model: name,
          filter,
          orderBy: ['version_number DESC'],
          maxResults: first ?? 50,
          pageToken: after,
          count: true,
        }),
    }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'Timestamp',
      description: 'When it, or one of its versions, last changed; tags and aliases are no change.',
    }),
    can: t.field({
      type: Abilities,
      description: 'What you may do with it and its versions.',
      resolve: ({ id, workspaceId }) => securableOf({ id, workspaceId }),
    }),
  }),
})

ModelVersion.implement({
  description: 'A version of a registered model: what it was made of never changes; its stage, aliases, tags and description do.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    model: t.field({
      type: RegisteredModel,
      description: 'Of which model.',
      resolve: ({ modelId }, _, ctx) => modelById(ctx).load(modelId),
    }),
    name: t.exposeString('name', { description: "The model's name." }),
    version: t.exposeInt('version', { description: 'Its number, which is never given out again.' }),
    stage: t.exposeString('stage', { description: 'One of the model’s stages.' }),
    stagedAt: t.expose('stagedAt', { type: 'Timestamp', description: 'When it came into its stage.' }),
    aliases: t.exposeStringList('aliases', { description: 'The names that stand for it.' }),
    description: t.exposeString('description', { description: "Its model card: Markdown; '' where there is none." }),
    status: t.exposeString('status', { description: 'READY, PENDING_REGISTRATION or FAILED_REGISTRATION.' }),
    statusMessage: t.exposeString('statusMessage', { description: "Why, where it failed; else ''." }),
    source: t.exposeString('source', { description: 'What it was made of, as the client says it.' }),
    location: t.exposeString('location', { description: 'The URI below which its files are.' }),
    runId: t.id({ nullable: true, description: 'The run it came from, as the client says.', resolve: ({ run }) => run || null }),
    run: t.field({
      type: Run,
      nullable: true,
      description: 'That run. Null where there is none, or none that you may see.',
      resolve: ({ run }, _, ctx) => (run ? runByUuid(ctx).load(run) : null),
    }),
    runLink: t.exposeString('runLink', { description: "A link to the run where it is of another server; else ''." }),
    loggedModel: t.field({
      type: LoggedModel,
      nullable: true,
      description: 'The logged model it was made of. Null where there is none, or none that you may see.',
      resolve: ({ loggedModel }, _, ctx) => (loggedModel ? modelByUuid(ctx).load(loggedModel) : null),
    }),
    manifest: t.field({
      type: ModelManifest,
      nullable: true,
      description: 'What its file MLmodel says. Null where there is none, or its files may not be seen. Read from the store each time.',
      complexity: 20,
      resolve: ({ name, version }, _, ctx) => call(ctx, getManifest, { name, version: String(version) }),
    }),
    breaks: t.stringList({
      nullable: true,
      description:
        'What callers of another version of the model find broken where they call this one, each as a clause: "input \'rain\' is new and must be given". Empty: they can call it. By the rules of the check `tidegate/signature`. Null where one of the two has no signature, or none that you may see. Both are read from the store each time.',
      complexity: 40,
      args: {
        against: t.arg.int({ description: 'The number of the other version. @default the model’s `champion`, and null where this is it' }),
      },
      async resolve({ name, version, modelId }, { against }, ctx) {
        const other = against ?? (await championOf(ctx, await modelById(ctx).load(modelId)))?.version
        if (other === undefined || (against == null && other === version)) return null
        const [mine, theirs] = await Promise.all(
          [version, other].map((each) => orNull(call(ctx, getManifest, { name, version: String(each) }))),
        )
        return mine?.signature && theirs?.signature ? breaks(mine.signature, theirs.signature) : null
      },
    }),
    artifacts: t.field({
      type: [Artifact],
      description: 'One level of its files, sorted by path. None where they may not be seen, or are in a store of another server.',
      args: { path: t.arg.string({ defaultValue: '', description: 'The folder to list, below the version.' }) },
      resolve: async ({ name, version }, { path }, ctx) =>
        (await orNull(call(ctx, versionArtifacts, { name, version: String(version), path }))) ?? [],
    }),
    tags: t.field({ type: [KeyValue], description: 'By name.', resolve: ({ tags }) => pairs(tags) }),
    createdBy: t.exposeString('createdBy', { description: 'Who registered it.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When its stage or description last changed.' }),
    movesTo: t.stringList({
      description: 'The stages that you may put it into yourself, where no gate is in the way.',
      async resolve({ modelId, workspaceId, stage }, _, ctx) {
        const { stages } = await policyLoader(ctx).load(modelId)
        const on = securableOf({ modelId, workspaceId })
        return stages.filter((to) => to !== stage && may(ctx.ability, 'move', { ...on, places: [stage, to] }))
      },
    }),
    can: t.field({
      type: Abilities,
      description: 'What you may do with it.',
      resolve: ({ modelId, workspaceId }) => securableOf({ modelId, workspaceId }),
    }),
  }),
})

/** The versions that were made of each, where they may be seen. */
const madeOf = (of: 'run' | 'logged_model') =>
  loader<string, VersionRow[]>(async (ctx, uuids) => {
    const found = (await versionsOf(ctx.db, ctx.workspace.id, of, uuids)).filter(({ modelId, workspaceId }) =>
      may(ctx.ability, 'read', securableOf({ modelId, workspaceId })),
    )
    const byUuid = Map.groupBy(found, (row) => (of === 'run' ? row.run : row.loggedModel))
    return uuids.map((uuid) => byUuid.get(uuid) ?? [])
  })
const madeOfRun = madeOf('run')
const madeOfModel = madeOf('logged_model')

builder.objectFields(Run, (t) => ({
  modelVersions: t.field({
    type: [ModelVersion],
    description: 'The versions of registered models that came from it, newest first.',
    resolve: ({ uuid }, _, ctx) => madeOfRun(ctx).load(uuid),
  }),
}))
builder.objectFields(LoggedModel, (t) => ({
  modelVersions: t.field({
    type: [ModelVersion],
    description: 'The versions of registered models that were made of it, newest first.',
    resolve: ({ uuid }, _, ctx) => madeOfModel(ctx).load(uuid),
  }),
}))

builder.queryFields((t) => ({
  registeredModel: t.field({
    type: RegisteredModel,
    nullable: true,
    description: 'By its name. Null where there is none that you may see.',
    args: { name: t.arg.string({ required: true, description: 'Its whole name.' }) },
    resolve: (_root, { name }, ctx) => orNull(call(ctx, getRegisteredModel, { name })),
  }),
  registeredModels: t.field({
    type: RegisteredModelConnection,
    description: 'Those that you may see, by name unless `orderBy` says otherwise. Prompts only where the filter asks for them.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      filter: t.arg.string({
        description:
          "In the filter language: name ILIKE '%forecast%' AND NOT tags.team = 'vision'. Models have name, owner, creation_timestamp, last_updated_timestamp and tags.",
      }),
      orderBy: t.arg.stringList({ description: 'Such as "name ASC" or "last_updated_timestamp DESC".' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 000 at most.' }),
      after: t.arg.string({ description: finding.after }),
    },
    resolve: (_root, { filter, orderBy, first, after }, ctx) =>
      call(ctx, searchRegisteredModels, { filter, orderBy, maxResults: first ?? 50, pageToken: after, count: true }),
  }),
  modelVersion: t.field({
    type: ModelVersion,
    nullable: true,
    description: 'A version of a model, by its number. Null where there is none that you may see.',
    args: {
      name: t.arg.string({ required: true, description: "The model's whole name." }),
      version: t.arg.int({ required: true, description: 'Its number.' }),
    },
    resolve: (_root, { name, version }, ctx) => orNull(call(ctx, getModelVersion, { name, version: String(version) })),
  }),
  modelVersions: t.field({
    type: ModelVersionConnection,
    description: 'Versions of all models that you may see, changed last first unless `orderBy` says otherwise.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      filter: t.arg.string({
        description:
          "In the filter language: name = 'load' AND stage IN ('Staging', 'Production') AND alias = 'champion'. Versions have name, version_number, stage, alias, status, owner, run_id, model_id, source_path, creation_timestamp, last_updated_timestamp and tags.",
      }),
      orderBy: t.arg.stringList({ description: 'Such as "name ASC" or "version_number DESC".' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many.' }),
      after: t.arg.string({ description: finding.after }),
    },
    resolve: (_root, { filter, orderBy, first, after }, ctx) =>
      call(ctx, searchModelVersions, { filter, orderBy, maxResults: first ?? 50, pageToken: after, count: true }),
  }),
}))
