/** Whether what calls one version can call another in its place: MLflow's signatures, field by field. */
import type { Signature, SignatureField } from '../registry/manifest.ts'

const typeOf = ({ type, shape }: SignatureField): string => (shape ? `${type} [${shape.join(', ')}]` : type)
const called = ({ name }: SignatureField): string => (name ? `'${name}'` : 'the tensor')

function pairs(mine: readonly SignatureField[], theirs: readonly SignatureField[]) {
  const before = new Map(theirs.map((field) => [field.name, field]))
  const here = new Set(mine.map(({ name }) => name))
  return {
    both: mine.flatMap((field) => {
      const was = before.get(field.name)
      return was ? [{ field, was }] : []
    }),
    added: mine.filter(({ name }) => !before.has(name)),
    removed: theirs.filter(({ name }) => !here.has(name)),
  }
}

function takes(mine: readonly SignatureField[], theirs: readonly SignatureField[], what: string): string[] {
  const { both, added, removed } = pairs(mine, theirs)
  return [
    ...both
      .filter(({ field, was }) => typeOf(field) !== typeOf(was))
      .map(({ field, was }) => `${what} ${called(field)} is ${typeOf(field)} and was ${typeOf(was)}`),
    ...both
      .filter(({ field, was }) => typeOf(field) === typeOf(was) && field.isRequired && !was.isRequired)
      .map(({ field }) => `${what} ${called(field)} must be given now`),
    ...added.filter(({ isRequired }) => isRequired).map((field) => `${what} ${called(field)} is new and must be given`),
    ...removed.map((field) => `${what} ${called(field)} is taken no more`),
  ]
}

function gives(mine: readonly SignatureField[], theirs: readonly SignatureField[]): string[] {
  const { both, removed } = pairs(mine, theirs)
  return [
    ...both
      .filter(({ field, was }) => typeOf(field) !== typeOf(was))
      .map(({ field, was }) => `output ${called(field)} is ${typeOf(field)} and was ${typeOf(was)}`),
    ...removed.map((field) => `output ${called(field)} is given no more`),
  ]
}

/** What breaks callers of the other, each as a clause: none where nothing does. */
export const breaks = (mine: Signature, theirs: Signature): string[] => [
  ...takes(mine.inputs, theirs.inputs, 'input'),
  ...takes(mine.params, theirs.params, 'param'),
  ...gives(mine.outputs, theirs.outputs),
]
