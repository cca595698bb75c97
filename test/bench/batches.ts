/** Bodies of log-batch, made before the clock runs. */

const since = 1_750_000_000_000
const head = '{"run_id":"'
const idLength = 32

/** Points `first` to `first + count - 1` of each of `keys` metrics, a second apart, values with all their digits. */
export function batch(keys: number, first: number, count: number): Buffer {
  const points: string[] = []
  for (let step = first; step < first + count; step++) {
    for (let key = 0; key < keys; key++) {
      const name = keys === 1 ? 'loss' : `m${key}`
      points.push(`{"key":"${name}","value":${Math.random()},"timestamp":${since + step * 1000},"step":${step}}`)
    }
  }
  return Buffer.from(`${head}${'0'.repeat(idLength)}","metrics":[${points.join(',')}]}`)
}

/** Writes the run's id into a batch, in place. */
export function address(body: Buffer, run: string): Buffer {
  body.write(run, head.length, idLength, 'latin1')
  return body
}
