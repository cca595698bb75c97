/** The log of a run: what is printed gets there whole, once and in order, whatever happens to the connection, and comes live. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, graphql, startRun } from '../src/index.ts'
import { lineSplitter } from '../src/node/lines.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
})

const lines = async (run: string): Promise<{ text: string; source: string }[]> =>
  (await platform.graphql('query ($run: ID!) { run(id: $run) { log(from: 0, first: 5000) { lines { text source } } } }', { run })).run.log
    .lines

it('lines get there once and in order, though answers are lost and requests are cut', async () => {
  let count = 0
  proxy.trouble = (path) =>
    path === '/graphql' ? (['drop', undefined, 'cut', 'refuse', 'half', undefined] as const)[count++ % 6] : undefined
  const run = await startRun('print', { url: proxy.origin, flushEvery: 5 })
  for (let i = 0; i < 100; i++) {
    run.print(`line ${i}`)
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await run.finish()
  proxy.trouble = () => undefined
  expect((await lines(run.id)).map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `line ${i}`))
})

it('a flush that gave up sends the same request again, so that nothing is there twice', async () => {
  const run = await startRun('print', { url: proxy.origin, giveUpAfter: 300 })
  proxy.trouble = (path) => (path === '/graphql' ? 'drop' : undefined)
  run.print('once')
  await expect(run.flush()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  run.print('then')
  proxy.trouble = () => undefined
  await run.finish()
  expect((await lines(run.id)).map(({ text }) => text)).toEqual(['once', 'then'])
})

it('comes live, each line once, from where one was, also after the connection was lost', async () => {
  const client = connect({ url: proxy.origin })
  const run = await startRun('print', { url: platform.origin, flushEvery: 5 })
  run.print('before')
  await run.flush()
  const document = graphql('subscription L($run: ID!, $after: Int) { logLines(run: $run, after: $after) { lines { number text } } }')
  const seen: string[] = []
  let have = 0
  const follow = async () => {
    for await (const { logLines } of client.subscribe(document, { run: run.id, after: have })) {
      seen.push(...logLines.lines.map(({ text }) => text))
      have = logLines.lines.at(-1)!.number + 1
      if (seen.at(-1) === 'half' || seen.at(-1) === 'end') return
    }
  }
  const first = follow()
  for (let i = 0; i < 20; i++) run.print(`live ${i}`)
  run.print('half')
  await first
  run.print('meanwhile')
  await run.flush()
  const second = follow()
  run.print('end')
  await second
  await run.finish()
  client.close()
  expect(seen).toEqual(['before', ...Array.from({ length: 20 }, (_, i) => `live ${i}`), 'half', 'meanwhile', 'end'])
})

it('with `console` what the process prints is in the log and printed all the same', async () => {
  const source = `
    import { startRun } from ${JSON.stringify(join(import.meta.dirname, '..', 'src', 'index.ts'))}
    const run = await startRun('print', { url: ${JSON.stringify(platform.origin)}, console: true })
    console.log('to out')
    console.error('to err')
    process.stdout.write('not ended, ')
    await run.finish()
    console.log(run.id)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', source])
  let out = ''
  child.stdout.on('data', (piece) => (out += piece))
  await once(child, 'close')
  const id = out.match(/[0-9a-f]{32}/)![0]
  expect(out).toBe(`to out\nnot ended, ${id}\n`)
  const found = await lines(id)
  expect(found.map(({ text, source }) => [source, text]).sort()).toEqual([
    ['STDERR', 'to err'],
    ['STDOUT', 'not ended, '],
    ['STDOUT', 'to out'],
  ])
})

it('text that comes in pieces is whole lines, whatever its characters are cut by', () => {
  const heard: string[] = []
  const splitter = lineSplitter((text) => heard.push(text))
  for (const byte of Buffer.from('äö\nü')) splitter.write(Uint8Array.of(byte))
  expect(heard).toEqual(['äö'])
  splitter.end()
  expect(heard).toEqual(['äö', 'ü'])
})
