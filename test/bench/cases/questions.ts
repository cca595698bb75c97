/** What is asked of 100 000 runs in ten experiments: by the bench for how long it takes, by plans.ts for how. */

/** Runs of each experiment. */
export const sizes = [60_000, 20_000, 10_000, 5_000, 2_500, 1_000, 700, 500, 200, 100]

export interface Question {
  what: string
  filter?: string
  order?: string
}

/** Filtered and ordered, each of another shape. */
export const questions: Question[] = [
  { what: 'metric', filter: "metrics.acc > 0.5 AND params.model = 'm3'", order: 'metrics.loss ASC' },
  { what: 'metric, 1 % match', filter: 'metrics.acc > 0.99', order: 'metrics.loss ASC' },
  { what: 'param', filter: "params.lr = '0.001'", order: 'metrics.acc DESC' },
  { what: 'param as a number', filter: 'params.lr < 0.005', order: 'metrics.acc DESC' },
  { what: 'rare param', filter: "params.x77 = 'v3'", order: 'metrics.acc DESC' },
  { what: 'tag LIKE', filter: "tags.team LIKE 'vis%'", order: 'metrics.acc DESC' },
  { what: 'tag LIKE, rare', filter: "tags.`mlflow.runName` LIKE '%9999'", order: 'metrics.acc DESC' },
  { what: 'OR', filter: "metrics.acc > 0.95 OR params.model = 'm3'", order: 'metrics.loss ASC' },
  {
    what: 'OR with AND and NOT',
    filter: "params.lr = '0.001' OR (tags.team LIKE 'vis%' AND NOT metrics.loss > 0.1)",
    order: 'metrics.loss DESC',
  },
  { what: 'OR with an attribute', filter: "status = 'FAILED' OR metrics.acc > 0.99", order: 'metrics.loss DESC' },
  { what: 'NOT, and a regular expression', filter: "NOT params.lr = '0.001' AND name ~ '99$'", order: 'metrics.loss DESC' },
  { what: 'by a metric of one value', order: 'metrics.flat ASC' },
  { what: 'by a param of four values', filter: 'metrics.acc > 0.5', order: 'params.lr DESC' },
  { what: 'by a metric few have', order: 'metrics.x77 DESC' },
  { what: 'by duration', filter: "params.model = 'm3'", order: 'duration DESC' },
]
