/** A run as code that reads it: MLflow's Python client, the GraphQL API, the wire. */
export interface Snippet {
  language: 'Python' | 'TypeScript' | 'curl'
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
