/** What the tests need besides Node: Python with a pinned MLflow client, Chromium, Maven, R. Installed where that may be, else a sentence. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const cache = join(root, '.cache')
const isRootOnDebian = process.getuid?.() === 0 && existsSync('/etc/debian_version')

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options })
  if (done.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} failed:\n${done.error?.message ?? ''}${(done.stdout ?? '').slice(-2000)}${(done.stderr ?? '').slice(-2000)}`,
    )
  return done.stdout
}

function apt(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  process.stderr.write(`Installing ${packages.join(', ')} …\n`)
  const install = ['install', '-y', '-q', '--no-remove', '--no-install-recommends', ...packages]
  if (spawnSync('apt-get', install, { env, stdio: 'ignore' }).status === 0) return
  run('apt-get', ['update', '-q'], { env })
  run('apt-get', install, { env })
}

/** A Python from 3.10 that can make virtual environments. */
function python() {
  const good = (name) => works(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'])
  const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10']
  let found = names.find(good)
  if (!found && isRootOnDebian) {
    apt(['python3', 'python3-venv'])
    found = names.find(good)
  }
  if (!found)
    throw new Error(
      'The tests need Python 3.10 or later with venv: on Debian `apt-get install python3 python3-venv`, elsewhere python.org.',
    )
  return found
}

/** The Python of a virtual environment with what that file requires, made once for each content of it. */
export function mlflowPython(requirements = join(root, 'test', 'mlflow', 'requirements.txt')) {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const venv = join(cache, `venv-${hash}`)
  const bin = join(venv, 'bin', 'python')
  if (existsSync(join(venv, '.complete'))) return bin
  process.stderr.write('Installing MLflow, once …\n')
  rmSync(venv, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  run(python(), ['-m', 'venv', venv])
  run(bin, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements])
  writeFileSync(join(venv, '.complete'), '')
  return bin
}

/** Where Chromium is. */
export function chromium() {
  const places = [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ]
  const find = () => [process.env.CHROMIUM, ...places].find((path) => path && existsSync(path))
  let found = find()
  if (!found && isRootOnDebian) {
    apt(['chromium'])
    found = find()
  }
  if (!found)
    throw new Error('The tests need Chromium: on Debian `apt-get install chromium`, or say where one is with CHROMIUM=/path/to/chromium.')
  return found
}

/**
 * The Chromium that the tests of pages drive: without windows around its pages, which then open at half the cost. Where that one can't be had, the
 * whole one.
 */
export function headlessChromium() {
  const place = '/usr/bin/chromium-headless-shell'
  if (process.env.CHROMIUM) return chromium()
  const tried = join(cache, 'headless-shell-tried')
  if (!existsSync(place) && isRootOnDebian && !existsSync(tried)) {
    try {
      apt(['chromium-headless-shell'])
    } catch {
      // Such as without a network: asked for once, and not at each start.
      mkdirSync(cache, { recursive: true })
      writeFileSync(tried, '')
    }
  }
  return existsSync(place) ? place : chromium()
}

/** Maven's arguments for a project, to be followed by goals. What it needs is in the checkout by then, so that two may run at once. */
export function maven(project) {
  const good = () => works('mvn', ['-version']) && works('javac', ['-version'])
  if (!good() && isRootOnDebian) apt(['default-jdk-headless', 'maven'])
  if (!good())
    throw new Error('The Java client needs Maven and a JDK of 11 or later: on Debian `apt-get install default-jdk-headless maven`.')
  const args = ['-q', '-B', `-Dmaven.repo.local=${join(cache, 'm2')}`, '-f', project]
  const stamp = join(cache, 'm2', `.complete-${createHash('sha256').update(readFileSync(project)).digest('hex').slice(0, 12)}`)
  if (existsSync(stamp)) return args
  process.stderr.write('Fetching the Java client, once …\n')
  const build = mkdtempSync(join(tmpdir(), 'tidegate-maven-'))
  try {
    // All but the tests: what runs them is fetched only then.
    run('mvn', [...args, `-Dbuild=${build}`, '-Dtest=NoTest', '-Dsurefire.failIfNoSpecifiedTests=false', 'test'])
  } finally {
    rmSync(build, { recursive: true, force: true })
  }
  writeFileSync(stamp, '')
  return args
}

const keycloakVersion = '26.0.7'

/** The folder of a Keycloak, built for a database in memory; from Maven Central, once. */
export function keycloak() {
  const folder = join(cache, `keycloak-${keycloakVersion}`)
  if (existsSync(join(folder, '.complete'))) return folder
  const good = () => works('mvn', ['-version']) && works('java', ['-version'])
  if (!good() && isRootOnDebian) apt(['default-jdk-headless', 'maven'])
  if (!good()) throw new Error('Keycloak needs Maven and Java 17 or later: on Debian `apt-get install default-jdk-headless maven`.')
  process.stderr.write('Fetching Keycloak, once …\n')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  // Maven leaves notes of what it unpacked where it is started.
  const fresh = mkdtempSync(join(cache, 'fetched-'))
  const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
  const unpack = ['dependency:unpack', `-Dartifact=${artifact}`, `-DoutputDirectory=${fresh}`]
  run('mvn', ['-q', '-B', `-Dmaven.repo.local=${join(cache, 'm2')}`, ...unpack], { cwd: fresh })
  renameSync(join(fresh, `keycloak-${keycloakVersion}`), folder)
  rmSync(fresh, { recursive: true, force: true })
  run('sh', [join(folder, 'bin', 'kc.sh'), 'build', '--db=dev-mem'])
  writeFileSync(join(folder, '.complete'), '')
  return folder
}

/** Rscript, with the packages that the R tests use. */
export function rscript() {
  const packages = ['httr', 'jsonlite', 'purrr', 'tibble', 'testthat', 'xml2']
  const debian = ['r-base-core', ...packages.map((name) => `r-cran-${name}`)]
  const good = () => works('Rscript', ['-e', packages.map((name) => `library(${name})`).join(';')])
  if (!good() && isRootOnDebian) apt(debian)
  if (!good()) throw new Error(`The R client needs R with ${packages.join(', ')}: on Debian \`apt-get install ${debian.join(' ')}\`.`)
  return 'Rscript'
}
