"""Fills a tracking store, by MLflow's own client: `fill.py URI`. What a year of use leaves, small."""

import math
import os
import sys
import tempfile
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)


def points(key, n, value=lambda i: 1 / (i + 1)):
    return [Metric(key, value(i), 1_700_000_000_000 + i * 37, i) for i in range(n)]


vision = client.create_experiment("vision/detector", tags={"team": "vision", "mlflow.note.content": "# Notes\nwith *Markdown*, ä and 漢字"})
parent = client.create_run(vision, run_name="sweep", start_time=1_700_000_000_000, tags={"mlflow.user": "ada", "odd": ""})
for i in range(12):
    tags = {"mlflow.parentRunId": parent.info.run_id, "fold": str(i)}
    run = client.create_run(vision, run_name=f"trial {i}", start_time=1_700_000_100_000 + i, tags=tags)
    run_id = run.info.run_id
    client.log_batch(
        run_id,
        metrics=points("train/loss", 50 + i) + points("acc", 5, lambda k: k / 5),
        params=[Param("lr", str(10**-i)), Param("layers/0/units", "64"), Param("empty", ""), Param("long", "x" * 6000)],
        tags=[RunTag("status", "done" if i % 2 else "odd one")],
    )
    client.set_terminated(run_id, ["FINISHED", "FAILED", "KILLED"][i % 3], end_time=1_700_000_200_000 + i)
client.delete_run(run_id)

edge = client.create_run(vision, run_name="edges").info.run_id
client.log_batch(
    edge,
    metrics=[
        Metric("m", math.nan, 10, 0),
        Metric("m", math.inf, 11, 1),
        Metric("m", -math.inf, 12, 2),
        Metric("m", 0.1 + 0.2, 13, 3),
        Metric("m", 5e-324, 14, -7),
        Metric("m", 5, 14, -7),
        Metric("m", 6, 9, 100),
        Metric("big step", 1.0, 1_700_000_000_000, 2**40),
    ],
)

with mlflow.start_run(experiment_id=vision, run_name="with files"):
    import pandas

    frame = pandas.DataFrame({"x": [1, 2, 3], "y": [0.5, 0.25, 0.125]})
    mlflow.log_input(mlflow.data.from_pandas(frame, source="s3://bucket/table", name="table"), context="training", tags={"part": "1"})
    mlflow.log_input(mlflow.data.from_pandas(frame * 2, name="other"))
    mlflow.log_text("hello\n", "notes/read me.txt")
    mlflow.log_dict({"a": [1, 2]}, "ünïcode/config.json")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.bin")
        with open(path, "wb") as file:
            file.write(bytes(range(256)) * 4096)
        mlflow.log_artifact(path, "model")
        open(os.path.join(folder, "empty"), "w").close()
        mlflow.log_artifact(os.path.join(folder, "empty"))

from mlflow.entities import LoggedModelInput, LoggedModelOutput

net = client.create_logged_model(vision, name="net", source_run_id=edge, params={"depth": "4", "odd": "ä"}, tags={"team": "a"}, model_type="torch").model_id
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(os.path.join(folder, "data"))
    with open(os.path.join(folder, "data", "weights.bin"), "wb") as file:
        file.write(bytes(range(256)) * 100)
    with open(os.path.join(folder, "MLmodel"), "w") as file:
        file.write("flavors: {}\n")
    client.log_model_artifacts(net, folder)
client.finalize_logged_model(net, "READY")
client.log_outputs(edge, [LoggedModelOutput(net, 7)])
client.log_metric(edge, "val/acc", 0.5, timestamp=100, step=1, model_id=net)
client.log_metric(edge, "val/acc", 0.75, timestamp=200, step=2, model_id=net)
client.log_metric(edge, "val/acc", 0.25, timestamp=300, step=0, model_id=net, dataset_name="table", dataset_digest="d1")
judge = client.create_run(vision, run_name="judge").info.run_id
client.log_inputs(judge, models=[LoggedModelInput(net)])
client.log_metric(judge, "f1", 0.9, timestamp=400, step=0, model_id=net)
client.create_logged_model(vision, name="begun")
client.delete_logged_model(client.create_logged_model(vision, name="deleted").model_id)

with mlflow.start_run(experiment_id=vision, run_name="served"):
    mlflow.pyfunc.log_model(name="echo", python_model=lambda model_input: [x for x in model_input], pip_requirements=["mlflow"])

big = client.create_run("0", run_name="long").info.run_id
for start in range(0, 30_000, 1000):
    client.log_batch(big, metrics=[Metric("loss", math.sin(i), 1_700_000_000_000 + i, i) for i in range(start, start + 1000)])
client.set_terminated(big)

gone = client.create_experiment("gone")
client.log_param(client.create_run(gone, run_name="in a deleted one").info.run_id, "a", "1")
client.delete_experiment(gone)
