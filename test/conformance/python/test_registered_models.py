"""Models by a name that stays: registered as they are logged, or afterwards, loaded by version, stage, alias and latest, and copied."""

import json
from pathlib import Path

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy
import pytest
from conftest import reaches
from sklearn.linear_model import LogisticRegression
from under_test import client, equal, get, unique

numbers = numpy.arange(24.0).reshape(12, 2)
classes = numpy.array([0, 1] * 6)
stages = pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")


def fitted(seed=0):
    return LogisticRegression().fit(numbers + seed, classes)


def log(model, **more):
    """As users log it; what is its name now was its path in 2.22."""
    called = {"name" if reaches("3") else "artifact_path": "model"}
    with mlflow.start_run() as active:
        return active.info.run_id, mlflow.sklearn.log_model(model, **called, pip_requirements=["scikit-learn"], **more)


@pytest.fixture
def name():
    return unique("registered")


def same(one, other):
    return (one.coef_ == other.coef_).all()


def test_a_model_is_registered_as_it_is_logged(name):
    run, info = log(fitted(), registered_model_name=name)
    equal(str(info.registered_model_version), "1")
    found = client.get_model_version(name, "1")
    equal((found.run_id, found.status), (run, "READY"))
    log(fitted(), registered_model_name=name)
    equal([each.version for each in client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])], ["1", "2"])


def test_a_model_is_registered_afterwards(name):
    model = fitted()
    run, info = log(model)
    made = mlflow.register_model(f"runs:/{run}/model", name, tags={"a": "1"})
    equal((made.name, made.version, made.run_id, made.tags), (name, "1", run, {"a": "1"}))
    assert same(mlflow.sklearn.load_model(f"models:/{name}/1"), model)
    again = mlflow.register_model(info.model_uri, name)
    equal((again.version, again.run_id), ("2", run))
    assert same(mlflow.sklearn.load_model(f"models:/{name}/2"), model)


@stages
def test_a_model_is_loaded_by_what_stands_for_its_version(name):
    models = [fitted(seed) for seed in range(3)]
    for model in models:
        log(model, registered_model_name=name)
    client.transition_model_version_stage(name, "1", "Production")
    client.set_registered_model_alias(name, "champion", "2")
    for uri, model in (("1", models[0]), ("2", models[1]), ("Production", models[0]), ("production", models[0]), ("latest", models[2])):
        assert same(mlflow.sklearn.load_model(f"models:/{name}/{uri}"), model), uri
    assert same(mlflow.sklearn.load_model(f"models:/{name}@champion"), models[1])
    client.set_registered_model_alias(name, "champion", "3")
    assert same(mlflow.sklearn.load_model(f"models:/{name}@champion"), models[2])


def test_a_registered_model_answers_as_a_function(name):
    model = fitted()
    log(model, registered_model_name=name, signature=mlflow.models.infer_signature(numbers, classes))
    loaded = mlflow.pyfunc.load_model(f"models:/{name}/1")
    assert (loaded.predict(numbers) == model.predict(numbers)).all()
    equal(mlflow.models.get_model_info(f"models:/{name}/1").signature, loaded.metadata.signature)


def test_a_registered_model_is_fetched_as_a_folder(name, tmp_path):
    run, _ = log(fitted(), registered_model_name=name)
    where = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/1", dst_path=str(tmp_path)))
    assert run in (where / "MLmodel").read_text()


@stages
@pytest.mark.parametrize("uri", ["/1", "/Staging", "@champion", "/latest"])
def test_what_stands_for_nothing_is_not_loaded(name, uri):
    client.create_registered_model(name)
    with pytest.raises(mlflow.MlflowException, match="(?i)not found|no versions"):
        mlflow.sklearn.load_model(f"models:/{name}{uri}")


def test_a_version_is_copied_to_another_model(name):
    model = fitted()
    run, _ = log(model, registered_model_name=name)
    client.set_model_version_tag(name, "1", "a", "1")
    client.update_model_version(name, "1", "text")
    client.set_registered_model_alias(name, "champion", "1")
    copy = unique("copy")
    for number, source in enumerate((f"models:/{name}/1", f"models:/{name}@champion"), 1):
        made = client.copy_model_version(source, copy)
        equal((made.name, made.version, made.run_id, made.tags, made.description), (copy, str(number), run, {"a": "1"}, "text"))
        equal(made.source, f"models:/{name}/1")
    assert same(mlflow.sklearn.load_model(f"models:/{copy}/2"), model)
    twice = client.copy_model_version(f"models:/{copy}/1", copy)
    equal((twice.version, twice.run_id), ("3", run))
    assert same(mlflow.sklearn.load_model(f"models:/{copy}/3"), model)


@pytest.mark.differs("MLflow loses a copy with what it was copied from")
def test_a_copy_outlives_what_it_was_copied_from(name):
    model = fitted()
    log(model, registered_model_name=name)
    copy = unique("copy")
    client.copy_model_version(f"models:/{name}/1", copy)
    client.delete_registered_model(name)
    assert same(mlflow.sklearn.load_model(f"models:/{copy}/1"), model)


def test_a_copy_of_what_there_is_not_is_refused(name):
    client.create_registered_model(name)
    with pytest.raises(mlflow.MlflowException, match="not found"):
        client.copy_model_version(f"models:/{name}/7", unique("copy"))


@pytest.mark.since("3")
def test_a_logged_model_knows_its_versions(name):
    _, info = log(fitted(), registered_model_name=name)
    client.create_registered_model(other := unique("other"))
    mlflow.register_model(info.model_uri, other)
    found = json.loads(client.get_logged_model(info.model_id).tags["mlflow.modelVersions"])
    # The client says each once more.
    equal({(each["name"], int(each["version"])) for each in found}, {(name, 1), (other, 1)})


def test_a_version_gives_its_files_out_by_its_name(name):
    run, _ = log(fitted(), registered_model_name=name)
    answer = get("/model-versions/get-artifact", name=name, version="1", path="MLmodel")
    equal(answer.status_code, 200)
    assert run in answer.text


def test_a_model_is_registered_by_automatic_logging(name):
    mlflow.sklearn.autolog(registered_model_name=name, log_input_examples=False)
    try:
        with mlflow.start_run() as active:
            fitted()
    finally:
        mlflow.sklearn.autolog(disable=True)
    equal(client.get_model_version(name, "1").run_id, active.info.run_id)
