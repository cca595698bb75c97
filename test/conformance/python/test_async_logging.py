"""Values that go while the script goes on."""

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag
from under_test import client, equal, history, own_tags, refused, stored


@pytest.fixture
def asynchronous():
    mlflow.config.enable_async_logging(True)
    yield
    mlflow.config.enable_async_logging(False)


def test_logging_can_be_asynchronous(asynchronous):
    with mlflow.start_run() as active:
        for step in range(500):
            mlflow.log_metric("loss", step / 2, step=step)
        mlflow.log_params({"a": 1, "b": 2})
        mlflow.set_tags({"c": 3})
        mlflow.flush_async_logging()
        equal(history(active, "loss"), [(step, step / 2) for step in range(500)])
        equal((stored(active).data.params, own_tags(active), stored(active).data.metrics), ({"a": "1", "b": "2"}, {"c": "3"}, {"loss": 249.5}))


def test_what_is_logged_asynchronously_is_there_when_the_run_has_ended(asynchronous):
    with mlflow.start_run() as active:
        mlflow.log_metrics({f"m{i}": i for i in range(50)})
    mlflow.flush_async_logging()
    equal(len(stored(active).data.metrics), 50)


def test_asynchronous_calls_can_be_waited_for():
    with mlflow.start_run() as active:
        mlflow.log_metric("m", 1, step=1, synchronous=False).wait()
        mlflow.log_metrics({"m": 2}, step=2, synchronous=False).wait()
        mlflow.log_param("p", "v", synchronous=False).wait()
        mlflow.log_params({"q": "w"}, synchronous=False).wait()
        mlflow.set_tag("t", "u", synchronous=False).wait()
        mlflow.set_tags({"v": "x"}, synchronous=False).wait()
        equal((history(active, "m"), stored(active).data.params, own_tags(active)), ([(1, 1), (2, 2)], {"p": "v", "q": "w"}, {"t": "u", "v": "x"}))


def test_an_asynchronous_batch_can_be_waited_for(run):
    client.log_batch(run, [Metric("m", 3, 5, 3)], [Param("x", "y")], [RunTag("t", "again")], synchronous=False).wait()
    equal((history(run, "m"), stored(run).data.params, own_tags(run)), ([(3, 3)], {"x": "y"}, {"t": "again"}))


def test_an_asynchronous_refusal_is_heard_where_it_is_waited_for():
    with mlflow.start_run():
        mlflow.log_param("p", 1)
        # The client makes an error of its own of it.
        with refused("INTERNAL_ERROR", "INVALID_PARAMETER_VALUE: Changing param values is not allowed", "'old_value': '1', 'new_value': '2'"):
            mlflow.log_param("p", 2, synchronous=False).wait()
