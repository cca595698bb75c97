/** A registered model as code: what registers one, what loads a version. */
export interface Snippet {
  language: 'Python' | 'TypeScript' | 'curl' | 'Shell'
  text: string
}

const quoted = (text: string): string => JSON.stringify(text)
/** Within single quotes of a shell. */
const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

export function registerCode(trackingUri: string): Snippet[] {
  return [
    {
      language: 'Python',
      text: [
        'import mlflow',
        '',
        `mlflow.set_tracking_uri(${quoted(trackingUri)})`,
        'with mlflow.start_run():',
        '    mlflow.sklearn.log_model(model, name="model", registered_model_name="load-forecaster")',
        '',
        '# or afterwards',
        'mlflow.register_model("runs:/<run id>/model", "load-forecaster")',
      ].join('\n'),
    },
    {
      language: 'curl',
      text: [
        `curl -s ${shell(`${trackingUri}/api/2.0/mlflow/registered-models/create`)} -H 'content-type: application/json' -d '{"name": "load-forecaster"}'`,
        `curl -s ${shell(`${trackingUri}/api/2.0/mlflow/model-versions/create`)} -H 'content-type: application/json' \\`,
        `  -d '{"name": "load-forecaster", "source": "runs:/<run id>/model", "run_id": "<run id>"}'`,
      ].join('\n'),
    },
  ]
}

/** By an alias where it has one: that may move to the next. */
export function loadCode(
  trackingUri: string,
  { name, version, alias }: { name: string; version: number; alias: string | undefined },
): Snippet[] {
  const uri = alias === undefined ? `models:/${name}/${version}` : `models:/${name}@${alias}`
  const query = 'query ($name: String!, $version: Int!) { modelVersion(name: $name, version: $version) { stage aliases location } }'
  return [
    {
      language: 'Python',
      text: [
        'import mlflow',
        '',
        `mlflow.set_tracking_uri(${quoted(trackingUri)})`,
        `model = mlflow.pyfunc.load_model(${quoted(uri)})`,
        'model.predict(data)',
      ].join('\n'),
    },
    {
      language: 'Shell',
      text: [`export MLFLOW_TRACKING_URI=${shell(trackingUri)}`, `mlflow models serve -m ${shell(uri)} -p 8080`].join('\n'),
    },
    {
      language: 'TypeScript',
      text: [
        `const response = await fetch(${quoted(`${trackingUri}/graphql`)}, {`,
        "  method: 'POST',",
        "  headers: { 'content-type': 'application/json' },",
        '  body: JSON.stringify({',
        `    query: '${query}',`,
        `    variables: { name: ${quoted(name)}, version: ${version} },`,
        '  }),',
        '})',
        'const { data } = await response.json()',
      ].join('\n'),
    },
  ]
}
