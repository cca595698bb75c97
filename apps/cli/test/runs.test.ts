import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fill, type Setting, startSetting, still } from './tidegate.ts'

let cli: Setting
let runs: string[]
beforeAll(async () => {
  cli = await startSetting()
  runs = (await fill(cli.platform, "it's mnist")).runs
  await fill(cli.platform, 'other')
})
afterAll(() => cli.stop())

describe('runs list', () => {
  it('shows the runs of an experiment, newest first, with the columns that were asked for', async () => {
    const { out, err, code } = await cli.tidegate('runs', 'list', "it's mnist", '--columns', 'metrics.loss,params.lr,params.`note to self`')
    expect(out.replace(/[0-9a-f]{32}/g, '<run>')).toMatchInlineSnapshot(`
      "ID                                NAME   STATUS    STARTED                     TOOK  metrics.loss  params.lr  params.\`note to self\`
      <run>  cnn-4  FINISHED  2023-11-14 22:13:24Z  1 min 30 s           0.2  1          a, "b" c
      <run>  cnn-3  FINISHED  2023-11-14 22:13:23Z  1 min 30 s           NaN  0.75       a, "b" c
      <run>  cnn-2  FAILED    2023-11-14 22:13:22Z  1 min 30 s      0.333333  0.5        a, "b" c
      <run>  cnn-1  FINISHED  2023-11-14 22:13:21Z  1 min 30 s           0.5  0.25       a, "b" c
      <run>  cnn-0  FINISHED  2023-11-14 22:13:20Z  1 min 30 s             1  0          a, "b" c
      "
    `)
    expect([code, err]).toEqual([0, ''])
  })

  it('has a line of JSON for each, with everything; NaN is the string', async () => {
    const found = await cli.lines('runs', 'list', "it's mnist", '--limit', '2')
    expect(found.map(({ id }) => id)).toEqual([runs[4], runs[3]])
    expect(found[1].metrics).toEqual({ loss: 'NaN' })
    expect(still(found[0])).toMatchInlineSnapshot(`
      {
        "deletedAt": null,
        "endedAt": 1700000094000,
        "experimentId": "1",
        "id": "<run>",
        "metrics": {
          "loss": 0.2,
        },
        "name": "cnn-4",
        "params": {
          "lr": "1",
          "note to self": "a, "b"
      c",
        },
        "parentId": null,
        "startedAt": 1700000004000,
        "status": "FINISHED",
        "tags": {
          "mlflow.runName": "cnn-4",
          "team": "vision",
        },
        "user": "ada",
      }
    `)
  })

  it('gives ids and nothing else with --quiet', async () => {
    const { out } = await cli.tidegate('runs', 'list', "it's mnist", '--quiet')
    expect(out).toBe(`${[...runs].reverse().join('\n')}\n`)
  })

  it('refuses a column that is none', async () => {
    const { code, err } = await cli.tidegate('runs', 'list', '--columns', 'loss')
    expect([code, err]).toEqual([2, "tidegate: 'loss' is not a column: write metrics.NAME, params.NAME or tags.NAME.\n"])
  })

  it('goes on with new and changed runs that match, with --watch, until it is interrupted', async () => {
    const { experiment } = await fill(cli.platform, 'watched')
    const filter = "params.lr = '0.5' or attributes.run_name = 'mine'"
    const { child, ended } = cli.start(['runs', 'list', 'watched', '--watch', '--json', '--filter', filter])
    const seen: any[] = []
    let rest = ''
    const until = (name: string) =>
      new Promise<void>((resolve) => {
        const look = () => seen.some((run) => run.name === name) && resolve()
        child.stdout!.on('data', (chunk) => {
          const parts = (rest + chunk).split('\n')
          rest = parts.pop()!
          seen.push(...parts.map((line) => JSON.parse(line)))
          look()
        })
        look()
      })
    await until('cnn-2')
    for (const run_name of ['theirs', 'mine']) {
      await cli.platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name, start_time: 1 })
    }
    await until('mine')
    expect(new Set(seen.map(({ name }) => name))).toEqual(new Set(['cnn-2', 'mine']))
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
  })
})

describe('runs search', () => {
  it('finds in the filter language, across experiments and in the order asked for', async () => {
    const found = await cli.lines(
      'runs',
      'search',
      'metrics.loss < 0.6 and not params.lr = "1"',
      '--order',
      'metrics.loss desc',
      '--experiment',
      "it's mnist",
      'other',
    )
    expect(found.map(({ name }) => name)).toEqual(['cnn-1', 'cnn-1', 'cnn-2', 'cnn-2'])
    expect(new Set(found.map(({ experimentId }) => experimentId)).size).toBe(2)
  })

  it('points at what is wrong in a filter', async () => {
    const { code, out, err } = await cli.tidegate('runs', 'search', "metrics.loss < 0.1 and params.lr ~~ 'x'")
    expect([code, out]).toEqual([2, ''])
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^tidegate: .*~~/),
      "  metrics.loss < 0.1 and params.lr ~~ 'x'",
      '                                   ^^',
      '',
    ])
    const asJson = await cli.tidegate('runs', 'search', 'metrics.loss <', '--json')
    expect(JSON.parse(asJson.err)).toEqual({ error: { code: 'INVALID_PARAMETER_VALUE', message: expect.any(String), exit: 2 } })
  })

  it('wants one filter', async () => {
    expect((await cli.tidegate('runs', 'search', 'metrics.loss < 1', '--filter', 'metrics.loss < 2')).code).toBe(2)
  })
})

describe('runs show', () => {
  it('tells all that a run says of itself', async () => {
    const { wire, graphql } = cli.platform
    const dataset = { name: 'digits', digest: '9f3a', source: 'https://data.test/digits', sourceType: 'http' }
    await graphql('mutation ($input: LogInputsInput!) { logInputs(input: $input) { run { id } } }', {
      input: { runId: runs[0], datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }] },
    })
    expect(still(await cli.json('runs', 'show', runs[0]!))).toMatchInlineSnapshot(`
      {
        "artifactUri": "mlflow-artifacts:/1/<run>/artifacts",
        "deletedAt": null,
        "endedAt": 1700000090000,
        "experiment": {
          "id": "1",
          "name": "it's mnist",
        },
        "id": "<run>",
        "inputs": [
          {
            "digest": "9f3a",
            "name": "digits",
            "source": "https://data.test/digits",
            "sourceType": "http",
            "tags": {
              "mlflow.data.context": "training",
            },
          },
        ],
        "metrics": {
          "loss": {
            "step": 7,
            "time": 1700000000000,
            "value": 1,
          },
        },
        "name": "cnn-0",
        "params": {
          "lr": "0",
          "note to self": "a, "b"
      c",
        },
        "parentId": null,
        "startedAt": 1700000000000,
        "status": "FINISHED",
        "tags": {
          "mlflow.runName": "cnn-0",
          "team": "vision",
        },
        "url": "<server>/runs/<run>",
        "user": "ada",
      }
    `)
    // What others wrote reaches a terminal without its escape sequences.
    await wire('POST', 'runs/set-tag', { run_id: runs[0], key: 'evil', value: '\u001b[31mred\u0007' })
    const { out } = await cli.tidegate('runs', 'show', `run:${runs[0]}`)
    expect(still(out)).toMatchInlineSnapshot(`
      "cnn-0
        id          <run>
        status      FINISHED
        experiment  it's mnist (1)
        user        ada
        started     2023-11-14 22:13:20Z
        ended       2023-11-14 22:14:50Z
        took        1 min 30 s
        artifacts   mlflow-artifacts:/1/<run>/artifacts
        page        <server>/runs/<run>

      Params
        lr            0
        note to self  a, "b" c

      Metrics
        loss  1  at step 7

      Tags
        evil  red 
        team  vision

      Inputs
        digits  9f3a  http
      "
    `)
  })

  it('follows a live run to its end with --watch', async () => {
    const { wire } = cli.platform
    const { run } = await wire('POST', 'runs/create', { experiment_id: '0', run_name: 'live', start_time: 1 })
    const { run_id } = run.info
    const { child, ended } = cli.start(['runs', 'show', run_id, '--watch', '--json'])
    await new Promise((resolve) => child.stdout!.once('data', resolve))
    for (let step = 0; step < 3; step++) await wire('POST', 'runs/log-metric', { run_id, key: 'loss', value: step / 2, timestamp: 5, step })
    await wire('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 9 })
    const { code, out } = await ended
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(events[0]).toMatchObject({ event: 'run', id: run_id, status: 'RUNNING' })
    expect(events.filter(({ event }) => event === 'point')).toEqual(
      [0, 1, 2].map((step) => ({ event: 'point', key: 'loss', step, time: 5, value: step / 2 })),
    )
    expect(events.filter(({ event }) => event === 'status')).toEqual([{ event: 'status', status: 'FINISHED', endedAt: 9 }])
  })
})

describe('runs export', () => {
  it('writes CSV to standard output', async () => {
    const { out } = await cli.tidegate(
      'runs',
      'export',
      '--experiment',
      "it's mnist",
      '--order',
      'metrics.loss',
      '--columns',
      'metrics.loss,params.`note to self`',
    )
    expect(still(out)).toMatchInlineSnapshot(`
      "id,name,experiment_id,status,user,parent_id,started_at,ended_at,metrics.loss,params.note to self
      <run>,cnn-4,1,FINISHED,ada,,2023-11-14T22:13:24.000Z,2023-11-14T22:14:54.000Z,0.2,"a, ""b""
      c"
      <run>,cnn-2,1,FAILED,ada,,2023-11-14T22:13:22.000Z,2023-11-14T22:14:52.000Z,0.3333333333333333,"a, ""b""
      c"
      <run>,cnn-1,1,FINISHED,ada,,2023-11-14T22:13:21.000Z,2023-11-14T22:14:51.000Z,0.5,"a, ""b""
      c"
      <run>,cnn-0,1,FINISHED,ada,,2023-11-14T22:13:20.000Z,2023-11-14T22:14:50.000Z,1,"a, ""b""
      c"
      <run>,cnn-3,1,FINISHED,ada,,2023-11-14T22:13:23.000Z,2023-11-14T22:14:53.000Z,NaN,"a, ""b""
      c"
      "
    `)
  })

  it('writes JSON lines, with all that the runs have', async () => {
    const { out } = await cli.tidegate('runs', 'export', '--experiment', "it's mnist", '--format', 'jsonl')
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(found.map(({ id }) => id)).toEqual([...runs].reverse())
    expect(found[1]).toMatchObject({
      metrics: { loss: 'NaN' },
      params: { lr: '0.75', 'note to self': 'a, "b"\nc' },
      tags: { team: 'vision' },
    })
  })

  it('writes Parquet with a column for each metric, param and tag, and its type', async () => {
    const file = join(cli.folder, 'runs.parquet')
    expect(await cli.json('runs', 'export', '--experiment', "it's mnist", '--output', file)).toMatchObject({
      runs: 5,
      format: 'parquet',
      output: file,
    })
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) })
    expect(rows.map((row) => row['metrics.loss'])).toEqual([1 / 5, Number.NaN, 1 / 3, 1 / 2, 1])
    expect(rows[2]).toMatchObject({
      id: runs[2],
      status: 'FAILED',
      started_at: new Date(1_700_000_002_000),
      parent_id: null,
      'params.lr': '0.5',
      'tags.team': 'vision',
    })
  })

  it('leaves the file that was there, and no other, when it fails', async () => {
    const file = join(cli.folder, 'kept.csv')
    await writeFile(file, 'before')
    const { code } = await cli.tidegate('runs', 'export', '--output', file, '--filter', 'metrics.loss <')
    expect(code).toBe(2)
    expect(await readFile(file, 'utf8')).toBe('before')
    expect((await readdir(cli.folder)).filter((name) => name.includes('kept'))).toEqual(['kept.csv'])
  })

  it('wants a file for Parquet', async () => {
    expect(await cli.tidegate('runs', 'export', '--format', 'parquet')).toMatchObject({ code: 2, out: '' })
  })
})

describe('runs rm and restore', () => {
  it('delete nothing without --yes where nobody can be asked, nor with --dry-run', async () => {
    const refused = await cli.tidegate('runs', 'rm', runs[0]!)
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/^tidegate: Delete the run cnn-0 .* Say --yes/)])
    const filter = ['--experiment', "it's mnist", '--filter', "status = 'FAILED'"]
    expect(await cli.json('runs', 'rm', ...filter, '--dry-run')).toEqual({ runs: [{ id: runs[2], name: 'cnn-2' }], dryRun: true })
    expect(await cli.lines('runs', 'list', "it's mnist")).toHaveLength(5)
  })

  it('delete, and bring back', async () => {
    const both = [runs[0]!, runs[1]!]
    expect((await cli.tidegate('runs', 'rm', ...both, '--yes')).out).toBe('Deleted 2 runs.\n')
    expect((await cli.lines('runs', 'list', "it's mnist", '--deleted')).map(({ id }) => id).sort()).toEqual([...both].sort())
    expect(await cli.json('runs', 'restore', '--experiment', "it's mnist")).toMatchObject({ dryRun: false })
    expect(await cli.lines('runs', 'list', "it's mnist")).toHaveLength(5)
  })

  it('delete none where one is unknown', async () => {
    expect((await cli.tidegate('runs', 'rm', runs[0]!, '0'.repeat(32), '--yes')).code).toBe(3)
    expect(await cli.lines('runs', 'list', "it's mnist")).toHaveLength(5)
  })

  it('want ids or a search, not both and not neither', async () => {
    expect((await cli.tidegate('runs', 'rm', '--yes')).code).toBe(2)
    expect((await cli.tidegate('runs', 'rm', runs[0]!, '--filter', "status = 'FAILED'", '--yes')).code).toBe(2)
  })
})
