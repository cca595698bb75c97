/** A random operation of GraphQL, made from the schema: any field, with any arguments, as deep as chance goes. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { Draw } from './draw.ts'
import type { Asked } from './requests.ts'

type Field = GraphQLField<unknown, unknown>

/** What an argument called `id` means, by the field that it is of. */
const ids: Array<[RegExp, (draw: Draw) => string]> = [
  [/comment/i, (draw) => draw.id('comment')],
  [/view/i, (draw) => draw.id('view')],
  [/loggedmodel|model/i, (draw) => draw.model()],
  [/experiment/i, (draw) => draw.experiment()],
  [/runs?$|import/i, (draw) => draw.run()],
  [/webhook|redeliver/i, (draw) => draw.id('webhook')],
  [/withdraw/i, (draw) => draw.id('invitedId')],
  [/transition/i, (draw) => draw.id('request')],
  [/alerts$/i, (draw) => draw.id('alert')],
  [/alertrule/i, (draw) => draw.id('rule')],
  [/token/i, (draw) => draw.id('token')],
  [/sso|identity/i, (draw) => draw.id('identity')],
  [/account|password/i, (draw) => draw.id('accountId')],
]

/** What is known by its name, in the registry: not where a name is given to what is made. */
const isOfRegistry = /modelversion|registeredmodel(?!s)|modelalias|versioncomment|reportcheck|requesttransition|modelactivity/i
const nameOf = (field: string, draw: Draw): string | undefined =>
  isOfRegistry.test(field) && !/createRegistered/.test(field) ? draw.id('registered') : undefined
const isOfService = /service|token/i

class Text {
  readonly said: string[] = []
  readonly draw: Draw
  constructor(draw: Draw) {
    this.draw = draw
  }

  private say(text: string): string {
    this.said.push(text)
    return JSON.stringify(text)
  }

  /** A value as GraphQL writes it. */
  value(type: GraphQLInputType, name: string, field: string): string {
    const { draw } = this
    if (isNonNullType(type)) return this.value(type.ofType, name, field)
    if (isListType(type)) {
      const count = 1 + draw.random(2)
      return `[${Array.from({ length: count }, () => this.value(type.ofType, name, field)).join(', ')}]`
    }
    if (isEnumType(type)) return draw.random.pick(type.getValues()).name
    if (isInputObjectType(type)) {
      const given = Object.values(type.getFields()).filter((each) => isNonNullType(each.type) || draw.random.chance(45))
      return `{ ${given.map((each) => `${each.name}: ${this.value(each.type, each.name, field)}`).join(', ')} }`
    }
    if (type.name === 'Boolean') return String(draw.random.chance(50))
    if (type.name === 'ID' || type.name === 'String') {
      const known = draw.random.chance(96) ? this.known(name, field) : undefined
      if (known !== undefined) return this.say(String(known))
      if (/^ids?$/.test(name)) return this.say((ids.find(([fits]) => fits.test(field))?.[1] ?? (() => draw.any()))(draw))
      if (/^models?$|^about$/.test(name)) return this.say(type.name === 'ID' ? draw.model() : draw.id('registered'))
      if (name === 'by') return this.say(draw.random.pick(['status', 'tags.k', 'user', draw.column()]))
      return this.say(type.name === 'ID' ? draw.any() : draw.text())
    }
    if (type.name === 'Int') return String(1 + draw.random(6))
    return type.name === 'Float' || type.name === 'Real' ? String(draw.random(5)) : String(1 + draw.random(9))
  }

  private known(name: string, field: string): unknown {
    const { draw } = this
    if (name === 'name') return nameOf(field, draw)
    if (name === 'account' && isOfService.test(field)) return draw.id('service')
    return [draw.named(name)].flat()[0]
  }

  args(args: readonly (GraphQLArgument | GraphQLInputField)[], field: string): string {
    const given = args.filter((arg) => isNonNullType(arg.type) || this.draw.random.chance(arg.name === 'after' ? 8 : 45))
    return given.length ? `(${given.map((arg) => `${arg.name}: ${this.value(arg.type, arg.name, field)}`).join(', ')})` : ''
  }

  selection(type: GraphQLOutputType, depth: number): string {
    const named = getNamedType(type)
    if (!isObjectType(named)) return ''
    const leads = (field: Field) => isObjectType(getNamedType(field.type))
    const chosen = Object.values(named.getFields()).filter((field) =>
      leads(field) ? depth > 0 && this.draw.random.chance(depth > 2 ? 55 : 25) : this.draw.random.chance(70),
    )
    return ` { __typename ${chosen.map((field) => this.field(field, depth - 1)).join(' ')} }`
  }

  field = (field: Field, depth: number): string => `${field.name}${this.args(field.args, field.name)}${this.selection(field.type, depth)}`
}

/** Those arguments, as GraphQL writes them. */
export const argsOf = (args: readonly GraphQLArgument[], field: string, draw: Draw): string =>
  args.map((arg) => `${arg.name}: ${new Text(draw).value(arg.type, arg.name, field)}`).join(', ')

export type Kind = 'query' | 'mutation' | 'subscription'

/** Where an answer is of no workspace, or is one's own log of what one has asked. */
const left = /^(changePassword|rotateSecretKey)$/

export function rootFields(schema: GraphQLSchema, kind: Kind): Field[] {
  const type = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind]!
  return Object.values(type.getFields()).filter(({ name }) => !left.test(name))
}

export function operationOn(kind: Kind, field: Field, draw: Draw): Asked {
  const text = new Text(draw)
  const document = `${kind} { ${text.field(field, 3)} }`
  return {
    door: kind === 'subscription' ? kind : 'graphql',
    what: `${kind} ${field.name}`,
    method: 'POST',
    path: '/graphql',
    body: JSON.stringify({ query: document }),
    type: 'application/json',
    document,
    said: text.said,
  }
}
