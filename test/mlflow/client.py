"""MlflowClient: every method that tracks."""

import math
import time
from contextlib import contextmanager

from checks import check, equal, refused, run
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.tracking import MlflowClient

client = MlflowClient()
experiment = client.create_experiment("client")


def names(found):
    return [each.name for each in found]


def run_names(found):
    return [each.info.run_name for each in found]


@contextmanager
def three_runs(name):
    """An experiment with the runs a, b and c, which began in this order."""
    made = client.create_experiment(name)
    yield made, [client.create_run(made, start_time=1000 + i, run_name=letter).info.run_id for i, letter in enumerate("abc")]


@check
def an_experiment_is_created_renamed_deleted_and_restored():
    made = client.create_experiment("client/one")
    equal(made, str(int(made)))
    found = client.get_experiment(made)
    equal((found.name, found.lifecycle_stage, found.tags, found.artifact_location), ("client/one", "active", {}, f"mlflow-artifacts:/{made}"))
    client.rename_experiment(made, "client/two")
    equal(client.get_experiment_by_name("client/two").experiment_id, made)
    assert client.get_experiment_by_name("client/one") is None
    client.delete_experiment(made)
    equal(client.get_experiment(made).lifecycle_stage, "deleted")
    equal(client.get_experiment_by_name("client/two").lifecycle_stage, "deleted")
    client.restore_experiment(made)
    equal(client.get_experiment(made).lifecycle_stage, "active")
    assert client.get_experiment(made).last_update_time >= found.last_update_time


@check
def a_deleted_experiment_takes_its_runs_with_it_and_brings_them_back():
    with three_runs("client/with runs") as (made, runs):
        client.delete_run(runs[0])
        client.delete_experiment(made)
        equal({client.get_run(each).info.lifecycle_stage for each in runs}, {"deleted"})
        client.restore_experiment(made)
        equal(client.get_run(runs[1]).info.lifecycle_stage, "active")


@check
def experiment_tags_are_set_and_deleted():
    made = client.create_experiment("client/tags", tags={"a": "1"})
    client.set_experiment_tag(made, "b", 2)
    client.set_experiment_tag(made, "a", "again")
    client.set_experiment_tag(made, "long", "x" * 20_000)
    equal(client.get_experiment(made).tags, {"a": "again", "b": "2", "long": "x" * 20_000})
    client.delete_experiment_tag(made, "b")
    client.delete_experiment_tag(made, "long")
    equal(client.get_experiment(made).tags, {"a": "again"})


@check
def experiments_are_searched():
    for number, letter in enumerate("abc"):
        made = client.create_experiment(f"find-{letter}", tags={"number": str(number), "shared": "yes"})
        if letter == "c":
            client.delete_experiment(made)
    find = client.search_experiments
    equal(names(find(filter_string="name LIKE 'find-%'", order_by=["name"])), ["find-a", "find-b"])
    equal(names(find(filter_string="name ILIKE 'FIND-%'", order_by=["name DESC"])), ["find-b", "find-a"])
    equal(names(find(ViewType.ALL, filter_string="tags.shared = 'yes'", order_by=["name ASC"])), ["find-a", "find-b", "find-c"])
    equal(names(find(ViewType.DELETED_ONLY, filter_string="tag.shared = 'yes'")), ["find-c"])
    equal(names(find(filter_string="tags.number != '0' AND tags.shared = 'yes'")), ["find-b"])
    equal(names(find(filter_string="name = 'find-a' AND attribute.name != 'find-b'")), ["find-a"])
    # The newest come first.
    equal(names(find(filter_string="name LIKE 'find-%'")), ["find-b", "find-a"])
    before = client.get_experiment_by_name("find-a").creation_time
    equal(names(find(filter_string=f"name LIKE 'find-%' AND creation_time >= {before}", order_by=["creation_time"])), ["find-a", "find-b"])
    equal(find(filter_string="name = 'nothing'"), [])


@check
def experiments_come_by_pages():
    for number in range(5):
        client.create_experiment(f"page-{number}")
    seen, token = [], None
    for size in (2, 2, 1):
        page = client.search_experiments(filter_string="name LIKE 'page-%'", order_by=["name"], max_results=2, page_token=token)
        equal(len(page), size)
        seen += names(page)
        token = page.token
    equal((seen, token), ([f"page-{number}" for number in range(5)], None))


@check
def a_run_is_created_with_what_is_given():
    made = client.create_run(experiment, start_time=123, tags={"mlflow.user": "me", "a": "1"}, run_name="mine")
    equal((made.info.experiment_id, made.info.start_time, made.info.run_name, made.info.status), (experiment, 123, "mine", "RUNNING"))
    equal(made.data.tags, {"mlflow.user": "me", "a": "1", "mlflow.runName": "mine"})
    equal(dict(client.get_run(made.info.run_id).info), dict(made.info))
    equal(client.create_run(experiment, tags={"mlflow.runName": "by tag"}).info.run_name, "by tag")


@check
def a_run_is_updated_and_terminated():
    made = client.create_run(experiment).info.run_id
    client.update_run(made, status="SCHEDULED", name="renamed")
    info = client.get_run(made).info
    equal((info.status, info.run_name, info.end_time), ("SCHEDULED", "renamed", None))
    equal(client.get_run(made).data.tags["mlflow.runName"], "renamed")
    client.set_terminated(made, "KILLED", end_time=99)
    info = client.get_run(made).info
    equal((info.status, info.end_time), ("KILLED", 99))
    client.set_terminated(made)
    info = client.get_run(made).info
    equal(info.status, "FINISHED")
    assert abs(info.end_time - time.time() * 1000) < 600_000


@check
def a_run_is_deleted_and_restored_with_all_it_has():
    made = client.create_run(experiment).info.run_id
    client.log_metric(made, "m", 1)
    client.log_param(made, "p", 1)
    client.delete_run(made)
    client.delete_run(made)
    deleted = client.get_run(made)
    equal((deleted.info.lifecycle_stage, deleted.data.metrics, deleted.data.params), ("deleted", {"m": 1}, {"p": "1"}))
    for write in (
        lambda: client.log_metric(made, "m", 2),
        lambda: client.log_param(made, "q", 2),
        lambda: client.set_tag(made, "t", 2),
        lambda: client.log_batch(made, metrics=[Metric("m", 2, 2, 2)]),
        lambda: client.update_run(made, name="other"),
    ):
        with refused("INVALID_PARAMETER_VALUE", f"The run {made} must be in the 'active' state. Current state is deleted."):
            write()
    client.restore_run(made)
    client.log_metric(made, "m", 2, step=1)
    equal(client.get_run(made).info.lifecycle_stage, "active")
    equal(client.get_run(made).data.metrics, {"m": 2})


@check
def values_are_logged_one_at_a_time():
    made = client.create_run(experiment).info.run_id
    client.log_metric(made, "m", 0.5, timestamp=17, step=3)
    equal(client.log_param(made, "p", [1]), [1])
    client.set_tag(made, "t", 5)
    client.delete_tag(made, "t")
    found = client.get_run(made)
    equal((found.data.metrics, found.data.params, "t" in found.data.tags), ({"m": 0.5}, {"p": "[1]"}, False))
    [point] = client.get_metric_history(made, "m")
    equal((point.key, point.value, point.timestamp, point.step), ("m", 0.5, 17, 3))


@check
def a_batch_is_logged_whole():
    made = client.create_run(experiment).info.run_id
    client.log_batch(
        made,
        metrics=[Metric("m", step / 2, 1000 + step, step) for step in range(700)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
    )
    found = client.get_run(made)
    equal((found.data.metrics, len(found.data.params)), ({"m": 349.5}, 100))
    equal(sum(key.startswith("t") for key in found.data.tags), 100)
    equal(len(client.get_metric_history(made, "m")), 700)
    client.log_batch(made)


@check
def a_batch_is_split_by_the_client_where_it_is_large():
    made = client.create_run(experiment).info.run_id
    client.log_batch(made, metrics=[Metric(f"m{step % 3}", step, step, step) for step in range(2500)], params=[Param(f"p{i}", "v") for i in range(230)])
    equal(len(client.get_metric_history(made, "m0")), 834)
    equal(len(client.get_run(made).data.params), 230)


@check
def a_batch_with_a_changed_param_leaves_nothing():
    made = client.create_run(experiment).info.run_id
    client.log_param(made, "p", 1)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Params were already logged=", "'old_value': '1', 'new_value': '2'"):
        client.log_batch(made, metrics=[Metric("m", 1, 1, 1)], params=[Param("q", "1"), Param("p", "2")], tags=[RunTag("t", "1")])
    found = client.get_run(made)
    equal((found.data.metrics, found.data.params, "t" in found.data.tags), ({}, {"p": "1"}, False))
    client.log_batch(made, metrics=[Metric("m", 1, 1, 1)], params=[Param("q", "1"), Param("p", "1")])
    equal(client.get_run(made).data.params, {"p": "1", "q": "1"})


@check
def a_batch_with_a_bad_metric_leaves_nothing():
    made = client.create_run(experiment).info.run_id
    with refused("INVALID_PARAMETER_VALUE", "Names may only contain", 'metrics[1].name'):
        client.log_batch(made, metrics=[Metric("good", 1, 1, 1), Metric("b@d", 1, 1, 1)], params=[Param("p", "1")], tags=[RunTag("t", "1")])
    found = client.get_run(made)
    equal((found.data.metrics, found.data.params, "t" in found.data.tags), ({}, {}, False))


@check
def the_history_of_a_metric_comes_whole_however_long():
    made = client.create_run(experiment).info.run_id
    for start in range(0, 27_000, 1000):
        client.log_batch(made, metrics=[Metric("m", step, 5 * step, step) for step in range(start, start + 1000)])
    points = client.get_metric_history(made, "m")
    equal([point.step for point in points], list(range(27_000)))
    equal(points[26_999].value, 26_999)
    equal(client.get_metric_history(made, "nothing"), [])


@check
def the_history_has_nan_and_the_infinities():
    made = client.create_run(experiment).info.run_id
    client.log_batch(made, metrics=[Metric("m", value, 1, step) for step, value in enumerate([1.5, math.nan, math.inf, -math.inf, -0.0])])
    values = [point.value for point in client.get_metric_history(made, "m")]
    equal(values[0], 1.5)
    assert math.isnan(values[1])
    equal(values[2:], [1.7976931348623157e308, -1.7976931348623157e308, 0])


@check
def runs_are_searched_by_every_kind_of_column():
    with three_runs("client/search") as (made, runs):
        for number, each in enumerate(runs):
            client.log_metric(each, "val/acc", number / 4)
            client.log_metric(each, "loss", 1 - number)
            client.log_param(each, "lr", f"1e-{number}")
            client.set_tag(each, "team.name", "tides" if number else "moon")
        client.set_terminated(runs[0], end_time=5000)
        client.set_tag(runs[1], "only b", "yes")

        def find(text):
            return run_names(client.search_runs([made], text, order_by=["attributes.start_time"]))

        for text, wanted in {
            "": "abc",
            "metrics.`val/acc` > 0.2": "bc",
            'metric."val/acc" >= 0.25 and metrics.loss < 0': "c",
            "metrics.loss = 1": "a",
            "metrics.loss != 1": "bc",
            "params.lr = '1e-1'": "b",
            "param.lr != '1e-1'": "ac",
            "parameters.lr LIKE '%-2'": "c",
            "params.lr ILIKE '1E-%'": "abc",
            "tags.team.name = 'tides'": "bc",
            "tags.`team.name` = 'moon'": "a",
            "tags.`only b` IS NOT NULL": "b",
            "tags.`only b` IS NULL": "ac",
            "status = 'FINISHED'": "a",
            "attributes.status != 'FINISHED'": "bc",
            "status = 'running'": "",
            "run_name = 'b'": "b",
            "attr.run_name LIKE '_'": "abc",
            "`run name` = 'c'": "c",
            "start_time > 1000": "bc",
            "end_time = 5000": "a",
            f"run_id IN ('{runs[0]}', '{runs[2]}')": "ac",
            f"run_id NOT IN ('{runs[0]}', '{runs[2]}')": "b",
            f"run_id = '{runs[1]}'": "b",
            "run.artifact_uri LIKE '%artifacts'": "abc",
            "tags.mlflow.runName = 'a'": "a",
            "params.lr = '1e-1' AND tags.`team.name` = 'tides' AND metrics.loss <= 0 AND status = 'RUNNING'": "b",
        }.items():
            equal((text, "".join(find(text))), (text, wanted))


@check
def runs_are_ordered_by_every_kind_of_column():
    with three_runs("client/order") as (made, runs):
        for each, metric, param in zip(runs, (2, math.nan, 1), ("x", "z", "y")):
            client.log_metric(each, "m", metric)
            client.log_param(each, "p", param)
        client.create_run(made, start_time=2000, run_name="d")

        def order(*by):
            return "".join(run_names(client.search_runs([made], order_by=list(by))))

        equal(order(), "dcba")
        equal(order("metrics.m"), "cabd")
        equal(order("metrics.m DESC"), "acbd")
        equal(order("params.p ASC"), "acbd")
        equal(order("params.p DESC"), "bcad")
        equal(order("start_time ASC"), "abcd")
        equal(order("attribute.run_name DESC"), "dcba")
        equal(order("status ASC", "tags.mlflow.runName ASC"), "abcd")


@check
def runs_come_by_pages():
    with three_runs("client/pages") as (made, _):
        first = client.search_runs([made], order_by=["start_time"], max_results=2)
        equal(run_names(first), ["a", "b"])
        second = client.search_runs([made], order_by=["start_time"], max_results=2, page_token=first.token)
        equal((run_names(second), second.token), (["c"], None))
        equal(client.search_runs([made], max_results=3).token, None)


@check
def runs_are_searched_in_several_experiments_and_by_view():
    with three_runs("client/view one") as (one, runs), three_runs("client/view two") as (two, _):
        client.delete_run(runs[0])
        equal(len(client.search_runs([one, two])), 5)
        equal(run_names(client.search_runs([one], run_view_type=ViewType.DELETED_ONLY)), ["a"])
        equal(len(client.search_runs([one, two], run_view_type=ViewType.ALL)), 6)
        equal(client.search_runs([]), [])
        equal(client.search_runs(["987654"]), [])


@check
def a_parent_is_found():
    parent = client.create_run(experiment).info.run_id
    child = client.create_run(experiment, tags={"mlflow.parentRunId": parent}).info.run_id
    equal(client.get_parent_run(child).info.run_id, parent)
    assert client.get_parent_run(parent) is None


@check
def long_values_are_cut_without_a_word():
    made = client.create_run(experiment).info.run_id
    client.log_param(made, "p", "é" * 6001)
    client.set_tag(made, "t", "x" * 8001)
    client.log_batch(made, params=[Param("q", "y" * 7000)], tags=[RunTag("u", "z" * 9000)])
    data = client.get_run(made).data
    equal([len(data.params["p"]), len(data.params["q"]), len(data.tags["t"]), len(data.tags["u"])], [6000, 6000, 8000, 8000])
    client.log_param(made, "p", "é" * 6000)


@check
def keys_may_have_250_characters_and_every_allowed_one():
    made = client.create_run(experiment).info.run_id
    key = ("ab/cd-e_f.g h:i" * 20)[:250]
    client.log_metric(made, key, 1)
    client.log_param(made, key, "v")
    client.set_tag(made, key, "w")
    client.log_metric(made, "größe/名前", 2)
    data = client.get_run(made).data
    equal((data.metrics, data.params[key], data.tags[key]), ({key: 1, "größe/名前": 2}, "v", "w"))
    equal(client.get_metric_history(made, "größe/名前")[0].value, 2)


run()
