/** The order of a search for logged models, as MLflow takes it. Its filter is the language of search/filter.ts. */
import { z } from 'zod'
import { invalid } from '../errors.ts'
import { anyText, text } from '../fields.ts'
import { attributeKey, type Column, unquoted } from '../search/column.ts'

/** A term of an order: an attribute, or the newest value of a metric, perhaps on one data set. */
export interface ModelOrder {
  column: Column
  ascending: boolean
  datasetName: string | undefined
  datasetDigest: string | undefined
}

/** Terms of `order_by` as they are asked for. */
export const orderTerms = z
  .array(z.object({ fieldName: anyText, ascending: z.boolean().nullish(), datasetName: text, datasetDigest: text }))
  .max(100)
  .nullish()
  .transform((terms) => (terms ?? []).map(modelOrder))

function modelOrder({
  fieldName,
  ascending,
  datasetName,
  datasetDigest,
}: {
  fieldName: string
  ascending?: boolean | null | undefined
  datasetName: string | undefined
  datasetDigest: string | undefined
}): ModelOrder {
  const rest = { ascending: ascending ?? true, datasetName: datasetName || undefined, datasetDigest: datasetDigest || undefined }
  const dot = fieldName.indexOf('.')
  if (dot < 0) {
    const key = attributeKey(fieldName, 'models')
    if (!key) throw invalid(`Invalid order by field name: ${fieldName}`, 'order_by')
    return { column: { kind: 'attribute', key }, ...rest }
  }
  if (fieldName.slice(0, dot) !== 'metrics') {
    throw invalid(`Invalid order by field name: ${fieldName}. Only metrics are supported.`, 'order_by')
  }
  return { column: { kind: 'metric', key: unquoted(fieldName.slice(dot + 1), '`') }, ...rest }
}
