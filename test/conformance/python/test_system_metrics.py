"""System metrics: what the client measures of its machine arrives while the run goes on."""

import mlflow
import pytest
from under_test import equal, history, soon, stored

processor = "system/cpu_utilization_percentage"


@pytest.fixture(autouse=True)
def often():
    mlflow.set_system_metrics_sampling_interval(0.1)
    mlflow.set_system_metrics_samples_before_logging(1)
    yield
    mlflow.disable_system_metrics_logging()


def test_they_arrive_while_the_run_goes_on():
    with mlflow.start_run(log_system_metrics=True) as active:
        wanted = {processor, "system/system_memory_usage_percentage", "system/system_memory_usage_megabytes", "system/disk_usage_percentage"}
        soon(lambda: wanted <= set(stored(active).data.metrics))
        soon(lambda: len(history(active, processor)) >= 3)
    equal(stored(active).info.status, "FINISHED")


def test_their_steps_count_up_from_nothing():
    with mlflow.start_run(log_system_metrics=True) as active:
        soon(lambda: len(history(active, processor)) >= 3)
    steps = [step for step, _ in history(active, processor)]
    equal(steps, list(range(len(steps))))


def test_they_go_on_where_they_stopped_when_the_run_is_resumed():
    with mlflow.start_run(log_system_metrics=True) as active:
        soon(lambda: len(history(active, processor)) >= 2)
    before = len(history(active, processor))
    with mlflow.start_run(run_id=active.info.run_id, log_system_metrics=True):
        soon(lambda: len(history(active, processor)) >= before + 2)
    steps = [step for step, _ in history(active, processor)]
    equal(steps, sorted(set(steps)))


def test_several_samples_are_put_together():
    mlflow.set_system_metrics_samples_before_logging(3)
    with mlflow.start_run(log_system_metrics=True) as active:
        soon(lambda: processor in stored(active).data.metrics)


def test_they_are_switched_on_for_all_runs():
    mlflow.enable_system_metrics_logging()
    with mlflow.start_run() as active:
        soon(lambda: processor in stored(active).data.metrics)


def test_they_are_switched_off_for_one_run():
    mlflow.enable_system_metrics_logging()
    with mlflow.start_run(log_system_metrics=False) as active:
        mlflow.log_metric("m", 1)
    equal(stored(active).data.metrics, {"m": 1})
