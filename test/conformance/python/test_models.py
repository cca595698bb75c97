"""Models with their files: logged, loaded back, judged."""

import json
from pathlib import Path

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy
import pandas
import pytest
from conftest import reaches
from mlflow.models import Model, infer_signature
from sklearn.linear_model import LogisticRegression
from under_test import client, denied, equal, post, stored

numbers = numpy.arange(24.0).reshape(12, 2)
classes = numpy.array([0, 1] * 6)


def fitted():
    return LogisticRegression().fit(numbers, classes)


def log(model, name, **more):
    """As users log it; what is its name now was its path in 2.22."""
    called = {"name" if reaches("3") else "artifact_path": name}
    return mlflow.sklearn.log_model(model, **called, pip_requirements=["scikit-learn"], **more)


@pytest.fixture
def logged():
    """A fitted model, the run that logged it and what logging it gave."""
    model = fitted()
    with mlflow.start_run() as active:
        info = log(model, "classifier", signature=infer_signature(numbers, model.predict(numbers)), input_example=numbers[:2])
    return model, active, info


def test_a_logged_model_is_loaded_by_its_run(logged):
    model, active, _ = logged
    assert (mlflow.sklearn.load_model(f"runs:/{active.info.run_id}/classifier").predict(numbers) == model.predict(numbers)).all()


def test_a_logged_model_answers_as_a_function(logged):
    model, _, info = logged
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert (loaded.predict(numbers) == model.predict(numbers)).all()
    equal(loaded.metadata.signature, info.signature)


def test_a_logged_model_has_its_signature_and_its_example(logged):
    _, _, info = logged
    found = mlflow.models.get_model_info(info.model_uri)
    assert found.signature.inputs is not None and found.signature.outputs is not None
    equal(Model.load(info.model_uri).load_input_example().tolist(), numbers[:2].tolist())


def test_the_files_of_a_model_are_among_those_of_its_run(logged):
    _, active, _ = logged
    files = {Path(each.path).name for each in client.list_artifacts(active.info.run_id, "classifier")}
    assert {"MLmodel", "requirements.txt", "input_example.json"} <= files, files


def test_a_model_is_fetched_as_a_folder(logged, tmp_path):
    _, active, info = logged
    where = Path(mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri, dst_path=str(tmp_path)))
    assert active.info.run_id in (where / "MLmodel").read_text()


def test_a_model_of_code_of_ones_own_is_loaded():
    class Adder(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input + 1

    with mlflow.start_run() as active:
        mlflow.pyfunc.log_model(**{"name" if reaches("3") else "artifact_path": "adder"}, python_model=Adder(), pip_requirements=[])
    loaded = mlflow.pyfunc.load_model(f"runs:/{active.info.run_id}/adder")
    equal(loaded.predict(pandas.DataFrame({"a": [1, 2]}))["a"].tolist(), [2, 3])


def test_a_model_is_evaluated():
    data = pandas.DataFrame(numbers, columns=["a", "b"]).assign(target=classes)
    with mlflow.start_run() as active:
        info = log(LogisticRegression().fit(data[["a", "b"]], classes), "judged")
        options = {"log_explainer": False, "log_model_explainability": False}
        mlflow.models.evaluate(info.model_uri, data, targets="target", model_type="classifier", evaluator_config=options)
    assert 0 <= stored(active).data.metrics["accuracy_score"] <= 1


# From 3.0 on a model is a thing of its own.


@pytest.mark.since("3")
def test_a_logged_model_is_ready_and_of_its_run(experiment):
    with mlflow.start_run() as active:
        info = log(fitted(), "whole", params={"C": 1.0}, tags={"team": "tides"}, model_type="classifier", step=3)
    found = client.get_logged_model(info.model_id)
    equal((found.name, str(found.status), found.model_type, found.source_run_id), ("whole", "READY", "classifier", active.info.run_id))
    equal((found.params, found.tags["team"], found.experiment_id), ({"C": "1.0"}, "tides", experiment))
    equal([(each.model_id, each.step) for each in stored(active).outputs.model_outputs], [(info.model_id, 3)])
    [searched] = client.search_runs([experiment])
    equal(searched.outputs.model_outputs, stored(active).outputs.model_outputs)
    equal(mlflow.last_logged_model().model_id, info.model_id)


@pytest.mark.since("3")
def test_a_logged_model_is_loaded_by_its_id(logged):
    model, active, info = logged
    equal(info.model_uri, f"models:/{info.model_id}")
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    equal((loaded.metadata.model_id, loaded.metadata.run_id), (info.model_id, active.info.run_id))
    assert (mlflow.sklearn.load_model(info.model_uri).predict(numbers) == model.predict(numbers)).all()


@pytest.mark.since("3")
def test_files_are_added_to_a_model(experiment, tmp_path):
    model = client.create_logged_model(experiment)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.txt").write_text("deep")
    (tmp_path / "notes.txt").write_text("noted")
    client.log_model_artifact(model.model_id, str(tmp_path / "notes.txt"))
    equal([(each.path, each.is_dir, each.file_size) for each in client.list_logged_model_artifacts(model.model_id)], [("notes.txt", False, 5)])
    client.log_model_artifacts(model.model_id, str(tmp_path))
    equal([each.path for each in client.list_logged_model_artifacts(model.model_id, "deep")], ["deep/file.txt"])
    equal(mlflow.artifacts.load_text(f"{model.artifact_location}/notes.txt"), "noted")


@pytest.mark.since("3")
def test_what_is_measured_after_logging_is_on_the_model():
    with mlflow.start_run():
        info = log(fitted(), "m")
        mlflow.log_metric("later", 0.5, model_id=info.model_id)
    equal([(metric.key, metric.value) for metric in client.get_logged_model(info.model_id).metrics], [("later", 0.5)])


@pytest.mark.since("3")
def test_what_a_run_measured_at_a_step_is_of_the_model_logged_at_that_step():
    with mlflow.start_run():
        mlflow.log_metric("early", 1, step=1)
        mlflow.log_metric("late", 2, step=2)
        info = log(fitted(), "at a step", step=2)
    equal([(metric.key, metric.step) for metric in client.get_logged_model(info.model_id).metrics], [("late", 2)])


@pytest.mark.since("3")
def test_the_scores_of_a_model_are_the_models_and_have_their_data_set():
    data = pandas.DataFrame(numbers, columns=["a", "b"]).assign(target=classes)
    with mlflow.start_run() as active:
        info = log(LogisticRegression().fit(data[["a", "b"]], classes), "judged")
        options = {"log_explainer": False, "log_model_explainability": False}
        mlflow.models.evaluate(info.model_uri, data, targets="target", model_type="classifier", evaluator_config=options)
    score = {metric.key: metric for metric in client.get_logged_model(info.model_id).metrics}["accuracy_score"]
    equal((score.value, score.run_id), (stored(active).data.metrics["accuracy_score"], active.info.run_id))
    assert score.dataset_digest


@pytest.mark.since("3")
def test_autologging_makes_models():
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as active:
            LogisticRegression(C=0.5).fit(numbers, classes)
    finally:
        mlflow.sklearn.autolog(disable=True)
    [output] = stored(active).outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    equal((str(model.status), model.source_run_id, model.params["C"]), ("READY", active.info.run_id, "0.5"))
    assert "training_score" in {metric.key for metric in model.metrics}


@pytest.mark.since("3")
def test_a_deleted_model_is_not_loaded(logged):
    _, _, info = logged
    client.delete_logged_model(info.model_id)
    with pytest.raises(mlflow.MlflowException):
        mlflow.sklearn.load_model(info.model_uri)


# What clients of before 3.0 say of a model they have logged.


def test_a_run_remembers_its_models_in_a_tag(run):
    for path in ("model/a", "model/b"):
        client._record_logged_model(run, Model(artifact_path=path, run_id=run, flavors={"f": {"v": 2}}))
    history = json.loads(stored(run).data.tags["mlflow.log-model.history"])
    equal([(each["artifact_path"], each["run_id"], each["flavors"]) for each in history], [(path, run, {"f": {"v": 2}}) for path in ("model/a", "model/b")])


def test_what_is_remembered_of_a_model_is_checked(run):
    denied(post("runs/log-model", run_id=run, model_json="not json"), 400, "INVALID_PARAMETER_VALUE")
    denied(post("runs/log-model", run_id=run, model_json="{}"), 400, "INVALID_PARAMETER_VALUE")
