import { expect, it } from 'vitest'
import { againScript, commitPage, launchOf, partOf, repositoryPage } from './provenance.ts'

it.each([
  ['https://github.com/tides/forecast.git', 'https://github.com/tides/forecast'],
  ['git@github.com:tides/forecast.git', 'https://github.com/tides/forecast'],
  ['ssh://git@example.org:2222/tides/forecast.git', 'https://example.org/tides/forecast'],
  ['https://ada:secret@example.org/forecast', 'https://example.org/forecast'],
  ['/srv/git/forecast', undefined],
  ['javascript:alert(1)', undefined],
  ['C:\\code', undefined],
  [undefined, undefined],
])('%s is at %s', (remote, page) => {
  expect(repositoryPage(remote)).toBe(page)
})

it("a commit's page is where its host has it", () => {
  expect(commitPage('git@github.com:a/b.git', 'c0ffee')).toBe('https://github.com/a/b/commit/c0ffee')
  expect(commitPage('https://gitlab.com/a/b', 'c0ffee')).toBe('https://gitlab.com/a/b/-/commit/c0ffee')
  expect(commitPage('https://bitbucket.org/a/b', 'c0ffee')).toBe('https://bitbucket.org/a/b/commits/c0ffee')
})

it('files that say something of the code are told from others', () => {
  expect(
    ['code/uncommitted.patch', 'train.py', 'study.ipynb', 'requirements.txt', 'conda.yaml', 'MLproject', 'model.pt', 'loss.png'].map(
      (path) => partOf({ path }),
    ),
  ).toEqual(['Not committed', 'Code', 'Code', 'Environment', 'Environment', 'Code', undefined, undefined])
})

it('it is run again by its commit, its changes and its command', () => {
  const about = { repository: 'https://example.org/f.git', commit: 'c0ffee', path: 'train.py', id: 'a1' }
  expect(againScript({ ...about, command: 'python train.py --lr 0.1', patch: 'code/uncommitted.patch' })).toBe(
    'git clone https://example.org/f.git again && cd again\ngit checkout c0ffee\n' +
      'tidegate artifacts cp run:a1/code/uncommitted.patch uncommitted.patch && git apply uncommitted.patch\ntidegate exec -- python train.py --lr 0.1',
  )
  expect(againScript({ ...about, command: undefined, path: "it's.py", patch: undefined })).toContain(
    "tidegate exec -- python 'it'\\''s.py'",
  )
})

it('a notebook of Databricks has its address', () => {
  const tags = [
    { key: 'mlflow.databricks.notebookPath', value: '/Users/ada/study' },
    { key: 'mlflow.databricks.notebookID', value: '42' },
    { key: 'mlflow.databricks.webappURL', value: 'https://example.cloud/' },
  ]
  expect(launchOf(tags).notebook).toEqual({ path: '/Users/ada/study', href: 'https://example.cloud/#notebook/42' })
  expect(launchOf([tags[0]!, { key: 'mlflow.databricks.webappURL', value: 'javascript:x' }]).notebook?.href).toBeUndefined()
})
