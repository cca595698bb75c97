/** The Pothos builder: scalars and plugins, no types. Types are in the `*.graphql.ts` files of their modules. */
import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import PrismaPlugin from '@pothos/plugin-prisma'
import type PrismaTypes from '@tidegate/db/pothos'
import { getDatamodel } from '@tidegate/db/pothos'
import { GraphQLError, Kind, type ValueNode } from 'graphql'
import { may, type Securable } from './access.ts'
import type { Ctx } from './context.ts'
import { readValue } from './fields.ts'

/** Over any of these an operation is refused before it runs. */
export const limits = {
  /** What a field costs is 1 unless it says otherwise; in a list it costs that for every entry asked for. */
  complexity: 200_000,
  depth: 12,
  /** Fields in all, aliases included. */
  breadth: 400,
}

type Number_ = { Input: number; Output: number | bigint }

export const builder = new SchemaBuilder<{
  PrismaTypes: PrismaTypes
  Context: Ctx
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string | number }
    Timestamp: Number_
    Long: Number_
    Real: { Input: number; Output: number }
    Cell: { Input: never; Output: string | number }
    Doubles: { Input: never; Output: readonly number[] }
  }
}>({
  plugins: [ComplexityPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  complexity: {
    limit: limits,
    defaultListMultiplier: 10,
    complexityError: (kind, { complexity, depth, breadth }) => {
      const over = {
        Complexity: `It costs ${complexity}, and ${limits.complexity} is the most: ask for fewer entries or fewer nested lists.`,
        Depth: `It is ${depth} deep, and ${limits.depth} is the most.`,
        Breadth: `It asks for ${breadth} fields, and ${limits.breadth} is the most.`,
      }[kind]
      return new GraphQLError(`The operation is too large. ${over}`, { extensions: { code: 'REQUEST_TOO_LARGE' } })
    },
  },
  prisma: {
    client: (ctx) => ctx.db.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    filterConnectionTotalCount: true,
  },
})

builder.queryType({ description: 'What can be asked. What you may not see is null or absent, as an unknown id is.' })
builder.mutationType({ description: 'What can be changed. Each is done whole or not at all.' })
builder.subscriptionType({
  description:
    'What can be followed, over graphql-ws or Server-Sent Events. The state at the start comes first, so there is nothing to ask beside it.',
})

const whole = (name: string) => ({
  serialize: (value: number | bigint) => Number(value),
  parseValue(value: unknown): number {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    throw new GraphQLError(`${name} is a whole number, between -(2^53-1) and 2^53-1.`)
  },
})

builder.scalarType('Timestamp', { description: 'Milliseconds since 1970, as a number.', ...whole('Timestamp') })
builder.scalarType('Long', { description: 'A whole number between -(2^53-1) and 2^53-1, as a number.', ...whole('Long') })

/** A double as JSON can have it. */
export const realToJson = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const parseReal = (value: unknown): number => {
  const number = typeof value === 'boolean' ? undefined : readValue(value)
  if (number === undefined) throw new GraphQLError('Real is a number, or "NaN", "Infinity" or "-Infinity".')
  return number
}

builder.scalarType('Real', {
  description:
    'A metric\'s value: a number, or one of the strings "NaN", "Infinity", "-Infinity". The infinities are kept as ±1.7976931348623157e308.',
  serialize: (value) => realToJson(value as number) as number,
  parseValue: parseReal,
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING) return parseReal(node.value)
    throw new GraphQLError('Real is a number, or "NaN", "Infinity" or "-Infinity".')
  },
})

builder.scalarType('Doubles', {
  description: 'Numbers in a row: their 64-bit floats, the lowest byte first, as base64.',
  serialize: (value) => Buffer.from(Float64Array.from(value as number[]).buffer).toString('base64') as never,
  parseValue: () => {
    throw new GraphQLError('Doubles is for answers only.')
  },
})

builder.scalarType('Cell', {
  description: 'A cell of a table of runs: text, a number, or one of the strings "NaN", "Infinity", "-Infinity".',
  serialize: (value) => (typeof value === 'number' ? (realToJson(value) as number) : value),
  parseValue: () => {
    throw new GraphQLError('Cell is for answers only.')
  },
})

export const PageInfo = builder.objectRef<{ endCursor: string | null | undefined }>('PageInfo').implement({
  description: 'Where a page of a list ends.',
  fields: (t) => ({
    hasNextPage: t.boolean({ description: 'Whether there is another page.', resolve: (page) => Boolean(page.endCursor) }),
    endCursor: t.string({
      nullable: true,
      description: 'Give it back as `after` for the next page. Null on the last one.',
      resolve: (page) => page.endCursor ?? null,
    }),
  }),
})

export const Count = builder.objectRef<{ value: number; exact: boolean }>('Count').implement({
  description: 'A number of things, counted to the end or up to a bound.',
  fields: (t) => ({
    value: t.exposeInt('value', { description: 'How many were counted.' }),
    exact: t.exposeBoolean('exact', { description: 'False where the true number is larger.' }),
  }),
})

export const KeyValue = builder.objectRef<{ key: string; value: string }>('Tag').implement({
  description: 'A name with a text. Those that begin with "mlflow." are set by MLflow’s clients.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Its text.' }),
  }),
})

export const TagInput = builder.inputType('TagInput', {
  description: 'A tag to set.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Letters, digits and _ - . : / and spaces; 250 at most.' }),
    value: t.string({ required: true, description: 'Text; a run’s is cut at 8 000 characters, an experiment’s may have 20 000.' }),
  }),
})

export const Lifecycle = builder.enumType('Lifecycle', {
  description: 'Which of the deleted are meant.',
  values: {
    ACTIVE: { description: 'Those that are not deleted.' },
    DELETED: { description: 'Those in the trash.' },
    ALL: { description: 'Both.' },
  } as const,
})

/** Of what permission is given on. */
export const Abilities = builder.objectRef<Securable>('Abilities').implement({
  description: 'What the viewer may do here, so that a page can lock what would be refused.',
  fields: (t) => ({
    edit: t.boolean({ description: 'Change it, and log to it.', resolve: (on, _, ctx) => may(ctx.ability, 'edit', on) }),
    move: t.boolean({
      description: 'Of a registered model: put its versions into any stage, and set aliases, where no gate is in the way.',
      resolve: (on, _, ctx) => may(ctx.ability, 'move', on),
    }),
    rename: t.boolean({
      description: 'Of a registered model: give it another name.',
      resolve: (on, _, ctx) => may(ctx.ability, 'rename', on),
    }),
    delete: t.boolean({ description: 'Delete and restore it.', resolve: (on, _, ctx) => may(ctx.ability, 'delete', on) }),
    manage: t.boolean({ description: 'Say who may do what with it.', resolve: (on, _, ctx) => may(ctx.ability, 'manage', on) }),
  }),
})
