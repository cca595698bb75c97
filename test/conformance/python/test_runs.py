"""Runs: begun, named, ended, deleted and restored."""

import time

import mlflow
import pytest
from under_test import client, denied, equal, get, history, own_tags, post, refused, stored


def test_a_run_has_what_it_is_begun_with(experiment):
    tags = {"mlflow.user": "me", "mlflow.source.type": "LOCAL", "mlflow.source.name": "train.py", "mlflow.source.git.commit": "abc", "a": "1"}
    made = client.create_run(experiment, start_time=456, tags=tags, run_name="mine")
    for found in (made, client.get_run(made.info.run_id)):
        equal((found.info.experiment_id, found.info.start_time, found.info.run_name, found.info.user_id), (experiment, 456, "mine", "me"))
        equal((found.info.status, found.info.end_time, found.info.lifecycle_stage), ("RUNNING", None, "active"))
        equal(found.data.tags, {**tags, "mlflow.runName": "mine"})
        equal((found.data.metrics, found.data.params), ({}, {}))
    equal([each.info.run_id for each in client.search_runs([experiment])], [made.info.run_id])


def test_a_run_begun_without_anything_has_defaults(experiment):
    made = client.create_run(experiment)
    equal(len(made.info.run_id), 32)
    assert made.info.run_name
    equal(made.data.tags, {"mlflow.runName": made.info.run_name})
    equal(made.info.artifact_uri, f"{client.get_experiment(experiment).artifact_location}/{made.info.run_id}/artifacts")


def test_a_run_takes_its_name_from_its_tag(experiment):
    equal(client.create_run(experiment, tags={"mlflow.runName": "by tag"}).info.run_name, "by tag")


def test_a_run_has_one_name(experiment):
    with refused("INVALID_PARAMETER_VALUE", "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"):
        client.create_run(experiment, run_name="a", tags={"mlflow.runName": "b"})
    equal(client.create_run(experiment, run_name="a", tags={"mlflow.runName": "a"}).info.run_name, "a")


def test_a_run_is_renamed_and_its_tag_with_it(run):
    client.update_run(run, name="renamed")
    equal((stored(run).info.run_name, stored(run).data.tags["mlflow.runName"]), ("renamed", "renamed"))


def test_a_run_is_renamed_by_its_tag(run):
    client.set_tag(run, "mlflow.runName", "by tag")
    equal(stored(run).info.run_name, "by tag")


def test_a_run_is_renamed_without_a_change_of_its_status(run):
    client.set_terminated(run, "FINISHED")
    before = stored(run).info
    client.update_run(run, name="afterwards")
    after = stored(run).info
    equal((after.run_name, after.status, after.end_time), ("afterwards", "FINISHED", before.end_time))


def test_an_update_without_a_name_keeps_the_name(run):
    client.update_run(run, name="kept")
    client.update_run(run, status="FAILED")
    equal((stored(run).info.run_name, stored(run).info.status), ("kept", "FAILED"))


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"])
def test_a_run_is_set_to(run, status):
    client.update_run(run, status=status)
    equal((stored(run).info.status, stored(run).info.end_time), (status, None))


@pytest.mark.differs("MLflow answers 200 and changes nothing")
def test_a_status_there_is_not_is_refused(run):
    denied(post("runs/update", run_id=run, status="DONE"), 400, "INVALID_PARAMETER_VALUE", "for parameter 'status' supplied")
    equal(stored(run).info.status, "RUNNING")


def test_a_run_is_terminated_now_and_finished(run):
    equal(stored(run).info.end_time, None)
    client.set_terminated(run)
    info = stored(run).info
    equal(info.status, "FINISHED")
    assert abs(info.end_time - time.time() * 1000) < 600_000


def test_a_run_is_terminated_as_it_is_said(run):
    client.set_terminated(run, "KILLED", end_time=99)
    equal((stored(run).info.status, stored(run).info.end_time), ("KILLED", 99))


def test_an_update_answers_with_the_run(run):
    info = post("runs/update", run_id=run, status="FINISHED", end_time="99", run_name="done").json()["run_info"]
    equal((info["run_id"], info["run_uuid"], info["status"], info["end_time"], info["run_name"]), (run, run, "FINISHED", 99, "done"))


def test_a_run_is_deleted_and_restored_with_all_it_has(run):
    client.log_metric(run, "m", 1)
    client.log_param(run, "p", 1)
    client.delete_run(run)
    deleted = stored(run)
    equal((deleted.info.lifecycle_stage, deleted.data.metrics, deleted.data.params), ("deleted", {"m": 1}, {"p": "1"}))
    client.restore_run(run)
    client.log_metric(run, "m", 2, step=1)
    equal((stored(run).info.lifecycle_stage, stored(run).data.metrics), ("active", {"m": 2}))


def test_a_run_may_be_deleted_and_restored_twice(run):
    client.delete_run(run)
    client.delete_run(run)
    equal(stored(run).info.lifecycle_stage, "deleted")
    client.restore_run(run)
    client.restore_run(run)
    equal(stored(run).info.lifecycle_stage, "active")


@pytest.mark.parametrize(
    "write",
    [
        lambda run: client.log_metric(run, "m", 2),
        lambda run: client.log_param(run, "q", 2),
        lambda run: client.set_tag(run, "t", 2),
        lambda run: client.delete_tag(run, "t"),
        lambda run: client.log_batch(run, tags=[mlflow.entities.RunTag("t", "2")]),
        lambda run: client.update_run(run, name="other"),
        lambda run: client.set_terminated(run),
    ],
    ids=["metric", "param", "tag", "tag's end", "batch", "name", "status"],
)
def test_a_deleted_run_takes_no(run, write):
    client.set_tag(run, "t", "1")
    client.delete_run(run)
    with refused("INVALID_PARAMETER_VALUE", f"The run {run} must be in the 'active' state. Current state is deleted."):
        write(run)
    equal((stored(run).data.metrics, stored(run).data.params, own_tags(run)), ({}, {}, {"t": "1"}))


def test_a_parent_is_found(experiment):
    parent = client.create_run(experiment)
    child = client.create_run(experiment, tags={"mlflow.parentRunId": parent.info.run_id})
    equal(client.get_parent_run(child.info.run_id).info.run_id, parent.info.run_id)
    assert client.get_parent_run(parent.info.run_id) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda run: client.get_run(run),
        lambda run: client.log_metric(run, "m", 1),
        lambda run: client.log_param(run, "p", 1),
        lambda run: client.set_tag(run, "t", 1),
        lambda run: client.delete_tag(run, "t"),
        lambda run: client.log_batch(run, metrics=[mlflow.entities.Metric("m", 1, 1, 1)]),
        lambda run: client.update_run(run, status="FAILED"),
        lambda run: client.set_terminated(run),
        lambda run: client.delete_run(run),
        lambda run: client.restore_run(run),
        lambda run: client.list_artifacts(run),
        lambda run: mlflow.start_run(run_id=run),
    ],
    ids=["get", "metric", "param", "tag", "tag's end", "batch", "update", "end", "delete", "restore", "list", "resume"],
)
def test_an_unknown_run_is_not_found_by(call):
    with refused("RESOURCE_DOES_NOT_EXIST", f"Run with id={'0' * 32} not found"):
        call("0" * 32)


def test_a_run_begins_in_an_experiment_there_is():
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654321 exists"):
        client.create_run("987654321")


def test_the_id_of_a_run_may_be_called_run_uuid(run):
    equal(get("runs/get", run_uuid=run).json()["run"]["info"]["run_id"], run)
    for path, more in (
        ("runs/set-tag", {"key": "t", "value": "v"}),
        ("runs/log-parameter", {"key": "p", "value": "v"}),
        ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        ("runs/update", {"status": "FINISHED"}),
    ):
        equal(post(path, run_uuid=run, **more).status_code, 200)
    found = stored(run)
    equal((own_tags(run), found.data.params, found.data.metrics, found.info.status), ({"t": "v"}, {"p": "v"}, {"m": 1}, "FINISHED"))
    equal(history(run, "m"), [(0, 1)])


def test_a_run_without_a_start_begins_at_zero(experiment):
    equal(post("runs/create", experiment_id=experiment).json()["run"]["info"]["start_time"], 0)
