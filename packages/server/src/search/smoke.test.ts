import { freshDatabase } from '@tidegate/test/database'
import { expect, it } from 'vitest'
import { readRuns, readValues } from '../runs/read.sql.ts'
import { parseOrderBy } from './column.ts'
import { parseFilter } from './filter.ts'
import { searchRuns } from './search.sql.ts'

it('x', async () => {
  const db = await freshDatabase()
  await db.query(`INSERT INTO key (experiment_id, kind, name) SELECT 0, k, 'k'||g FROM generate_series(0,2) k, generate_series(1,5) g`)
  await db.query(
    `INSERT INTO run (workspace_id, experiment_id, uuid, name, artifact_uri, changed_at, start_time) SELECT 1,0,md5(g::text),'run '||g,'x',0,g/2 FROM generate_series(1,300) g`,
  )
  await db.query(`INSERT INTO latest SELECT r.id, k.id, 1, 5, random(), random() < 0.1, null FROM run r, key k WHERE k.kind=0`)
  await db.query(`UPDATE latest SET settled = CASE WHEN nan THEN 'NaN' ELSE value END WHERE random() < 0.8`)
  await db.query(`INSERT INTO param SELECT r.id, k.id, 'v'||(r.id%7), null FROM run r, key k WHERE k.kind=1`)
  for (const f of [
    '',
    `metrics.k1 > 0.5`,
    `metrics.k1 > 0.5 and params.k2 = 'v3' and status != 'x'`,
    `params.k1 IS NULL`,
    `params.zz IS NULL and metrics.k3 != 0`,
    `datasets.name = 'x'`,
    `datasets.context IN ('x')`,
    `run_id IN ('x')`,
    `params.k1 LIKE 'v%' and start_time > 5.5`,
  ])
    for (const o of [
      [],
      ['metrics.k1 DESC'],
      ['params.k1', 'metrics.k2'],
      ['name'.replace('name', 'run_name')],
      ['start_time'],
      ['status', 'metrics.k1'],
    ])
      for (const runs of [undefined, [1, 2, 3]]) {
        const p = await searchRuns(db, {
          experiments: [0],
          filter: parseFilter(f),
          orderBy: parseOrderBy(o),
          limit: 10,
          count: 'bounded',
          runs,
        })
        console.log(f, o, p.ids.length, p.hasMore, p.total)
      }
  console.log(await readRuns(db, [1, 2]), (await readValues(db, [1, 2], { metrics: true, params: ['k1'], tags: { prefix: 'x' } })).get(1))
  await db.close()
})
