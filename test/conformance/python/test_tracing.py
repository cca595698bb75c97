"""Traces, which are not kept: code that makes them goes on as it would without them."""

import logging

import mlflow
import pytest
from under_test import client, denied, equal, get, refused, stored


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)


@mlflow.trace
def doubled(number):
    return 2 * number


def test_a_traced_function_answers():
    equal(doubled(21), 42)


def test_traced_functions_within_each_other_answer():
    @mlflow.trace(name="outer")
    def outer(number):
        with mlflow.start_span("within") as span:
            span.set_attributes({"n": number})
            return doubled(number) + doubled(1)

    equal(outer(2), 6)


def test_a_traced_function_fails_with_its_own_error():
    @mlflow.trace
    def failing():
        raise ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match="its own"):
        failing()


def test_a_run_goes_on_around_a_trace():
    with mlflow.start_run() as active:
        mlflow.log_metric("before", 1)
        doubled(1)
        mlflow.log_metric("after", 2)
    equal((stored(active).info.status, stored(active).data.metrics), ("FINISHED", {"before": 1, "after": 2}))


@pytest.mark.differs("MLflow keeps traces")
def test_asking_for_traces_is_refused_in_a_way_the_client_knows(experiment):
    with pytest.raises(mlflow.MlflowException) as refusal:
        client.search_traces([experiment])
    equal(refusal.value.error_code, "ENDPOINT_NOT_FOUND")
    denied(get("/api/3.0/mlflow/traces/tr-1"), 404, "ENDPOINT_NOT_FOUND")


@pytest.mark.since("3")
@pytest.mark.differs("MLflow keeps them")
@pytest.mark.parametrize(
    "call",
    [
        lambda experiment: mlflow.log_feedback(trace_id="tr-1", name="n", value=1),
        lambda experiment: client._tracking_client.store.list_scorers(experiment),
    ],
    ids=["feedback", "scorers"],
)
def test_what_is_built_on_traces_is_refused_in_a_way_the_client_knows(experiment, call):
    with refused("ENDPOINT_NOT_FOUND"):
        call(experiment)
