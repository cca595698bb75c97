"""Signs in as each of the lines says, one after the other, with MLflow's client: what it could do there, or how it was refused."""

import json
import os
import sys

import mlflow
from mlflow.exceptions import MlflowException

NAMES = ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"]

for way in json.loads(sys.argv[1]):
    for name in NAMES:
        os.environ.pop(name, None)
    os.environ.update(way["env"])
    try:
        mlflow.set_experiment(way["experiment"])
        with mlflow.start_run() as run:
            mlflow.log_metric("loss", 0.5)
            mlflow.log_text("hello", "a.txt")
        text = mlflow.artifacts.load_text(run.info.artifact_uri + "/a.txt")
        print(f"{way['as']}: {text}, {mlflow.get_run(run.info.run_id).data.metrics['loss']}", flush=True)
    except MlflowException as error:
        mlflow.end_run()
        print(f"{way['as']}: {error.error_code}", flush=True)
