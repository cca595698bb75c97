/** Which way a metric is better, as far as its name tells. */

export type Direction = 'lower' | 'higher'

/** What most mean by a better value of a metric of that name; undefined where a name tells nothing. */
export function guessDirection(key: string): Direction | undefined {
  const words = key.toLowerCase().split(/[^a-z0-9]+/)
  const has = (...some: string[]) => some.some((word) => words.includes(word))
  if (
    has(
      'loss',
      'error',
      'err',
      'mae',
      'mse',
      'rmse',
      'mape',
      'smape',
      'wer',
      'cer',
      'fid',
      'perplexity',
      'ppl',
      'latency',
      'seconds',
      'ms',
      'time',
      'nll',
      'brier',
      'hinge',
    )
  )
    return 'lower'
  if (/loss$|error$/.test(words.at(-1) ?? '')) return 'lower'
  if (
    has(
      'acc',
      'accuracy',
      'auc',
      'roc',
      'f1',
      'precision',
      'recall',
      'r2',
      'map',
      'ndcg',
      'bleu',
      'rouge',
      'score',
      'throughput',
      'iou',
      'dice',
      'reward',
      'coverage',
      'psnr',
      'ssim',
    )
  )
    return 'higher'
  return undefined
}
