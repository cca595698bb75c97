/** The clients that are asked: what each needs is got, and its own test runner started so that it leaves JUnit's XML in a folder. */
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

const here = import.meta.dirname

const python = (name: string, requirements?: string): Client => ({
  name,
  command: (home) => ({
    program: mlflowPython(requirements),
    args: [
      '-B',
      '-m',
      'pytest',
      '-c',
      join(here, 'python', 'pytest.ini'),
      `--junitxml=${join(home, 'reports', 'python.xml')}`,
      join(here, 'python'),
    ],
  }),
})

/** The Java and the R client start MLflow's Python for artifacts. */
const withPython = () => {
  const program = mlflowPython()
  return { PATH: `${dirname(program)}:${process.env.PATH}`, MLFLOW_PYTHON_EXECUTABLE: program }
}

const java = (name: string, project: string): Client => ({
  name,
  command: (home, others) => ({
    program: 'mvn',
    args: [
      ...maven(),
      ...['-f', join(here, '..', 'java', project), `-Dbuild=${join(home, 'build')}`, `-Dreports=${join(home, 'reports')}`],
      ...(others ? ['-DexcludedGroups=differs'] : []),
      'test',
    ],
    env: withPython(),
  }),
})

export const clients: Client[] = [
  python('Python 3.17.2'),
  python('Python 2.22.5', join(here, 'requirements-2.22.txt')),
  java('Java 2.17.2', 'pom.xml'),
  java('Java 1.22.0', 'old/pom.xml'),
  {
    name: 'R',
    command: (home) => ({
      program: rscript(),
      args: [join(here, '..', 'r', 'run.R'), join(home, 'reports', 'r.xml')],
      env: withPython(),
    }),
  },
]
