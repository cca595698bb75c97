"""What the client hears when something is refused: the code and the words that MLflow's own server has."""

import mlflow
import pytest
import requests
from mlflow.entities import Metric, Param, RunTag
from under_test import address, client, denied, equal, get, origin, own_tags, post, refused, stored

characters = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."


def untouched(run):
    equal((stored(run).data.metrics, stored(run).data.params, own_tags(run)), ({}, {}, {}))


writes = {
    "metric": ("name", lambda run, name: client.log_metric(run, name, 1)),
    "param": ("key", lambda run, name: client.log_param(run, name, 1)),
    "tag": ("key", lambda run, name: client.set_tag(run, name, 1)),
    "metric of a batch": ("metrics[0].name", lambda run, name: client.log_batch(run, metrics=[Metric(name, 1, 1, 1)])),
    "param of a batch": ("params[0].key", lambda run, name: client.log_batch(run, params=[Param(name, "1")])),
    "tag of a batch": ("tags[0].key", lambda run, name: client.log_batch(run, tags=[RunTag(name, "1")])),
}


@pytest.mark.parametrize("what", writes)
@pytest.mark.parametrize("name", ["a@b", "a\nb", "a,b", "a\\b", "100%", "a#b"])
def test_a_name_holds_allowed_characters_only(run, what, name):
    field, write = writes[what]
    with refused("INVALID_PARAMETER_VALUE", "Invalid value", f"for parameter '{field}' supplied: {characters}"):
        write(run, name)
    untouched(run)


@pytest.mark.parametrize("what", ["metric", "param", "tag"])
@pytest.mark.parametrize(("name", "path"), [("../x", "../x"), ("a/../b", "b"), ("/a", "/a"), ("a//b", "a/b"), ("a/", "a"), (".", "."), ("./a", "a")])
def test_a_name_does_not_climb(run, what, name, path):
    with refused("INVALID_PARAMETER_VALUE", f'Invalid value "{name}"', f"This name would resolve to '{path}'"):
        writes[what][1](run, name)
    untouched(run)


@pytest.mark.parametrize(
    ("what", "called"), [("metric", "Metric name"), ("param", "Param key"), ("tag", "key"), ("metric of a batch", "Metric name"), ("param of a batch", "Param key")]
)
def test_a_name_is_not_too_long(run, what, called):
    with refused("INVALID_PARAMETER_VALUE", f"'{called}' exceeds the maximum length of 250 characters"):
        writes[what][1](run, "k" * 251)
    untouched(run)


def test_a_name_is_not_empty(run):
    denied(post("runs/log-parameter", run_id=run, key="", value="v"), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'")


def test_a_metric_has_a_time_that_is_not_negative(run):
    with refused("INVALID_PARAMETER_VALUE", "Invalid value -1 for parameter 'timestamp' supplied", "Timestamp must be a nonnegative long (64-bit integer)"):
        client.log_metric(run, "m", 1, timestamp=-1)
    untouched(run)


def test_an_experiment_tag_has_its_limit(experiment):
    with refused("INVALID_PARAMETER_VALUE", "'value' exceeds the maximum length of 20000 characters"):
        client.set_experiment_tag(experiment, "t", "v" * 20_001)
    client.set_experiment_tag(experiment, "t", "v" * 20_000)


def test_an_error_is_json_with_a_code_and_a_message():
    answer = get("runs/get", run_id="0" * 32)
    equal((answer.status_code, answer.headers["Content-Type"]), (404, "application/json"))
    assert {"error_code", "message"} <= set(answer.json())


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "experiments/get", "experiment_id"),
        ("GET", "experiments/get-by-name", "experiment_name"),
        ("POST", "experiments/create", "name"),
        ("POST", "experiments/delete", "experiment_id"),
        ("POST", "experiments/restore", "experiment_id"),
        ("POST", "experiments/update", "experiment_id"),
        ("POST", "experiments/set-experiment-tag", "experiment_id"),
        ("GET", "runs/get", "run_id"),
        ("POST", "runs/update", "run_id"),
        ("POST", "runs/delete", "run_id"),
        ("POST", "runs/restore", "run_id"),
        ("POST", "runs/log-metric", "run_id"),
        ("POST", "runs/log-parameter", "run_id"),
        ("POST", "runs/log-batch", "run_id"),
        ("POST", "runs/set-tag", "run_id"),
        ("POST", "runs/delete-tag", "run_id"),
        ("POST", "runs/log-inputs", "run_id"),
        ("GET", "metrics/get-history", "run_id"),
        ("GET", "artifacts/list", "run_id"),
    ],
)
def test_what_must_be_given_is_asked_for(method, path, field):
    # What else it needs is given, so that the one field is what is missing.
    rest = {"key": "k", "value": "1", "timestamp": 1, "metric_key": "m", "new_name": "n", "datasets": []}
    if path in ("experiments/create", "runs/update"):
        rest = {}
    answer = get(path, **rest) if method == "GET" else post(path, **rest)
    denied(answer, 400, "INVALID_PARAMETER_VALUE", f"Missing value for required parameter '{field}'")


def test_a_body_is_json(run):
    answer = requests.post(address("runs/set-tag"), data=b"{not json", headers={"Content-Type": "application/json"})
    equal(answer.status_code, 400)
    answer = requests.post(address("runs/set-tag"), data=f'{{"run_id": "{run}", "key": "t", "value": "v"}}')
    equal(answer.status_code, 400)
    untouched(run)


def test_a_body_says_that_it_is_json_in_its_own_way(run):
    answer = requests.post(
        address("runs/set-tag"), data=f'{{"run_id": "{run}", "key": "t", "value": "v"}}', headers={"Content-Type": "application/json; charset=utf-8"}
    )
    equal((answer.status_code, own_tags(run)), (200, {"t": "v"}))


def test_unknown_fields_are_ignored(run):
    equal(post("runs/set-tag", run_id=run, key="t", value="v", other={"a": [1]}).json(), {})
    equal(own_tags(run), {"t": "v"})


def test_an_unknown_path_is_not_found():
    equal(get("runs/no-such-thing").status_code, 404)
    equal(get("/api/2.0/no-such-thing").status_code, 404)


def test_another_method_is_not_allowed():
    equal(get("runs/create").status_code, 405)
    equal(post("runs/get").status_code, 405)


def test_every_call_is_there_for_pages_too(run):
    equal(get("/ajax-api/2.0/mlflow/runs/get", run_id=run).json(), get("runs/get", run_id=run).json())


def test_the_server_says_that_it_is_well():
    answer = requests.get(f"{origin}/health")
    equal((answer.status_code, answer.text), (200, "OK"))


def test_the_server_says_its_version():
    answer = requests.get(f"{origin}/version")
    equal(answer.status_code, 200)
    assert answer.text


def test_a_refusal_of_another_kind_of_error_is_an_exception_of_the_client():
    with pytest.raises(mlflow.MlflowException):
        client.get_run("not an id")
