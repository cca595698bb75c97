"""Many values at once."""

import math

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag
from under_test import client, denied, equal, history, own_tags, post, refused, stored


def untouched(run):
    equal((stored(run).data.metrics, stored(run).data.params, own_tags(run)), ({}, {}, {}))


def test_a_batch_has_metrics_params_and_tags(run):
    client.log_batch(run, metrics=[Metric("m", 123.456, 789, 3)], params=[Param("p", "v")], tags=[RunTag("t", "w")])
    equal((stored(run).data.metrics, stored(run).data.params, own_tags(run)), ({"m": 123.456}, {"p": "v"}, {"t": "w"}))
    [point] = client.get_metric_history(run, "m")
    equal((point.value, point.timestamp, point.step), (123.456, 789, 3))


def test_a_batch_is_logged_whole(run):
    client.log_batch(
        run,
        metrics=[Metric("m", step / 2, 1000 + step, step) for step in range(700)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
    )
    equal((stored(run).data.metrics, len(stored(run).data.params), len(own_tags(run))), ({"m": 349.5}, 100, 100))
    equal(history(run, "m"), [(step, step / 2) for step in range(700)])


def test_a_batch_may_be_empty(run):
    client.log_batch(run)
    equal(post("runs/log-batch", run_id=run).json(), {})
    untouched(run)


def test_values_of_a_batch_may_be_empty(run):
    client.log_batch(run, params=[Param("p", "")], tags=[RunTag("t", "")])
    equal((stored(run).data.params, own_tags(run)), ({"p": ""}, {"t": ""}))


def test_long_values_of_a_batch_are_cut(run):
    client.log_batch(run, params=[Param("p", "y" * 7000)], tags=[RunTag("t", "z" * 9000)])
    equal((len(stored(run).data.params["p"]), len(own_tags(run)["t"])), (6000, 8000))


def test_a_batch_has_nan_and_the_infinities(run):
    client.log_batch(run, metrics=[Metric("m", value, 1, step) for step, value in enumerate([1.5, math.nan, math.inf, -math.inf, -0.0])])
    values = [point.value for point in client.get_metric_history(run, "m")]
    assert math.isnan(values.pop(1))
    equal(values, [1.5, 1.7976931348623157e308, -1.7976931348623157e308, 0])


def test_a_metric_many_times_in_a_batch_ends_with_its_latest(run):
    client.log_batch(run, metrics=[Metric("m", 1, 1, 5), Metric("m", 3, 1, 7), Metric("m", 2, 9, 6), Metric("n", 1, 1, 1)])
    equal(stored(run).data.metrics, {"m": 3, "n": 1})
    equal(sorted(history(run, "m")), [(5, 1), (6, 2), (7, 3)])


def test_a_batch_sent_twice_is_kept_once(run):
    for _ in range(2):
        client.log_batch(run, metrics=[Metric("m", 1, 1, 1), Metric("m", 2, 2, 2)], params=[Param("p", "1")], tags=[RunTag("t", "1")])
    equal((history(run, "m"), stored(run).data.params), ([(1, 1), (2, 2)], {"p": "1"}))


def test_a_tag_twice_in_a_batch_has_its_last_value(run):
    client.log_batch(run, tags=[RunTag("t", "1"), RunTag("t", "2")])
    equal(own_tags(run), {"t": "2"})


def test_the_name_of_a_run_may_be_in_a_batch(run):
    client.log_batch(run, tags=[RunTag("mlflow.runName", "by batch")])
    equal(stored(run).info.run_name, "by batch")


def test_a_batch_is_split_by_the_client_where_it_is_large(run):
    client.log_batch(run, metrics=[Metric(f"m{step % 3}", step, step, step) for step in range(2500)], params=[Param(f"p{i}", "v") for i in range(230)])
    equal((len(history(run, "m0")), len(stored(run).data.params)), (834, 230))


def test_a_batch_with_a_changed_param_leaves_nothing(run):
    client.log_param(run, "p", 1)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Params were already logged=", "'old_value': '1', 'new_value': '2'"):
        client.log_batch(run, metrics=[Metric("m", 1, 1, 1)], params=[Param("q", "1"), Param("p", "2")], tags=[RunTag("t", "1")])
    equal((stored(run).data.metrics, stored(run).data.params, own_tags(run)), ({}, {"p": "1"}, {}))


def test_a_batch_may_have_a_param_as_it_was(run):
    client.log_param(run, "p", 1)
    client.log_batch(run, metrics=[Metric("m", 1, 1, 1)], params=[Param("q", "1"), Param("p", "1")])
    equal(stored(run).data.params, {"p": "1", "q": "1"})


@pytest.mark.parametrize(
    ("metrics", "params", "tags", "words"),
    [
        ([Metric("good", 1, 1, 1), Metric("b@d", 1, 1, 1)], [], [], "metrics[1].name"),
        ([], [Param("good", "1"), Param("b@d", "1")], [], "params[1].key"),
        ([], [], [RunTag("good", "1"), RunTag("b@d", "1")], "tags[1].key"),
        ([Metric("good", 1, 1, 1), Metric("m", 1, -1, 1)], [], [], "Invalid value -1 for parameter 'metrics[1].timestamp' supplied"),
        ([], [Param("p", "1"), Param("p", "2")], [], "Duplicate parameter keys have been submitted: ['p']"),
    ],
    ids=["metric", "param", "tag", "time", "param twice"],
)
def test_a_batch_leaves_nothing_because_of_one_bad(run, metrics, params, tags, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.log_batch(run, metrics or [Metric("m", 1, 1, 1)], params or [Param("x", "1")], tags or [RunTag("t", "1")])
    untouched(run)


@pytest.mark.parametrize(
    ("metrics", "params", "tags", "words"),
    [
        (1001, 0, 0, "A batch logging request can contain at most 1000 metrics. Got 1001 metrics."),
        (0, 101, 0, "A batch logging request can contain at most 100 params. Got 101 params."),
        (0, 0, 101, "A batch logging request can contain at most 100 tags. Got 101 tags."),
        (1000, 0, 1, "A batch logging request can contain at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags."),
    ],
)
def test_a_batch_has_its_limits(run, metrics, params, tags, words):
    # Past the client, which would split it.
    with refused("INVALID_PARAMETER_VALUE", words):
        client._tracking_client.store.log_batch(
            run,
            [Metric("m", 1, 1, step) for step in range(metrics)],
            [Param(f"p{i}", "1") for i in range(params)],
            [RunTag(f"t{i}", "1") for i in range(tags)],
        )
    untouched(run)


@pytest.mark.parametrize("field", ["metrics", "params", "tags"])
def test_a_batch_is_of_lists(run, field):
    denied(post("runs/log-batch", run_id=run, **{field: "foo"}), 400, "INVALID_PARAMETER_VALUE", f"Invalid value \"foo\" for parameter '{field}' supplied")


def test_a_metric_of_a_batch_has_a_time_and_may_lack_a_step(run):
    denied(post("runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 2.5}]), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'metrics[0].timestamp'")
    equal(post("runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 2.5, "timestamp": 123456789}]).json(), {})
    equal(history(run, "m"), [(0, 2.5)])


def test_many_values_go_in_several_batches():
    with mlflow.start_run() as active:
        mlflow.log_params({f"p{number}": number for number in range(250)})
        mlflow.log_metrics({f"m{number}": number for number in range(700)})
        mlflow.set_tags({f"t{number}": number for number in range(90)})
    data = stored(active).data
    equal((len(data.params), len(data.metrics), data.metrics["m699"], data.tags["t89"]), (250, 700, 699, "89"))
