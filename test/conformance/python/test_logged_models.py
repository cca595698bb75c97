"""Logged models: trained, measured, found and loaded; and what the client makes of calls for traces and prompts, which are not served."""

import json
import math
import time
from pathlib import Path

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import pandas
import pytest
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Run
from mlflow.models import Model, infer_signature
from mlflow.utils.server_info import fetch_server_info
from sklearn.linear_model import LogisticRegression
from under_test import client, equal, names, refused, stored

frame = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
target = [0, 0, 1, 1]


def fitted(**settings):
    return LogisticRegression(**settings).fit(frame, target)


def logged(name="model", **more):
    """A model as users log it: with a signature, an example, params and its requirements told."""
    model = fitted()
    example = frame.head(2)
    info = mlflow.sklearn.log_model(
        model,
        name=name,
        signature=infer_signature(frame, model.predict(frame)),
        input_example=example,
        pip_requirements=["scikit-learn"],
        **more,
    )
    return model, info


def test_a_model_is_logged_with_signature_and_example_and_loaded_back_by_every_name(experiment):
    with mlflow.start_run() as active:
        model, info = logged(params={"C": 1.0}, tags={"team": "tides"}, model_type="classifier", step=3)
    run_id = active.info.run_id
    assert info.model_id.startswith("m-"), info.model_id
    equal(info.model_uri, f"models:/{info.model_id}")
    for uri in (info.model_uri, f"runs:/{run_id}/model"):
        equal(list(mlflow.sklearn.load_model(uri).predict(frame)), list(model.predict(frame)))
        loaded = mlflow.pyfunc.load_model(uri)
        equal(list(loaded.predict(frame)), list(model.predict(frame)))
        equal((loaded.metadata.model_id, loaded.metadata.run_id), (info.model_id, run_id))
        equal(loaded.metadata.signature, info.signature)
        equal(loaded.input_example.to_dict("list"), frame.head(2).to_dict("list"))
    found = client.get_logged_model(info.model_id)
    equal((found.name, found.model_type, found.source_run_id, found.status), ("model", "classifier", run_id, LoggedModelStatus.READY))
    equal((found.params, found.tags["team"]), ({"C": "1.0"}, "tides"))
    assert found.artifact_location.endswith(f"/{experiment}/models/{info.model_id}/artifacts"), found.artifact_location
    made = stored(run_id)
    equal(made.outputs.model_outputs, [LoggedModelOutput(info.model_id, 3)])
    # The same from a search.
    [searched] = client.search_runs([experiment], f"run_id = '{run_id}'")
    equal(searched.outputs.model_outputs, made.outputs.model_outputs)
    equal(Model.load(info.model_uri).flavors["sklearn"]["sklearn_version"], info.flavors["sklearn"]["sklearn_version"])


def test_the_files_of_a_model_are_listed_and_fetched(tmp_path):
    with mlflow.start_run() as active:
        _, info = logged("files")
    names = {each.path for each in client.list_logged_model_artifacts(info.model_id)}
    assert {"MLmodel", "model.pkl", "requirements.txt"} <= names or {"MLmodel", "model.skops"} <= names, names
    assert "files/MLmodel" in {each.path for each in mlflow.artifacts.list_artifacts(f"runs:/{active.info.run_id}/files")}
    where = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{info.model_id}", dst_path=str(tmp_path))
    assert info.model_id in (Path(where) / "MLmodel").read_text()
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "notes.txt").write_text("kept")
    client.log_model_artifact(info.model_id, str(folder / "notes.txt"))
    (folder / "deep").mkdir()
    (folder / "deep" / "file.txt").write_text("deep")
    client.log_model_artifacts(info.model_id, str(folder))
    equal([each.path for each in client.list_logged_model_artifacts(info.model_id, "deep")], ["deep/file.txt"])


def test_a_model_of_no_run_is_made_by_hand(experiment):
    made = mlflow.create_external_model(name="external", params={"a": "1"}, tags={"b": "2"}, model_type="agent")
    equal((made.status, made.params, made.tags["b"], made.model_type), (LoggedModelStatus.READY, {"a": "1"}, "2", "agent"))
    begun = client.create_logged_model(experiment, name="begun")
    equal(begun.status, LoggedModelStatus.PENDING)
    equal(client.finalize_logged_model(begun.model_id, LoggedModelStatus.FAILED).status, LoggedModelStatus.FAILED)
    ready = mlflow.finalize_logged_model(begun.model_id, LoggedModelStatus.READY)
    equal(ready.status, LoggedModelStatus.READY)
    assert ready.last_updated_timestamp >= begun.last_updated_timestamp


def test_a_model_has_more_params_than_one_request_holds(experiment):
    params = {f"p{i}": str(i) for i in range(250)}
    equal(client.create_logged_model(experiment, params=params).params, params)
    made = client.create_logged_model(experiment)
    client.log_model_params(made.model_id, {"a": "1"})
    client.log_model_params(made.model_id, {"b": "2"})
    equal(client.get_logged_model(made.model_id).params, {"a": "1", "b": "2"})


@pytest.mark.differs("MLflow answers 400, whether it changed or not")
def test_a_param_of_a_model_is_written_once(experiment):
    made = client.create_logged_model(experiment, params={"a": "1"})
    client.log_model_params(made.model_id, {"b": "2", "a": "1"})
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
        client.log_model_params(made.model_id, {"c": "3", "a": "2"})
    equal(client.get_logged_model(made.model_id).params, {"a": "1", "b": "2"})


def test_tags_of_a_model_are_set_and_removed(experiment):
    made = client.create_logged_model(experiment, tags={"a": "1"})
    client.set_logged_model_tags(made.model_id, {"b": "2", "a": "3", "with space": "x"})
    client.delete_logged_model_tag(made.model_id, "with space")
    equal(client.get_logged_model(made.model_id).tags, {"a": "3", "b": "2"})
    with refused("RESOURCE_DOES_NOT_EXIST", f"No tag with key 'none' found for model with ID '{made.model_id}'."):
        client.delete_logged_model_tag(made.model_id, "none")
    mlflow.set_logged_model_tags(made.model_id, {"c": "4"})
    mlflow.delete_logged_model_tag(made.model_id, "a")
    equal(client.get_logged_model(made.model_id).tags, {"b": "2", "c": "4"})


def test_what_is_no_model_is_refused(experiment):
    # Past the client, which asks for the model before it changes its tags.
    store = client._tracking_client.store
    for call in (
        lambda: store.get_logged_model("m-none"),
        lambda: store.finalize_logged_model("m-none", LoggedModelStatus.READY),
        lambda: store.set_logged_model_tags("m-none", [LoggedModelTag("a", "b")]),
        lambda: store.delete_logged_model_tag("m-none", "a"),
        lambda: store.log_logged_model_params("m-none", [LoggedModelParameter("a", "b")]),
        lambda: store.delete_logged_model("m-none"),
    ):
        with refused("RESOURCE_DOES_NOT_EXIST", "Logged model with ID 'm-none' not found."):
            call()
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=424242 exists"):
        client.create_logged_model("424242")
    for name in ("my/model", "my.model", "my:model", "my%model", "my'model", 'my"model'):
        with refused("INVALID_PARAMETER_VALUE", "Invalid model name"):
            client.create_logged_model(experiment, name=name)


def test_a_deleted_model_is_found_no_more_and_outlives_its_run(experiment):
    with mlflow.start_run() as active:
        _, info = logged("to be deleted")
    client.delete_run(active.info.run_id)
    equal(client.get_logged_model(info.model_id).source_run_id, active.info.run_id)
    client.delete_logged_model(info.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{info.model_id}' not found."):
        client.get_logged_model(info.model_id)
    equal(client._tracking_client.store.get_logged_model(info.model_id, allow_deleted=True).name, "to be deleted")
    equal(client.search_logged_models([experiment], f"model_id = '{info.model_id}'"), [])
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.sklearn.load_model(info.model_uri)


def test_metrics_belong_to_a_model_and_to_a_data_set(experiment):
    train = mlflow.data.from_pandas(frame, name="train")
    with mlflow.start_run() as active:
        _, info = logged("measured")
        mlflow.log_metric("acc", 0.5, step=1, model_id=info.model_id, dataset=train)
        mlflow.log_metrics({"acc": 0.75, "f1": 0.5}, step=2, model_id=info.model_id, dataset=train)
        client.log_metric(active.info.run_id, "loss", 9)
    found = {(m.key, m.step): m for m in client.get_logged_model(info.model_id).metrics}
    equal(sorted(found), [("acc", 1), ("acc", 2), ("f1", 2)])
    acc = found["acc", 2]
    equal((acc.value, acc.run_id, acc.model_id), (0.75, active.info.run_id, info.model_id))
    equal((acc.dataset_name, acc.dataset_digest), ("train", train.digest))
    # The run's own are as if experiment were no model.
    equal([(m.step, m.value) for m in client.get_metric_history(active.info.run_id, "acc")], [(1, 0.5), (2, 0.75)])
    equal(stored(active).data.metrics["loss"], 9)


@pytest.mark.differs("MLflow finds nothing over REST")
def test_models_are_found_by_a_data_set_without_its_digest(run):
    experiment = stored(run).info.experiment_id
    made = client.create_logged_model(experiment)
    client.log_metric(run, "acc", 1, model_id=made.model_id, dataset_name="one", dataset_digest="d")
    found = client.search_logged_models([experiment], datasets=[{"dataset_name": "one"}])
    equal(names(found), [made.name])


@pytest.mark.differs("MLflow keeps 0")
def test_a_metric_of_a_model_may_be_nan(run):
    made = client.create_logged_model(stored(run).info.experiment_id)
    client.log_metric(run, "m", math.nan, model_id=made.model_id)
    [metric] = client.get_logged_model(made.model_id).metrics
    assert math.isnan(metric.value)


def test_the_active_model_takes_the_metrics_of_a_run(experiment):
    made = mlflow.create_external_model(name="active one")
    try:
        equal(mlflow.set_active_model(name="active one").model_id, made.model_id)
        equal(mlflow.get_active_model_id(), made.model_id)
        with mlflow.start_run():
            mlflow.log_metric("acc", 0.25)
        with mlflow.set_active_model(name="made by being active") as other:
            mlflow.log_params({"a": 1})
        equal(client.get_logged_model(other.model_id).name, "made by being active")
    finally:
        mlflow.clear_active_model()
    equal([(m.key, m.value) for m in client.get_logged_model(made.model_id).metrics or []], [("acc", 0.25)])


def test_what_a_run_measured_at_a_step_is_of_the_model_logged_at_that_step(experiment):
    with mlflow.start_run():
        mlflow.log_metric("early", 1, step=1)
        mlflow.log_metric("late", 2, step=2)
        _, info = logged("at a step", step=2)
    equal([(m.key, m.step) for m in client.get_logged_model(info.model_id).metrics], [("late", 2)])


def test_models_a_run_used_and_made_are_shown_with_it(experiment):
    made, other = (client.create_logged_model(experiment, name=name) for name in ("linked", "linked too"))
    used = mlflow.data.from_pandas(frame, name="used")
    with mlflow.start_run() as active:
        mlflow.log_input(used, "testing", model=LoggedModelInput(made.model_id))
    client.log_inputs(active.info.run_id, models=[LoggedModelInput(made.model_id), LoggedModelInput("m-elsewhere")])
    client.log_outputs(active.info.run_id, [LoggedModelOutput(made.model_id, 0), LoggedModelOutput(other.model_id, 5)])
    found = stored(active)
    equal(found.inputs.model_inputs, [LoggedModelInput(made.model_id), LoggedModelInput("m-elsewhere")])
    equal(found.outputs.model_outputs, [LoggedModelOutput(made.model_id, 0), LoggedModelOutput(other.model_id, 5)])
    equal([each.dataset.name for each in found.inputs.dataset_inputs], ["used"])
    equal(Run.from_proto(found.to_proto()).to_proto(), found.to_proto())


def test_models_are_found_by_what_they_are_and_by_how_well_they_did(experiment):
    one, two = (mlflow.data.from_pandas(frame, name=name) for name in ("one", "two"))
    with mlflow.start_run() as active:
        ids = {}
        for name, (first, second) in {"low": (0.1, 0.9), "high": (0.9, 0.1)}.items():
            made = client.create_logged_model(experiment, name=name, params={"lr": name}, tags={"kind": name}, source_run_id=active.info.run_id)
            ids[name] = made.model_id
            for dataset, value in ((one, first), (two, second)):
                mlflow.log_metric("acc", value, model_id=made.model_id, dataset=dataset)
            time.sleep(0.002)

    def found(filter_string=None, **more):
        return names(mlflow.search_logged_models([experiment], filter_string, output_format="list", **more))

    equal(found(), ["high", "low"])
    equal(found("metrics.acc > 0.5"), ["high", "low"])
    equal(found("metrics.acc > 0.5", datasets=[{"dataset_name": "one", "dataset_digest": one.digest}]), ["high"])
    equal(found("metrics.acc > 0.5", datasets=[{"dataset_name": "two", "dataset_digest": two.digest}]), ["low"])
    equal(found("params.lr = 'low' AND tags.kind LIKE 'l%'"), ["low"])
    equal(found(f"source_run_id = '{active.info.run_id}'", order_by=[{"field_name": "name"}]), ["high", "low"])
    best = [{"field_name": "metrics.acc", "ascending": False, "dataset_name": "two", "dataset_digest": two.digest}]
    equal(found(order_by=best), ["low", "high"])
    equal(found(order_by=best, max_results=1), ["low"])
    table = mlflow.search_logged_models([experiment])
    equal(sorted(table["name"]), ["high", "low"])
    first = client.search_logged_models([experiment], max_results=1)
    rest = client.search_logged_models([experiment], max_results=1, page_token=first.token)
    equal((names(first), names(rest), rest.token), (["high"], ["low"], None))
    with refused("INVALID_PARAMETER_VALUE", "Filter string in the page token does not match"):
        client.search_logged_models([experiment], filter_string="name = 'low'", page_token=first.token)
    for text, words in {
        "Foo": "Invalid filter string",
        "name = 'foo' OR name = 'bar'": "Invalid filter string",
        "foo.bar = 'a'": "Invalid entity type",
        "name > 'foo'": "Invalid comparison operator",
        "metrics.foo LIKE 0": "Invalid comparison operator",
    }.items():
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_logged_models([experiment], filter_string=text)


def test_older_clients_describe_their_models_in_a_tag(run):
    for path in ("model/a", "model/b"):
        client._record_logged_model(run, Model(artifact_path=path, run_id=run, flavors={"f": {"config": {"x": 1}, "v": 2}}))
    history = stored(run).data.tags["mlflow.log-model.history"]
    equal([(each["artifact_path"], each["run_id"], each["flavors"]) for each in json.loads(history)], [(path, run, {"f": {"v": 2}}) for path in ("model/a", "model/b")])


def test_models_are_evaluated_and_their_scores_are_theirs(experiment):
    with mlflow.start_run() as active:
        _, info = logged("judged")
        data = frame.assign(target=target)
        mlflow.models.evaluate(info.model_uri, data, targets="target", model_type="classifier", evaluator_config={"log_explainer": False, "log_model_explainability": False})
    made = stored(active)
    assert made.data.metrics["accuracy_score"] == 1, made.data.metrics
    scores = {m.key: m for m in client.get_logged_model(info.model_id).metrics}
    equal((scores["accuracy_score"].value, scores["accuracy_score"].run_id), (1, active.info.run_id))
    assert scores["accuracy_score"].dataset_digest


def test_autologging_makes_models(experiment):
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as active:
            fitted(C=0.5)
    finally:
        mlflow.sklearn.autolog(disable=True)
    [output] = stored(active).outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    equal((model.status, model.source_run_id, model.params["C"]), (LoggedModelStatus.READY, active.info.run_id, "0.5"))
    assert "training_score" in {m.key for m in model.metrics}


@pytest.mark.differs("MLflow serves them")
def test_traces_are_not_served_and_nobody_minds(experiment):
    @mlflow.trace
    def work(x):
        with mlflow.start_span("inside"):
            return x + 1

    with mlflow.start_run() as active:
        equal(work(1), 2)
        mlflow.log_metric("m", 1)
    mlflow.flush_trace_async_logging()
    equal(stored(active).data.metrics, {"m": 1})
    with refused("ENDPOINT_NOT_FOUND"):
        mlflow.search_traces(locations=[experiment])
    with refused("ENDPOINT_NOT_FOUND"):
        mlflow.log_feedback(trace_id="tr-1", name="n", value=1)
    with refused("ENDPOINT_NOT_FOUND"):
        mlflow.genai.register_prompt("p", "text")
    with refused("ENDPOINT_NOT_FOUND"):
        client._tracking_client.store.list_scorers(experiment)


@pytest.mark.differs("MLflow takes spans")
def test_the_server_says_what_it_can_do(experiment):
    store = client._tracking_client.store
    # Traces are sent to servers from 3.4 on.
    version = store._get_server_version(store.get_host_creds())
    assert (3, 0) <= (version.major, version.minor) < (3, 4), version
    assert store.supports_workspaces
    info = fetch_server_info(store.get_host_creds())
    equal((info.status_code, info.data["store_type"], info.data["multipart_uploads_enabled"]), (200, "SqlStore", False))
