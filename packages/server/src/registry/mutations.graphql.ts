/** Writing the registry in GraphQL. */
import { builder, TagInput } from '../builder.ts'
import { call } from '../operation.ts'
import type { ModelVersion as VersionRow } from './model-versions.sql.ts'
import {
  createModelVersion,
  deleteModelAlias,
  deleteModelVersion,
  deleteModelVersionTag,
  setModelAlias,
  setModelVersionTag,
  transitionStage,
  updateModelVersion,
} from './model-versions.ts'
import type { RegisteredModel as ModelRow } from './registered-models.sql.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  getRegisteredModel,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel,
} from './registered-models.ts'
import { ModelVersion, RegisteredModel } from './registry.graphql.ts'

const RegisteredModelPayload = builder
  .objectRef<ModelRow>('RegisteredModelPayload')
  .implement({ fields: (t) => ({ model: t.field({ type: RegisteredModel, resolve: (row) => row }) }) })
const ModelVersionPayload = builder
  .objectRef<VersionRow>('ModelVersionPayload')
  .implement({ fields: (t) => ({ version: t.field({ type: ModelVersion, resolve: (row) => row }) }) })
const DeletedRegisteredModelPayload = builder
  .objectRef<ModelRow>('DeletedRegisteredModelPayload')
  .implement({ fields: (t) => ({ name: t.exposeString('name', { description: 'Of the model that is gone.' }) }) })
const DeletedModelVersionPayload = builder.objectRef<VersionRow>('DeletedModelVersionPayload').implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: "The model's name." }),
    version: t.exposeInt('version', { description: 'The number of the version that is gone.' }),
  }),
})

const longest = '100 000 characters at most.'

const CreateRegisteredModelInput = builder.inputType('CreateRegisteredModelInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Unique in the workspace, without / and :; 256 characters at most.' }),
    description: t.string({ description: `Markdown; ${longest}` }),
    tags: t.field({ type: [TagInput], description: 'To begin with.' }),
  }),
})
const CreateModelVersionInput = builder.inputType('CreateModelVersionInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Of a model that there is.' }),
    source: t.string({
      required: true,
      description:
        'What it is made of: runs:/<run>/<folder> with `runId`; models:/<id> of a logged model with `loggedModelId`; models:/<name>/<version>, a copy; or a URI.',
    }),
    runId: t.id({ description: 'The run it comes from.' }),
    loggedModelId: t.id({ description: 'The logged model it is.' }),
    runLink: t.string({ description: 'A link to the run, where it is of another server.' }),
    description: t.string({ description: `Its model card, Markdown; ${longest}` }),
    tags: t.field({ type: [TagInput], description: 'To begin with.' }),
  }),
})
const TransitionStageInput = builder.inputType('TransitionModelVersionStageInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: "The model's name." }),
    version: t.int({ required: true, description: "The version's number." }),
    stage: t.string({ required: true, description: 'One of the model’s stages, in any case.' }),
    archiveExisting: t.boolean({ defaultValue: false, description: 'Whether it sends the others out of that stage, into the archive.' }),
  }),
})

builder.mutationFields((t) => {
  const name = t.arg.string({ required: true, description: "The model's name." })
  const version = t.arg.int({ required: true, description: "The version's number." })
  const key = t.arg.string({ required: true, description: 'The name of the tag.' })
  const value = t.arg.string({ required: true, description: `Text; ${longest}` })
  return {
    createRegisteredModel: t.field({
      type: RegisteredModelPayload,
      description: 'Makes a model without versions. Refused with RESOURCE_ALREADY_EXISTS where the name is taken.',
      args: { input: t.arg({ type: CreateRegisteredModelInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, createRegisteredModel, input),
    }),
    renameRegisteredModel: t.field({
      type: RegisteredModelPayload,
      description: 'Gives a model another name; all it has stays.',
      args: { name, newName: t.arg.string({ required: true, description: 'Unique in the workspace.' }) },
      resolve: (_root, input, ctx) => call(ctx, renameRegisteredModel, input),
    }),
    describeRegisteredModel: t.field({
      type: RegisteredModelPayload,
      description: 'Says what a model is.',
      args: { name, description: t.arg.string({ required: true, description: `Markdown; ${longest}` }) },
      resolve: (_root, input, ctx) => call(ctx, updateRegisteredModel, input),
    }),
    deleteRegisteredModel: t.field({
      type: DeletedRegisteredModelPayload,
      description: 'Deletes a model with its versions and aliases, for good. Files stay with the runs and logged models they are of.',
      args: { name },
      resolve: (_root, input, ctx) => call(ctx, deleteRegisteredModel, input),
    }),
    setRegisteredModelTag: t.field({
      type: RegisteredModelPayload,
      description: 'Sets a tag, or changes it.',
      args: { name, key, value },
      resolve: (_root, input, ctx) => call(ctx, setRegisteredModelTag, input),
    }),
    deleteRegisteredModelTag: t.field({
      type: RegisteredModelPayload,
      description: 'Takes a tag away.',
      args: { name, key },
      resolve: (_root, input, ctx) => call(ctx, deleteRegisteredModelTag, input),
    }),
    createModelVersion: t.field({
      type: ModelVersionPayload,
      description: 'Registers another version of a model, with the next number.',
      args: { input: t.arg({ type: CreateModelVersionInput, required: true }) },
      resolve: (_root, { input: { loggedModelId, ...input } }, ctx) => call(ctx, createModelVersion, { ...input, modelId: loggedModelId }),
    }),
    describeModelVersion: t.field({
      type: ModelVersionPayload,
      description: 'Writes the model card of a version.',
      args: { name, version, description: t.arg.string({ required: true, description: `Markdown; ${longest}` }) },
      resolve: (_root, input, ctx) => call(ctx, updateModelVersion, { ...input, version: String(input.version) }),
    }),
    deleteModelVersion: t.field({
      type: DeletedModelVersionPayload,
      description: 'Deletes a version for good; its number is not given out again.',
      args: { name, version },
      resolve: (_root, input, ctx) => call(ctx, deleteModelVersion, { ...input, version: String(input.version) }),
    }),
    setModelVersionTag: t.field({
      type: ModelVersionPayload,
      description: 'Sets a tag, or changes it.',
      args: { name, version, key, value },
      resolve: (_root, input, ctx) => call(ctx, setModelVersionTag, { ...input, version: String(input.version) }),
    }),
    deleteModelVersionTag: t.field({
      type: ModelVersionPayload,
      description: 'Takes a tag away.',
      args: { name, version, key },
      resolve: (_root, input, ctx) => call(ctx, deleteModelVersionTag, { ...input, version: String(input.version) }),
    }),
    transitionModelVersionStage: t.field({
      type: ModelVersionPayload,
      description: 'Puts a version into another stage.',
      args: { input: t.arg({ type: TransitionStageInput, required: true }) },
      resolve: (_root, { input: { archiveExisting, ...input } }, ctx) =>
        call(ctx, transitionStage, { ...input, version: String(input.version), archiveExistingVersions: archiveExisting }),
    }),
    setModelAlias: t.field({
      type: ModelVersionPayload,
      description: 'Lets an alias stand for a version, wherever it stood before.',
      args: { name, version, alias: t.arg.string({ required: true, description: 'Letters, digits, - and _; not latest, and no number.' }) },
      resolve: (_root, input, ctx) => call(ctx, setModelAlias, { ...input, version: String(input.version) }),
    }),
    deleteModelAlias: t.field({
      type: RegisteredModelPayload,
      description: 'Takes an alias away from its model.',
      args: { name, alias: t.arg.string({ required: true, description: 'Which.' }) },
      async resolve(_root, input, ctx) {
        await call(ctx, deleteModelAlias, input)
        return call(ctx, getRegisteredModel, { name: input.name })
      },
    }),
  }
})
