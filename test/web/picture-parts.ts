/** What makes the pictures of the docs: servers as anyone starts them, in a folder that is gone afterwards, and where the pictures go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

export const root = join(import.meta.dirname, '..', '..')
export const folder = mkdtempSync(join(tmpdir(), 'tidegate-picture-'))

/** A server as anyone starts it, and what it printed. */
export async function serve(name: string, ...args: string[]): Promise<{ server: ChildProcess; output: string; origin: string }> {
  const start = join(root, 'apps', 'server', 'start.mjs')
  const server = spawn(process.execPath, [start, '--port', '0', '--data', join(folder, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const chunk of server.stdout) {
    output += chunk
    if (output.includes('Ctrl-C')) break
  }
  return { server, output, origin: /http:\/\/[\d.:]+/.exec(output)![0] }
}

/** Calls of MLflow's API there. */
export const postingTo = (origin: string) => async (path: string, body: object) =>
  (await (
    await fetch(`${origin}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  ).json()) as any

export const shoot = (page: Page, name: string, colorScheme: 'light' | 'dark') =>
  page.screenshot({ path: join(root, 'docs', 'pages', `${name}.${colorScheme}.png`) })
