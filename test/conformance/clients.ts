/** The clients that are asked: what each needs is got, and its own test runner started so that it leaves JUnit's XML in a folder. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { maven, mlflowPython, rscript } from '../prerequisites.mjs'

export interface Command {
  program: string
  args: string[]
  env?: Record<string, string>
}

export interface Client {
  /** As the table has it. */
  name: string
  /** How it is run. `home` is its own to write in; reports go to `home`/reports. `others`: the server is not ours. */
  command(home: string, others: boolean): Command
}

const test = join(import.meta.dirname, '..')

/** What a file pins MLflow to. */
const pinned = (file: string, by: RegExp) => by.exec(readFileSync(file, 'utf8'))![1]!

const python = (requirements: string): Client => ({
  name: `Python ${pinned(requirements, /^mlflow==(\S+)/m)}`,
  command: (home) => ({
    program: mlflowPython(requirements),
    args: [
      ...['-B', '-m', 'pytest', '-c', join(test, 'conformance', 'python', 'pytest.ini')],
      ...[`--junitxml=${join(home, 'reports', 'python.xml')}`, join(test, 'conformance', 'python')],
    ],
  }),
})

/** MLflow's own tests, out of a checkout of its repository, by the newest client. They need the server for themselves. */
export const theirs = (checkout: string): Client => {
  const requirements = join(test, 'mlflow', 'requirements.txt')
  const own = join(test, 'conformance', 'mlflow')
  return {
    name: `MLflow's own, Python ${pinned(requirements, /^mlflow==(\S+)/m)}`,
    command: (home) => ({
      program: mlflowPython(requirements),
      args: ['-B', '-m', 'pytest', '-c', join(own, 'pytest.ini'), `--junitxml=${join(home, 'reports', 'theirs.xml')}`, own],
      env: { CONFORMANCE_MLFLOW: checkout },
    }),
  }
}

/** The Java and the R client start MLflow's Python for artifacts. Maven's settings are where its user has them. */
const withPython = () => {
  const program = mlflowPython()
  return { PATH: `${dirname(program)}:${process.env.PATH}`, MLFLOW_PYTHON_EXECUTABLE: program, HOME: process.env.HOME ?? '' }
}

const java = (project: string): Client => ({
  name: `Java ${pinned(project, /<artifactId>mlflow-client<\/artifactId>\s*<version>(.+)<\/version>/)}`,
  command: (home, others) => ({
    program: 'mvn',
    args: [
      ...maven(project),
      ...[`-Dbuild=${join(home, 'build')}`, `-Dreports=${join(home, 'reports')}`],
      ...(others ? ['-DexcludedGroups=differs'] : []),
      'test',
    ],
    env: withPython(),
  }),
})

export const clients: Client[] = [
  python(join(test, 'mlflow', 'requirements.txt')),
  python(join(test, 'conformance', 'requirements-2.22.txt')),
  java(join(test, 'java', 'pom.xml')),
  java(join(test, 'java', 'old', 'pom.xml')),
  {
    name: 'R',
    command: (home) => ({
      program: rscript(),
      args: [join(test, 'r', 'run.R'), join(home, 'reports', 'r.xml')],
      env: withPython(),
    }),
  },
]
