"""What a run logs one at a time, and what comes back of it."""

import math

import mlflow
import numpy
import pytest
from mlflow.entities import Metric
from under_test import client, denied, equal, get, history, own_tags, post, refused, stored

greatest = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3e-4, "0.0003"),
        (None, "None"),
        ("", ""),
        (True, "True"),
        ([1, 2], "[1, 2]"),
        ("ü 潮 🌊", "ü 潮 🌊"),
        ("'quoted' \"twice\" \\", "'quoted' \"twice\" \\"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_param_is_text_whatever_it_was(run, value, text):
    equal(client.log_param(run, "p", value), value)
    equal(stored(run).data.params, {"p": text})


def test_a_param_may_be_logged_again_as_it_was(run):
    client.log_param(run, "p", 1)
    client.log_param(run, "p", 1)
    equal(stored(run).data.params, {"p": "1"})


def test_a_param_can_not_be_changed(run):
    client.log_param(run, "p", 1)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Param with key='p' was already logged with value='1'"):
        client.log_param(run, "p", 2)
    equal(stored(run).data.params, {"p": "1"})


def test_long_values_are_cut_without_a_word(run):
    client.log_param(run, "p", "é" * 6001)
    client.set_tag(run, "t", "x" * 8001)
    data = stored(run).data
    equal([len(data.params["p"]), len(data.tags["t"])], [6000, 8000])
    client.log_param(run, "p", "é" * 6000)


def test_tags_are_set_replaced_and_deleted(run):
    client.set_tag(run, "a", 1)
    client.set_tag(run, "b", "two")
    client.set_tag(run, "empty", "")
    client.set_tag(run, "a", "again")
    client.delete_tag(run, "b")
    equal(own_tags(run), {"a": "again", "empty": ""})


def test_a_tag_that_is_not_there_is_not_deleted(run):
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: t"):
        client.delete_tag(run, "t")


def test_a_metric_has_its_value_step_and_time(run):
    client.log_metric(run, "m", 0.5, timestamp=17, step=3)
    client.log_metric(run, "stepless", 987.654, timestamp=321)
    equal(stored(run).data.metrics, {"m": 0.5, "stepless": 987.654})
    [point] = client.get_metric_history(run, "m")
    equal((point.key, point.value, point.timestamp, point.step), ("m", 0.5, 17, 3))
    equal(history(run, "stepless"), [(0, 987.654)])


def test_a_metric_has_a_negative_step(run):
    client.log_metric(run, "m", -2.5, step=-3)
    equal(history(run, "m"), [(-3, -2.5)])


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(numpy.float32(0.5), 0.5), (numpy.array([2.5]), 2.5), (numpy.int64(7), 7), (True, 1), (5, 5), (1e-320, 1e-320), (math.pi * 1e300, math.pi * 1e300)],
    ids=["float32", "array", "int64", "true", "int", "tiny", "huge"],
)
def test_a_metric_may_be(run, value, wanted):
    client.log_metric(run, "m", value)
    equal(stored(run).data.metrics, {"m": wanted})
    equal(history(run, "m"), [(0, wanted)])


def test_nan_comes_back(run):
    client.log_metric(run, "m", math.nan)
    client.log_metric(run, "m", math.nan, step=1)
    assert math.isnan(stored(run).data.metrics["m"])
    assert [math.isnan(value) for _, value in history(run, "m")] == [True, True]


@pytest.mark.parametrize(("value", "wanted"), [(math.inf, greatest), (-math.inf, -greatest)], ids=["up", "down"])
def test_infinity_comes_back_as_the_greatest_number(run, value, wanted):
    client.log_metric(run, "m", value)
    equal((stored(run).data.metrics["m"], history(run, "m")), (wanted, [(0, wanted)]))


def test_the_latest_metric_is_that_of_the_highest_step_then_time_then_value(run):
    for value, timestamp, step, latest in ((1, 10, 5, 1), (2, 99, 3, 1), (3, 11, 5, 3), (2.5, 11, 5, 3), (4, 11, 5, 4), (0, 1, 6, 0)):
        client.log_metric(run, "m", value, timestamp=timestamp, step=step)
        equal(stored(run).data.metrics["m"], latest)


def test_a_point_sent_twice_is_kept_once(run):
    for _ in range(3):
        client.log_metric(run, "m", 1, step=1, timestamp=10)
    equal(history(run, "m"), [(1, 1)])


def test_points_of_one_step_are_all_kept(run):
    client.log_metric(run, "m", 1, step=1, timestamp=10)
    client.log_metric(run, "m", 2, step=1, timestamp=10)
    client.log_metric(run, "m", 1, step=1, timestamp=11)
    equal(sorted(history(run, "m")), [(1, 1), (1, 1), (1, 2)])


def test_a_metric_that_was_not_logged_has_no_history(run):
    equal(client.get_metric_history(run, "nothing"), [])


def test_the_history_of_a_metric_comes_whole_however_long(run):
    for start in range(0, 27_000, 1000):
        client.log_batch(run, metrics=[Metric("m", step, 5 * step, step) for step in range(start, start + 1000)])
    points = client.get_metric_history(run, "m")
    equal([point.step for point in points], list(range(27_000)))
    equal(points[26_999].value, 26_999)


def test_the_history_comes_by_pages(run):
    client.log_batch(run, metrics=[Metric("m", step, step, step) for step in range(10)])
    seen, token = [], None
    for size in (4, 4, 2):
        answer = get("metrics/get-history", run_id=run, metric_key="m", max_results=4, **({"page_token": token} if token else {})).json()
        equal(len(answer["metrics"]), size)
        seen += [point["step"] for point in answer["metrics"]]
        token = answer.get("next_page_token")
    equal((seen, token), (list(range(10)), None))


def test_keys_may_have_250_characters_and_every_allowed_one(run):
    key = ("ab/cd-e_f.g h:i" * 20)[:250]
    client.log_metric(run, key, 1)
    client.log_param(run, key, "v")
    client.set_tag(run, key, "w")
    data = stored(run).data
    equal((data.metrics, data.params, data.tags[key], history(run, key)), ({key: 1}, {key: "v"}, "w", [(0, 1)]))


def test_keys_may_be_of_every_script(run):
    client.log_metric(run, "größe/名前", 2)
    client.log_param(run, "größe/名前", 2)
    equal((stored(run).data.metrics, stored(run).data.params), ({"größe/名前": 2}, {"größe/名前": "2"}))
    equal(history(run, "größe/名前"), [(0, 2)])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"run_id": 31, "key": "m", "value": 41, "timestamp": 59, "step": 26}, "Invalid value 31 for parameter 'run_id' supplied"),
        ({"key": 31, "value": 41, "timestamp": 59, "step": 26}, "Invalid value 31 for parameter 'key' supplied"),
        ({"key": "m", "value": 31, "timestamp": 59, "step": "foo"}, "Invalid value \"foo\" for parameter 'step' supplied"),
        ({"key": "m", "value": 31, "timestamp": "foo", "step": 41}, "Invalid value \"foo\" for parameter 'timestamp' supplied"),
        ({"run_id": None, "key": "m", "value": 31, "timestamp": 59}, "Missing value for required parameter 'run_id'"),
        ({"value": 31, "timestamp": 59, "step": 41}, "Missing value for required parameter 'key'"),
        ({"key": None, "value": 31, "timestamp": 59}, "Missing value for required parameter 'key'"),
    ],
)
def test_a_metric_of_the_wrong_kind_is_refused(run, body, words):
    denied(post("runs/log-metric", **{"run_id": run, **body}), 400, "INVALID_PARAMETER_VALUE", words)
    equal(stored(run).data.metrics, {})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("runs/log-parameter", {"run_id": 31, "key": "p", "value": "v"}, "Invalid value 31 for parameter 'run_id' supplied"),
        ("runs/log-parameter", {"key": 31, "value": "v"}, "Invalid value 31 for parameter 'key' supplied"),
        ("runs/log-parameter", {"key": "p", "value": 5}, "Invalid value 5 for parameter 'value' supplied"),
        ("runs/log-parameter", {"value": "v"}, "Missing value for required parameter 'key'"),
        ("runs/set-tag", {"run_id": 31, "key": "t", "value": "v"}, "Invalid value 31 for parameter 'run_id' supplied"),
        ("runs/set-tag", {"key": "t", "value": 41}, "Invalid value 41 for parameter 'value' supplied"),
        ("runs/set-tag", {"value": "v"}, "Missing value for required parameter 'key'"),
    ],
)
def test_a_param_or_tag_of_the_wrong_kind_is_refused(run, path, body, words):
    denied(post(path, **{"run_id": run, **body}), 400, "INVALID_PARAMETER_VALUE", words)
    equal((stored(run).data.params, own_tags(run)), ({}, {}))


def test_numbers_may_be_sent_as_text(run):
    equal(post("runs/log-metric", run_id=run, key="m", value="0.25", timestamp="1700000000007", step="-3").status_code, 200)
    [point] = client.get_metric_history(run, "m")
    equal((point.value, point.timestamp, point.step), (0.25, 1700000000007, -3))


bulk = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"


@pytest.fixture
def two_runs(experiment):
    """The ids of two runs with ten and with twenty points of 'm', in the order that answers have them."""
    runs = sorted(client.create_run(experiment).info.run_id for _ in range(2))
    for each, count in zip(runs, (10, 20)):
        client.log_batch(each, metrics=[Metric("m", step / 2, 1, step) for step in range(count)])
    return runs


def test_histories_of_many_runs_come_run_by_run(two_runs, run):
    points = get(bulk, run_id=[*two_runs, run], metric_key="m").json()["metrics"]
    equal([(point["run_id"], point["step"]) for point in points], [(two_runs[0], step) for step in range(10)] + [(two_runs[1], step) for step in range(20)])
    equal(points[1], {"key": "m", "value": 0.5, "timestamp": 1, "step": 1, "run_id": two_runs[0]})


def test_histories_of_many_runs_come_by_time_then_step_then_value(run):
    for timestamp, step, value in ((1, 2, 10), (1, 3, 11), (1, 3, 12), (2, 3, 12)):
        client.log_metric(run, "m", value, timestamp, step)
    points = get(bulk, run_id=run, metric_key="m").json()["metrics"]
    equal([(point["timestamp"], point["step"], point["value"]) for point in points], [(1, 2, 10), (1, 3, 11), (1, 3, 12), (2, 3, 12)])


def test_histories_of_many_runs_stop_at_what_is_asked(two_runs):
    equal([point["step"] for point in get(bulk, run_id=two_runs[0], metric_key="m", max_results=2).json()["metrics"]], [0, 1])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"metric_key": "m"}, "GetMetricHistoryBulk request must specify at least one run_id"),
        ({"run_id": [f"id_{i}" for i in range(1000)], "metric_key": "m"}, "GetMetricHistoryBulk request cannot specify more than"),
        ({"run_id": ["123"]}, "GetMetricHistoryBulk request must specify a metric_key"),
    ],
    ids=["no run", "too many", "no key"],
)
def test_histories_of_many_runs_are_asked_for_rightly(query, words):
    denied(get(bulk, **query), 400, "INVALID_PARAMETER_VALUE", words)


interval = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"


def steps_of(points, run):
    return [point["step"] for point in points if point["run_id"] == run]


def test_a_sample_has_steps_evenly_apart_with_the_first_and_the_last(two_runs):
    equal(steps_of(get(interval, run_ids=two_runs[0], metric_key="m", max_results=5).json()["metrics"], two_runs[0]), [0, 2, 4, 6, 9])


def test_a_sample_is_of_the_steps_asked_for(two_runs):
    points = get(interval, run_ids=two_runs[0], metric_key="m", start_step=0, end_step=4, max_results=5).json()["metrics"]
    equal(steps_of(points, two_runs[0]), [0, 1, 2, 3, 4])


def test_a_sample_of_many_runs_is_one_of_each(two_runs):
    points = get(interval, run_ids=two_runs, metric_key="m", max_results=5).json()["metrics"]
    equal((steps_of(points, two_runs[0]), steps_of(points, two_runs[1])), ([0, 2, 4, 6, 9], [0, 4, 8, 12, 19]))


def test_a_sample_of_few_points_has_all(two_runs):
    equal(steps_of(get(interval, run_ids=two_runs[1], metric_key="m", max_results=100).json()["metrics"], two_runs[1]), list(range(20)))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"metric_key": "m"}, "Missing value for required parameter 'run_ids'."),
        ({"run_ids": [f"id_{i}" for i in range(1000)], "metric_key": "m"}, "GetMetricHistoryBulkInterval request must specify at most 100 run_ids."),
        ({"run_ids": ["123"], "metric_key": "m", "max_results": 0}, "max_results must be between 1 and 2500"),
        ({"run_ids": ["123"], "metric_key": "m", "max_results": 5000}, "max_results must be between 1 and 2500"),
        ({"run_ids": ["123"], "metric_key": ""}, "Missing value for required parameter 'metric_key'"),
        ({"run_ids": ["123"], "max_results": 5}, "Missing value for required parameter 'metric_key'"),
        ({"run_ids": ["123"], "metric_key": "m", "start_step": 1, "end_step": 0}, "end_step must be greater than start_step. "),
        ({"run_ids": ["123"], "metric_key": "m", "start_step": 1}, "If either start step or end step are specified, both must be specified."),
    ],
    ids=["no run", "too many", "none asked", "too much asked", "empty key", "no key", "backwards", "no end"],
)
def test_a_sample_is_asked_for_rightly(query, words):
    denied(get(interval, **query), 400, "INVALID_PARAMETER_VALUE", words)
