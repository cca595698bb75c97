"""The server under test, as the tests speak to it and of it: by MLflow's client, and past it where the client would not ask so."""

import os
import time
import uuid
from contextlib import contextmanager

import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

origin = os.environ["MLFLOW_TRACKING_URI"].rstrip("/")
client = MlflowClient()


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


@contextmanager
def refused(code, *words):
    """The block is answered with this error code and a message that holds these words."""
    try:
        yield
    except MlflowException as error:
        equal(error.error_code, code)
        for word in words:
            assert word in error.message, f"{word!r} is not in {error.message!r}"
    else:
        raise AssertionError(f"nothing was refused; wanted {code}")


def soon(condition, seconds=20):
    """Waits until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to hold"
        time.sleep(0.05)


def unique(name):
    """That name as no other test, client or earlier turn has it."""
    return f"{name} {uuid.uuid4().hex[:10]}"


def stored(run):
    """A run as the server has it now: by its id, or as the fluent API gave it."""
    return client.get_run(run if isinstance(run, str) else run.info.run_id)


def own_tags(run):
    """Its tags without those that the client and the server set."""
    return {key: value for key, value in stored(run).data.tags.items() if not key.startswith("mlflow.")}


def history(run, key):
    return [(point.step, point.value) for point in client.get_metric_history(run if isinstance(run, str) else run.info.run_id, key)]


def names(found):
    return [each.name for each in found]


def run_names(found):
    return [each.info.run_name for each in found]


def address(path):
    """Of one of MLflow's calls; a path that begins with a slash is whole."""
    return origin + path if path.startswith("/") else f"{origin}/api/2.0/mlflow/{path}"


def get(path, /, **query):
    return requests.get(address(path), params=query, timeout=30)


def post(path, /, **body):
    return requests.post(address(path), json=body, timeout=30)


def denied(answer, status, code, *words):
    """The answer is this refusal, in MLflow's shape."""
    equal(answer.status_code, status)
    body = answer.json()
    equal(body["error_code"], code)
    for word in words:
        assert word in body["message"], f"{word!r} is not in {body['message']!r}"
