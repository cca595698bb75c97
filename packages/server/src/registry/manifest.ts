/**
 * What MLflow writes of a model into its file MLmodel: what it takes and gives (its signature), what it can be loaded by (its flavors), and
 * how large it is. A file that can't be read is a manifest that says why, and has nothing else.
 */
import { parse } from 'yaml'

/** A column or a tensor that a model takes or gives, or a param of its inference. */
export interface SignatureField {
  /** '' for a tensor without one. */
  name: string
  /** Such as double, float32 or array(string). */
  type: string
  /** Of a tensor; -1 is any length. */
  shape: number[] | null
  isRequired: boolean
  /** Of a param: JSON. */
  default: string | null
}

export interface Signature {
  inputs: SignatureField[]
  outputs: SignatureField[]
  params: SignatureField[]
}

export interface Flavor {
  name: string
  /** Of the library it was made with; '' where it is not said. */
  version: string
}

export interface Manifest {
  flavors: Flavor[]
  /** Null where the model has none. */
  signature: Signature | null
  /** The path of an example of what it takes, below the model. */
  inputExample: string | null
  mlflowVersion: string | null
  /** Bytes of the model's files, as MLflow counted them. */
  size: number | null
  /** Why it can't be read. */
  fault: string | null
}

type Thing = Record<string, unknown>
const isThing = (value: unknown): value is Thing => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'

/** Levels of a type within a type that are spelt out. */
const deepest = 6

function typeOf(it: Thing, depth = 0): string {
  const { type } = it
  if (depth > deepest) return '…'
  if (type === 'array') return `array(${isThing(it.items) ? typeOf(it.items, depth + 1) : 'any'})`
  if (type === 'map') return `map(${isThing(it.values) ? typeOf(it.values, depth + 1) : 'any'})`
  if (type === 'object' && isThing(it.properties)) {
    const parts = Object.entries(it.properties).map(
      ([name, value]) =>
        `${name}${isThing(value) && value.required === false ? '?' : ''}: ${isThing(value) ? typeOf(value, depth + 1) : 'any'}`,
    )
    return `{ ${parts.join(', ')} }`
  }
  return isText(type) ? type : 'any'
}

const shapeOf = (value: unknown): number[] | null =>
  Array.isArray(value) && value.every((each) => typeof each === 'number') ? (value as number[]) : null

function field(it: unknown): SignatureField {
  if (!isThing(it)) throw new Error('a field of its signature is no object')
  const tensor = it['tensor-spec']
  const name = isText(it.name) ? it.name : ''
  const isRequired = it.required !== false && it.optional !== true && !('default' in it)
  const defaults = 'default' in it ? JSON.stringify(it.default) : null
  if (isThing(tensor))
    return { name, type: isText(tensor.dtype) ? tensor.dtype : 'any', shape: shapeOf(tensor.shape), isRequired, default: defaults }
  return { name, type: typeOf(it), shape: shapeOf(it.shape), isRequired, default: defaults }
}

/** MLflow keeps each part as JSON in a text. */
function fields(part: unknown): SignatureField[] {
  if (part === undefined || part === null) return []
  const list: unknown = isText(part) ? JSON.parse(part) : part
  if (!Array.isArray(list)) throw new Error('a part of its signature is no list')
  return list.map(field)
}

function flavorsOf(all: unknown): Flavor[] {
  if (!isThing(all)) return []
  return Object.entries(all).map(([name, it]) => {
    const said = isThing(it) ? Object.entries(it).find(([key]) => /_version$/.test(key) && key !== 'pickle_version') : undefined
    return { name: name === 'python_function' ? 'pyfunc' : name, version: name !== 'python_function' && said ? String(said[1]) : '' }
  })
}

const unreadable = (fault: string): Manifest => ({
  flavors: [],
  signature: null,
  inputExample: null,
  mlflowVersion: null,
  size: null,
  fault,
})

export function parseManifest(text: string, fault?: string): Manifest {
  if (fault) return unreadable(fault)
  try {
    const it: unknown = parse(text, { maxAliasCount: 50, prettyErrors: false })
    if (!isThing(it)) return unreadable('It is not YAML with fields.')
    const { signature, saved_input_example_info: example } = it
    return {
      flavors: flavorsOf(it.flavors),
      signature: isThing(signature)
        ? { inputs: fields(signature.inputs), outputs: fields(signature.outputs), params: fields(signature.params) }
        : null,
      inputExample: isThing(example) && isText(example.artifact_path) ? example.artifact_path : null,
      mlflowVersion: isText(it.mlflow_version) ? it.mlflow_version : null,
      size: typeof it.model_size_bytes === 'number' ? it.model_size_bytes : null,
      fault: null,
    }
  } catch (error) {
    return unreadable(`It can't be read: ${(error as Error).message.slice(0, 300)}`)
  }
}
