"""Prints all that MLflow's client sees at a tracking URI, as JSON in a fixed order: `dump.py URI [--no-files]`."""

import hashlib
import json
import os
import sys
import tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"

import mlflow
from mlflow import MlflowClient, artifacts
from mlflow.entities import ViewType

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)


def pages(ask):
    token = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return


def files(run_id, path=None):
    for file in client.list_artifacts(run_id, path):
        if file.is_dir:
            yield from files(run_id, file.path)
        else:
            with tempfile.TemporaryDirectory() as folder:
                local = client.download_artifacts(run_id, file.path, folder)
                with open(local, "rb") as body:
                    yield file.path, file.file_size or 0, hashlib.sha256(body.read()).hexdigest()


def history(run_id, key):
    def value(number):
        return repr(max(-1.7976931348623157e308, min(1.7976931348623157e308, number)))

    return sorted([point.step, point.timestamp, value(point.value)] for point in client.get_metric_history(run_id, key))


def model_files(model_id):
    if not client.list_logged_model_artifacts(model_id):
        return
    with tempfile.TemporaryDirectory() as folder:
        local = artifacts.download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=folder)
        for parent, _, names in os.walk(local):
            for name in names:
                path = os.path.join(parent, name)
                # What the client writes beside them when it downloads.
                if name != "registered_model_meta":
                    with open(path, "rb") as body:
                        yield os.path.relpath(path, local), hashlib.sha256(body.read()).hexdigest()


def newest(metrics):
    # Of each metric and data set: some stores give no more.
    found = {}
    for metric in sorted(metrics, key=lambda m: (m.timestamp, m.step)):
        found[metric.key, metric.dataset_name or "", metric.dataset_digest or "", metric.run_id] = [metric.value, metric.timestamp, metric.step]
    return sorted([*key, *value] for key, value in found.items())


def models(experiment_id):
    for model in pages(lambda token: client.search_logged_models([experiment_id], page_token=token)):
        one = client.get_logged_model(model.model_id)
        info = [one.name, one.model_type or "", str(one.status), one.source_run_id or "", one.creation_timestamp]
        tags = {key: value for key, value in one.tags.items() if not key.startswith("mlflow.")}
        files = [] if "--no-files" in sys.argv else sorted(model_files(model.model_id))
        yield model.model_id, {"info": info, "params": one.params, "tags": tags, "metrics": newest(one.metrics or []), "files": files}


found = {}
for experiment in pages(lambda token: client.search_experiments(ViewType.ALL, page_token=token)):
    runs = {}
    for run in pages(lambda token: client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, page_token=token)):
        info = run.info
        # A search leaves out what some stores keep elsewhere.
        whole = client.get_run(info.run_id)
        inputs = [
            [i.dataset.name, i.dataset.digest, i.dataset.source_type, i.dataset.source, i.dataset.schema, i.dataset.profile]
            + [sorted((tag.key, tag.value) for tag in i.tags)]
            for i in run.inputs.dataset_inputs
        ]
        runs[info.run_id] = {
            "info": [info.run_name, info.user_id, info.status, info.start_time, info.end_time, info.lifecycle_stage],
            "params": run.data.params,
            "tags": {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.log-model")},
            "latest": sorted(run.data.metrics),
            "metrics": {key: history(info.run_id, key) for key in run.data.metrics},
            "inputs": sorted(inputs, key=lambda i: i[:2]),
            "models": sorted(model.model_id for model in whole.inputs.model_inputs) + sorted([model.model_id, model.step] for model in whole.outputs.model_outputs),
            "files": [] if "--no-files" in sys.argv else sorted(files(info.run_id)),
        }
    models_here = dict(models(experiment.experiment_id)) if experiment.lifecycle_stage == "active" else {}
    found[experiment.name] = {"tags": experiment.tags, "stage": experiment.lifecycle_stage, "runs": runs, "models": models_here}
json.dump(found, sys.stdout, sort_keys=True)
