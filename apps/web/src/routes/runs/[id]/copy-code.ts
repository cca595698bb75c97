/** A run as code that reads it: MLflow's Python client, the GraphQL API, the wire. */
export interface Snippet {
  language: 'Shell' | 'Python' | 'TypeScript' | 'curl'
  text: string
}

const quoted = (text: string): string => JSON.stringify(text)

/** `key` is a metric of the run, where it has one. */
export function runCode({ trackingUri, id, key }: { trackingUri: string; id: string; key: string | undefined }): Snippet[] {
  const metric = key ?? 'loss'
  return [
    {
      language: 'Python',
      text: [
        'import mlflow',
        '',
        `mlflow.set_tracking_uri(${quoted(trackingUri)})`,
        `run = mlflow.get_run(${quoted(id)})`,
        'print(run.data.params, run.data.metrics)',
        `history = mlflow.MlflowClient().get_metric_history(run.info.run_id, ${quoted(metric)})`,
        'files = mlflow.artifacts.list_artifacts(run_id=run.info.run_id)',
      ].join('\n'),
    },
    {
      language: 'TypeScript',
      text: [
        `const response = await fetch(${quoted(`${trackingUri}/graphql`)}, {`,
        "  method: 'POST',",
        "  headers: { 'content-type': 'application/json' },",
        '  body: JSON.stringify({',
        '    query: `query Run($id: ID!, $keys: [String!]!) {',
        '      run(id: $id) { name status params { key value } series(keys: $keys) { key steps last } }',
        '    }`,',
        `    variables: { id: ${quoted(id)}, keys: [${quoted(metric)}] },`,
        '  }),',
        '})',
        'const { data } = await response.json()',
      ].join('\n'),
    },
    {
      language: 'curl',
      text: [
        `curl -s '${trackingUri}/api/2.0/mlflow/runs/get?run_id=${id}'`,
        `curl -s '${trackingUri}/api/2.0/mlflow/metrics/get-history?run_id=${id}&metric_key=${encodeURIComponent(metric)}'`,
      ].join('\n'),
    },
  ]
}

/** What sends a run's output to its log. */
export function logCode({ origin, id }: { origin: string; id: string }): Snippet[] {
  return [
    {
      language: 'Shell',
      text: [
        `export TIDEGATE_URL=${origin}`,
        'tidegate exec --experiment mnist -- python train.py',
        `tidegate exec --run ${id} -- python evaluate.py`,
      ].join('\n'),
    },
    {
      language: 'Python',
      text: [
        'import json, logging, urllib.request',
        '',
        'class RunLog(logging.Handler):',
        '    def emit(self, record):',
        `        entry = {"text": self.format(record), "time": int(record.created * 1000)}`,
        `        body = {"query": "mutation($input: AppendLogInput!) { appendLog(input: $input) { total } }",`,
        `                "variables": {"input": {"runId": ${quoted(id)}, "entries": [entry]}}}`,
        `        request = urllib.request.Request(${quoted(`${origin}/graphql`)}, json.dumps(body).encode(),`,
        `                                         {"content-type": "application/json"})`,
        '        urllib.request.urlopen(request).read()',
        '',
        'logging.getLogger().addHandler(RunLog())',
      ].join('\n'),
    },
    {
      language: 'TypeScript',
      text: [
        "import { resumeRun } from '@tidegate/client'",
        '',
        `const run = await resumeRun(${quoted(id)}, { url: ${quoted(origin)}, console: true })`,
        "console.log('this is in the log')",
        "run.print('and so is this')",
      ].join('\n'),
    },
    {
      language: 'curl',
      text: `curl -s '${origin}/graphql' -H 'content-type: application/json' -d '${JSON.stringify({
        query: 'mutation($input: AppendLogInput!) { appendLog(input: $input) { total } }',
        variables: { input: { runId: id, entries: [{ text: 'epoch 1' }] } },
      })}'`,
    },
  ]
}
