/** What a data set says of itself, out of the JSON that MLflow's client writes: its columns, its counts, where it came from. */

export interface Column {
  name: string
  type: string
  required: boolean | undefined
}

type Json = Record<string, unknown>

function parsed(text: string | null | undefined): Json {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Json) : {}
  } catch {
    return {}
  }
}

/** `{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}` is `float64 [-1 × 4]`. */
function typeOf(spec: Json): string {
  const tensor = spec['tensor-spec'] as Json | undefined
  if (tensor) return `${tensor.dtype} [${Array.isArray(tensor.shape) ? tensor.shape.join(' × ') : ''}]`
  const type = String(spec.type ?? '')
  return type === 'array' && spec.items ? `array of ${typeOf(spec.items as Json)}` : type
}

const columnsIn = (specs: unknown, prefix = ''): Column[] => {
  const list: unknown = typeof specs === 'string' ? Object.values(parsed(`{"list":${specs}}`))[0] : specs
  if (!Array.isArray(list)) return []
  return list.map((spec: Json, i) => ({
    name: [prefix, spec.name ?? (list.length > 1 || prefix === '' ? String(i) : '')].filter(Boolean).join('.'),
    type: typeOf(spec),
    required: typeof spec.required === 'boolean' ? spec.required : undefined,
  }))
}

/** https://mlflow.org/docs/latest/python_api/mlflow.data.html: `mlflow_colspec`, or `mlflow_tensorspec` of features and targets. */
export function columnsOf(schema: string | null | undefined): Column[] {
  const { mlflow_colspec: columns, mlflow_tensorspec: tensors } = parsed(schema)
  if (columns) return columnsIn(columns)
  return Object.entries((tensors ?? {}) as Json).flatMap(([part, specs]) => (specs ? columnsIn(specs, part) : []))
}

/** What is counted of it, as it says it: `num_rows`, `features_shape`. */
export const profileOf = (profile: string | null | undefined): [name: string, value: string][] =>
  Object.entries(parsed(profile)).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(' × ') : typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])

/** Where it came from: an address where there is one, else what is said. */
export function sourceOf(source: string | null | undefined): { text: string; href: string | undefined } {
  const { url, uri, path, delta_table_name: table, ...rest } = parsed(source)
  const place = [url, uri, path, table].find((each): each is string => typeof each === 'string')
  const text = place ?? (Object.keys(rest).length > 0 ? JSON.stringify(rest) : (source ?? ''))
  return { text, href: /^https?:\/\//.test(text) ? text : undefined }
}
