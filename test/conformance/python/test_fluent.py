"""The fluent API: what a training script says first."""

import os
import threading
import time

import mlflow
import pytest
from mlflow.entities import ViewType
from under_test import client, equal, history, own_tags, refused, run_names, stored, unique


def test_set_experiment_makes_one_and_finds_it_again():
    name = unique("set")
    made = mlflow.set_experiment(name)
    equal((made.name, made.lifecycle_stage), (name, "active"))
    equal(mlflow.set_experiment(name).experiment_id, made.experiment_id)
    equal(mlflow.set_experiment(experiment_id=made.experiment_id).name, name)


def test_set_experiment_by_many_at_once_makes_one():
    name, found = unique("raced"), []
    threads = [threading.Thread(target=lambda: found.append(mlflow.set_experiment(name).experiment_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal((len(found), len(set(found))), (8, 1))


def test_a_deleted_experiment_is_not_set():
    name = unique("deleted")
    client.delete_experiment(client.create_experiment(name))
    with refused("INVALID_PARAMETER_VALUE", "Cannot set a deleted experiment"):
        mlflow.set_experiment(name)


def test_an_experiment_there_is_not_is_not_set_by_its_id():
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.set_experiment(experiment_id="987654321")


def test_runs_begin_in_the_experiment_that_is_set():
    made = mlflow.set_experiment(unique("set"))
    with mlflow.start_run() as active:
        equal(active.info.experiment_id, made.experiment_id)
    equal(run_names(client.search_runs([made.experiment_id])), [active.info.run_name])


def test_a_run_may_begin_in_an_experiment_that_is_not_set():
    other = client.create_experiment(unique("other"))
    with mlflow.start_run(experiment_id=other) as active:
        pass
    equal(stored(active).info.experiment_id, other)


def test_experiments_are_made_tagged_and_deleted(experiment):
    made = mlflow.create_experiment(unique("made"), artifact_location="mlflow-artifacts:/of-their-own", tags={"team": "tides"})
    equal((mlflow.get_experiment(made).tags, mlflow.get_experiment(made).artifact_location), ({"team": "tides"}, "mlflow-artifacts:/of-their-own"))
    mlflow.delete_experiment(made)
    equal(mlflow.get_experiment(made).lifecycle_stage, "deleted")


def test_the_active_experiment_is_tagged(experiment):
    mlflow.set_experiment_tag("one", "yes")
    mlflow.set_experiment_tags({"a": 1, "b": 2})
    equal(mlflow.get_experiment(experiment).tags, {"one": "yes", "a": "1", "b": "2"})


def test_search_experiments_comes_whole_past_a_page():
    start = unique("many")
    for number in range(7):
        mlflow.create_experiment(f"{start} {number}")
    found = mlflow.search_experiments(filter_string=f"name LIKE '{start}%'", order_by=["name"], max_results=5)
    equal([each.name for each in found], [f"{start} {number}" for number in range(5)])
    equal(len(mlflow.search_experiments(filter_string=f"name LIKE '{start}%'")), 7)


def test_a_run_begins_running_and_ends_finished(experiment):
    before = int(time.time() * 1000)
    with mlflow.start_run() as active:
        info = stored(active).info
        equal((info.status, info.end_time, info.lifecycle_stage, info.experiment_id), ("RUNNING", None, "active", experiment))
        assert before - 1000 <= info.start_time <= time.time() * 1000 + 1000
        equal(mlflow.active_run().info.run_id, info.run_id)
    info = stored(active).info
    equal(info.status, "FINISHED")
    assert info.end_time >= info.start_time
    assert mlflow.active_run() is None
    equal(mlflow.last_active_run().info.run_id, info.run_id)


def test_a_run_has_the_tags_of_where_it_came_from():
    with mlflow.start_run() as active:
        pass
    tags = stored(active).data.tags
    equal((tags["mlflow.source.type"], tags["mlflow.user"], tags["mlflow.runName"]), ("LOCAL", stored(active).info.user_id, stored(active).info.run_name))
    assert tags["mlflow.source.name"]


def test_a_run_without_a_name_gets_one():
    with mlflow.start_run() as one, mlflow.start_run(nested=True) as two:
        assert one.info.run_name and two.info.run_name
        assert one.info.run_name != two.info.run_name


def test_a_run_has_its_name_and_tags():
    with mlflow.start_run(run_name="named", tags={"a": "1", "mlflow.note.content": "by tag"}) as active:
        pass
    equal((stored(active).info.run_name, own_tags(active), stored(active).data.tags["mlflow.note.content"]), ("named", {"a": "1"}, "by tag"))


def test_a_run_has_its_description():
    with mlflow.start_run(description="what it is about") as active:
        pass
    equal(stored(active).data.tags["mlflow.note.content"], "what it is about")


def test_an_exception_ends_a_run_as_failed():
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as active:
        raise ZeroDivisionError
    equal(stored(active).info.status, "FAILED")


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"])
def test_a_run_can_end_as(status):
    active = mlflow.start_run()
    mlflow.end_run(status)
    equal(stored(active).info.status, status)


def test_a_run_is_resumed():
    with mlflow.start_run() as first:
        mlflow.log_metric("m", 1, step=1)
    with mlflow.start_run(run_id=first.info.run_id) as again:
        equal((again.info.run_id, stored(first).info.status), (first.info.run_id, "RUNNING"))
        mlflow.log_metric("m", 2, step=2)
    equal((history(first, "m"), stored(first).info.status), ([(1, 1.0), (2, 2.0)], "FINISHED"))


def test_a_run_is_resumed_with_other_tags_and_keeps_its_name():
    with mlflow.start_run(run_name="first", tags={"a": "1"}) as first:
        pass
    with mlflow.start_run(run_id=first.info.run_id, tags={"b": "2"}):
        pass
    equal((stored(first).info.run_name, own_tags(first)), ("first", {"a": "1", "b": "2"}))


def test_a_deleted_run_is_not_resumed():
    with mlflow.start_run() as active:
        pass
    mlflow.delete_run(active.info.run_id)
    with pytest.raises(mlflow.MlflowException, match="deleted"):
        mlflow.start_run(run_id=active.info.run_id)


def test_the_environment_names_the_run(monkeypatch, run):
    monkeypatch.setenv("MLFLOW_RUN_ID", run)
    with mlflow.start_run() as active:
        equal(active.info.run_id, run)


def test_the_environment_names_the_experiment(monkeypatch):
    name = unique("by environment")
    made = client.create_experiment(name)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    with mlflow.start_run() as active:
        equal(active.info.experiment_id, made)
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


def test_runs_are_nested():
    with mlflow.start_run(run_name="parent") as parent:
        with mlflow.start_run(run_name="child", nested=True) as child:
            with mlflow.start_run(run_name="grandchild", nested=True) as grandchild:
                pass
    equal(stored(child).data.tags["mlflow.parentRunId"], parent.info.run_id)
    equal(mlflow.get_parent_run(grandchild.info.run_id).info.run_id, child.info.run_id)
    assert mlflow.get_parent_run(parent.info.run_id) is None
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    equal(run_names(children), ["child"])


def test_a_run_begins_below_a_parent_that_has_ended():
    with mlflow.start_run() as parent:
        pass
    with mlflow.start_run(parent_run_id=parent.info.run_id, nested=True) as child:
        pass
    equal(mlflow.get_parent_run(child.info.run_id).info.run_id, parent.info.run_id)


def test_a_parent_there_is_not_is_refused():
    with pytest.raises(mlflow.MlflowException, match="0{32}"):
        mlflow.start_run(parent_run_id="0" * 32, nested=True)


def test_a_run_is_renamed_while_it_runs():
    with mlflow.start_run(run_name="before") as active:
        mlflow.set_tag("mlflow.runName", "after")
    equal((stored(active).info.run_name, stored(active).data.tags["mlflow.runName"]), ("after", "after"))


def test_get_run_gives_all_of_it():
    with mlflow.start_run(run_name="whole") as active:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 2)
        mlflow.set_tag("t", 3)
    found = mlflow.get_run(active.info.run_id)
    equal((found.info.run_name, found.data.params, found.data.metrics, found.data.tags["t"]), ("whole", {"p": "1"}, {"m": 2}, "3"))
    equal(found.inputs.dataset_inputs, [])


def test_metrics_keep_their_steps_and_times():
    with mlflow.start_run() as active:
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, timestamp=1_700_000_000_000 + step)
        mlflow.log_metrics({"loss": 0.125, "acc": 0.5}, step=7, timestamp=1_700_000_000_007)
    equal(history(active, "loss"), [(0, 1), (1, 0.5), (2, 1 / 3), (3, 0.25), (4, 0.2), (7, 0.125)])
    equal(client.get_metric_history(active.info.run_id, "loss")[0].timestamp, 1_700_000_000_000)
    equal(stored(active).data.metrics, {"loss": 0.125, "acc": 0.5})


def test_a_param_of_several_can_not_be_changed():
    with mlflow.start_run() as active:
        mlflow.log_params({"a": 1, "b": 2})
        with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
            mlflow.log_params({"c": 3, "b": 4})
    equal(stored(active).data.params, {"a": "1", "b": "2"})


def test_values_logged_without_a_run_begin_one():
    mlflow.log_metric("m", 1)
    equal(stored(mlflow.active_run()).data.metrics, {"m": 1})


def test_values_go_to_another_run_than_the_active_one(run):
    with mlflow.start_run() as active:
        mlflow.log_metric("m", 1, run_id=run)
    equal((stored(active).data.metrics, stored(run).data.metrics), ({}, {"m": 1}))


def test_threads_log_to_runs_of_their_own():
    ids = {}

    def train(number):
        with mlflow.start_run(run_name=f"thread {number}") as active:
            for step in range(10):
                mlflow.log_metric("m", number, step=step)
            ids[number] = active.info.run_id

    threads = [threading.Thread(target=train, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, each in ids.items():
        equal((stored(each).info.status, history(each, "m")), ("FINISHED", [(step, number) for step in range(10)]))


def test_a_deleted_run_is_found_among_the_deleted():
    with mlflow.start_run() as active:
        pass
    mlflow.delete_run(active.info.run_id)
    assert mlflow.search_runs().empty
    equal(list(mlflow.search_runs(run_view_type=ViewType.DELETED_ONLY)["run_id"]), [active.info.run_id])


def test_the_uri_of_an_artifact_is_below_the_run():
    with mlflow.start_run() as active:
        equal(mlflow.get_artifact_uri(), active.info.artifact_uri)
        equal(mlflow.get_artifact_uri("a/b.txt"), f"{active.info.artifact_uri}/a/b.txt")
