/** The first run in three languages. */
export const firstExperiment = 'first-steps'

export const firstRun: readonly { language: string; text: string }[] = [
  {
    language: 'Python',
    text: `import mlflow
mlflow.set_experiment("${firstExperiment}")
with mlflow.start_run():
    for step in range(100): mlflow.log_metric("loss", 1 / (step + 1), step=step)`,
  },
  {
    language: 'TypeScript',
    text: `import { startRun } from '@tidegate/client'
const run = await startRun('${firstExperiment}', { params: { lr: 3e-4 } })
for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, step)
await run.finish()`,
  },
  {
    language: 'curl',
    text: `M=$MLFLOW_TRACKING_URI/api/2.0/mlflow J='content-type: application/json'
ID=$(curl -s $M/runs/create -H "$J" -d '{"experiment_id":"0"}' | jq -r .run.info.run_id)
for s in 1 2 3 4 5; do curl -s $M/runs/log-metric -H "$J" \\
  -d "{\\"run_id\\":\\"$ID\\",\\"key\\":\\"loss\\",\\"value\\":0.$((9 - s)),\\"timestamp\\":$(date +%s000),\\"step\\":$s}"; done
curl -s $M/runs/update -H "$J" -d "{\\"run_id\\":\\"$ID\\",\\"status\\":\\"FINISHED\\"}"`,
  },
]
