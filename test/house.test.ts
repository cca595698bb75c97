/** The rules of the house, as a test: which way imports point, what files are called, how long they are. CONTRIBUTING says why. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const skipped = new Set(['node_modules', 'generated', 'build', '.svelte-kit', '.git', '.tidegate', '.cache'])

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else yield relative(root, path)
  }
}

const files = ['packages', 'plugins', 'apps', 'prisma', 'test'].flatMap((folder) => [...walk(join(root, folder))])
const sources = files.filter((file) => /\.(ts|mts|mjs|js|svelte)$/.test(file) && !file.endsWith('.d.ts') && !file.endsWith('.d.mts'))
const text = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** What a file imports, whole or types only, dynamic or not. */
const importsOf = (file: string) =>
  [
    ...text.get(file)!.matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|(?:^|[^.\w])import\(?\s*['"]([^'"]+)['"]/g),
  ].map((match) => (match[1] ?? match[2])!)

/** Where an import leads: a file of ours, or a package. */
const target = (file: string, specifier: string) =>
  specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier

const area = (file: string): string => {
  const [top, name] = file.split('/') as [string, string]
  return top === 'packages' || top === 'apps' ? `${top}/${name}` : top
}

/** The table of house.md: whom each area may import, of ours. */
const allowed: Record<string, RegExp> = {
  'packages/plugin': /^$/,
  prisma: /^$/,
  'packages/server': /^(@tidegate\/(plugin|db))/,
  'packages/client': /^$/,
  plugins: /^@tidegate\/plugin/,
  'apps/server': /^(@tidegate\/(plugin|db|server|artifact-.*)|prisma\/generate\.mjs|apps\/web\/weight\.ts)/,
  'apps/web': /^@tidegate\/client/,
  'apps/cli': /^@tidegate\/client/,
  test: /./,
}

const isTest = (file: string) => /\.test\.ts$|(^|\/)test\//.test(file)

describe('imports', () => {
  it('go only where the table allows', () => {
    const wrong = sources.flatMap((file) => {
      const from = area(file)
      if (isTest(file) || !allowed[from]) return []
      return importsOf(file)
        .map((specifier) => target(file, specifier))
        .filter((to) => to.startsWith('@tidegate/') || /^(packages|plugins|apps|prisma|test)\//.test(to))
        .filter((to) =>
          to.startsWith('@tidegate/') ? true : area(to) !== from || (from === 'plugins' && to.split('/')[1] !== file.split('/')[1]),
        )
        .filter((to) => !allowed[from]!.test(to))
        .map((to) => `${file} may not import ${to}`)
    })
    expect(wrong).toEqual([])
  })

  const server = sources.filter((file) => file.startsWith('packages/server/src/') && !isTest(file))
  const module = (file: string) => {
    const rest = file.slice('packages/server/src/'.length).split('/')
    return rest.length > 1 ? rest[0]! : ''
  }

  it('of kernel files never lead to a module, but for the list of modules and types', () => {
    const wrong = server
      .filter((file) => module(file) === '' && !['modules.ts', 'index.ts', 'print-schema.ts'].includes(basename(file)))
      .flatMap((file) =>
        [...text.get(file)!.matchAll(/(?:^|\n)import\s+(?!type)[^'"]*from\s+'(\.[^']+)'/g)]
          .map((match) => target(file, match[1]!))
          .filter((to) => to.startsWith('packages/server/src/') && module(to) !== '')
          .map((to) => `${file} is a kernel file and may not import ${to}`),
      )
    expect(wrong).toEqual([])
  })

  it('between modules lead to plain files, never to a face of another module over REST', () => {
    const wrong = server
      .filter((file) => module(file) !== '')
      .flatMap((file) =>
        importsOf(file)
          .map((specifier) => target(file, specifier))
          .filter((to) => to.endsWith('.rest.ts'))
          .map((to) => `${file} may not import ${to}: a face is a leaf`),
      )
    expect(wrong).toEqual([])
  })

  it('of GraphQL come from GraphQL only', () => {
    const wrong = server
      .filter((file) => !file.endsWith('.graphql.ts') && !file.endsWith('modules.ts'))
      .flatMap((file) =>
        importsOf(file)
          .filter((specifier) => specifier.endsWith('.graphql.ts'))
          .map((to) => `${file} may not import ${to}`),
      )
    expect(wrong).toEqual([])
  })

  it('have no cycles', () => {
    const graph = new Map(
      sources.map((file) => [
        file,
        [...text.get(file)!.matchAll(/(?:^|\n)(?:import|export)\s+(?!type\b)[^'"`]*?from\s+'(\.[^']+)'/g)]
          .map((match) => target(file, match[1]!))
          .filter((to) => text.has(to)),
      ]),
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: string[]) => {
      if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) visit(file, [])
    expect(cycles).toEqual([])
  })
})

describe('files', () => {
  it('have at most 500 lines', () => {
    const long = sources.filter((file) => !isTest(file) && text.get(file)!.split('\n').length > 501)
    expect(long).toEqual([])
  })

  it('are named for what is in them', () => {
    expect(files.filter((file) => /^(utils?|helpers?|common|types|manager)\.(ts|js|mjs)$/.test(basename(file)))).toEqual([])
    const odd = sources.filter((file) => !/^[a-z0-9+[\]-]+([.][a-z0-9]+)*$|^[A-Z][A-Za-z]*\.svelte$|^\+/.test(basename(file)))
    expect(odd).toEqual([])
  })

  it('keep SQL in files that say so', () => {
    const sql = /[`'"]\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH \w+ AS)\s/
    const wrong = sources.filter(
      (file) => file.startsWith('packages/server/src/') && !/\.sql\.ts$/.test(file) && !isTest(file) && sql.test(text.get(file)!),
    )
    expect(wrong.filter((file) => basename(file) !== 'events.ts')).toEqual([])
  })

  it('read the environment in the configuration only', () => {
    const may = new Set(['packages/server/src/config.ts', 'apps/server/platform.config.ts', 'packages/client/src/address.ts'])
    const wrong = sources.filter(
      (file) => /^(packages|plugins)\//.test(file) && !isTest(file) && !may.has(file) && /process\.env\b/.test(text.get(file)!),
    )
    expect(wrong).toEqual([])
  })

  it('leave nothing half done and no test out', () => {
    const marks = new RegExp(['TO', 'DO|FIX', 'ME|\\.(skip|only|to', 'do)\\('].join(''))
    expect(sources.filter((file) => marks.test(text.get(file)!))).toEqual([])
  })

  it('touch the database from the faces only by an operation', () => {
    const faces = sources.filter((file) => file.endsWith('.rest.ts'))
    expect(faces.filter((file) => /ctx\.db\b/.test(text.get(file)!))).toEqual([])
  })
})

describe('what docs/pages.md names', () => {
  const page = readFileSync(join(root, 'docs', 'pages.md'), 'utf8')

  it('as the test of a journey is one', () => {
    const rows = [...page.matchAll(/^\| [^|\n]+ \| [^|\n]+ \| ([a-z-]+) \| ([^|\n]+) \|$/gm)]
    expect(rows.length).toBeGreaterThanOrEqual(30)
    const said = (file: string, sentence: string) =>
      ["it('", 'it("'].some((start) => text.get(file)?.includes(`${start}${sentence}${start.at(-1)},`))
    const wrong = rows.filter(([, file, sentence]) => !said(`test/web/${file}.test.ts`, sentence!)).map(([row]) => row)
    expect(wrong).toEqual([])
  })

  it('as a picture is there, light and dark', () => {
    const pictures = new Set(readdirSync(join(root, 'docs', 'pages')))
    const named = [...page.matchAll(/!\[\]\(pages\/([^)]+)\)/g)].map(([, name]) => name!)
    expect(named.filter((name) => !pictures.has(name))).toEqual([])
    expect([...pictures].filter((name) => !named.includes(name))).toEqual([])
    expect(
      named.filter((name) => !named.includes(name.replace(/\.(light|dark)\./, (_, is) => (is === 'light' ? '.dark.' : '.light.')))),
    ).toEqual([])
  })
})
