"""Data sets: what went into a run, and runs found by it."""

import json

import mlflow
import numpy
import pandas
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag
from under_test import client, denied, equal, post, refused, run_names, stored

numbers = numpy.arange(40.0).reshape(10, 4)


def inputs(run):
    return [(each.dataset.name, {tag.key: tag.value for tag in each.tags}) for each in stored(run).inputs.dataset_inputs]


def of(name="n", digest="d", source="s", key="k", value="v", **more):
    return DatasetInput(Dataset(name=name, digest=digest, source_type="t", source=source, **more), [InputTag(key, value)])


def test_an_input_has_all_that_is_said_of_it(run):
    client.log_inputs(run, [of("name", "digest", "where", "tag", "value", schema='{"a": 1}', profile='{"rows": 2}')])
    [found] = stored(run).inputs.dataset_inputs
    data = found.dataset
    equal((data.name, data.digest, data.source_type, data.source, data.schema, data.profile), ("name", "digest", "t", "where", '{"a": 1}', '{"rows": 2}'))
    equal([(tag.key, tag.value) for tag in found.tags], [("tag", "value")])


def test_a_data_frame_is_an_input_with_its_schema_and_profile():
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    data = mlflow.data.from_pandas(frame, source="https://example.org/frame.csv", name="frame", targets="b")
    with mlflow.start_run() as active:
        mlflow.log_input(data, context="training")
    equal(inputs(active), [("frame", {"mlflow.data.context": "training"})])
    [found] = stored(active).inputs.dataset_inputs
    equal((found.dataset.digest, found.dataset.source_type), (data.digest, "http"))
    equal(json.loads(found.dataset.profile)["num_rows"], 3)
    assert '"name": "a"' in found.dataset.schema
    equal(mlflow.data.get_source(found).url, "https://example.org/frame.csv")


def test_an_input_has_tags_of_its_own():
    with mlflow.start_run() as active:
        mlflow.log_input(mlflow.data.from_numpy(numbers, name="features"), context="eval", tags={"split": "first"})
    equal(inputs(active), [("features", {"mlflow.data.context": "eval", "split": "first"})])


def test_an_input_logged_again_is_no_second():
    with mlflow.start_run() as active:
        for _ in range(2):
            mlflow.log_input(mlflow.data.from_numpy(numbers, name="few"))
    equal(inputs(active), [("few", {})])


@pytest.mark.since("3")
def test_several_inputs_are_logged_at_once():
    sets = [mlflow.data.from_numpy(numbers[:size], name=f"size-{size}") for size in (5, 6)]
    with mlflow.start_run() as active:
        mlflow.log_inputs(datasets=sets, contexts=["train", "test"], tags_list=[{"n": "5"}, None])
    equal(inputs(active), [("size-5", {"n": "5", "mlflow.data.context": "train"}), ("size-6", {"mlflow.data.context": "test"})])


def test_one_data_set_is_an_input_of_many_runs(experiment):
    data = mlflow.data.from_numpy(numbers, name="shared")
    runs = []
    for _ in range(2):
        with mlflow.start_run() as active:
            mlflow.log_input(data, context="train")
        runs.append(active)
    equal([inputs(each) for each in runs], [[("shared", {"mlflow.data.context": "train"})]] * 2)


def test_a_found_run_has_its_inputs(experiment):
    with mlflow.start_run():
        mlflow.log_input(mlflow.data.from_numpy(numbers, name="found"), context="train")
    [found] = mlflow.search_runs(output_format="list")
    equal([each.dataset.name for each in found.inputs.dataset_inputs], ["found"])


@pytest.fixture
def by_data_set(experiment):
    """Runs of 5, 6 and 7 rows; the last is a test, the others train. Gives what a filter finds of them, by number."""
    digests = {}
    for size in (5, 6, 7):
        data = mlflow.data.from_numpy(numbers[:size], name=f"size-{size}")
        digests[size] = data.digest
        with mlflow.start_run(run_name=str(size)):
            mlflow.log_input(data, context="train" if size < 7 else "test")

    def find(text):
        for size, digest in digests.items():
            text = text.replace(f"DIGEST{size}", digest)
        return "".join(run_names(mlflow.search_runs(filter_string=text, order_by=["start_time"], output_format="list")))

    return find


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dataset.name = 'size-5'", "5"),
        ("datasets.name LIKE 'size-%'", "567"),
        ("dataset.name ILIKE 'SIZE-6'", "6"),
        ("dataset.name IN ('size-5', 'size-7')", "57"),
        ("dataset.digest = 'DIGEST6'", "6"),
        ("dataset.digest IN ('DIGEST5', 'DIGEST6')", "56"),
        ("dataset.context = 'test'", "7"),
        ("dataset.context LIKE '%r%'", "56"),
        ("dataset.name = 'size-5' AND dataset.context = 'train'", "5"),
        ("dataset.name = 'size-5' AND dataset.context = 'test'", ""),
        ("dataset.context = 'train' AND status = 'FINISHED' AND dataset.name != 'size-5'", "6"),
    ],
)
def test_runs_are_found_by_their_data_sets(by_data_set, text, wanted):
    equal(by_data_set(text), wanted)


@pytest.mark.parametrize(("field", "limit"), [("name", 500), ("digest", 36), ("source", 65_535), ("key", 255), ("value", 500)])
def test_an_input_has_its_limits(run, field, limit):
    with refused("INVALID_PARAMETER_VALUE", f"'{field}' exceeds the maximum length of {limit} characters"):
        client.log_inputs(run, [of(**{field: "x" * (limit + 1)})])
    equal(stored(run).inputs.dataset_inputs, [])
    client.log_inputs(run, [of(**{field: "x" * limit})])
    equal(len(stored(run).inputs.dataset_inputs), 1)


def test_inputs_are_of_a_run():
    denied(post("runs/log-inputs", datasets=[]), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'run_id'")


def test_an_unknown_run_has_no_inputs():
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.log_inputs("0" * 32, [of()])


summaries = "/ajax-api/2.0/mlflow/experiments/search-datasets"


def test_the_data_sets_of_an_experiment_are_summed_up(experiment, run):
    client.log_inputs(run, [of("name1", "digest1", key="mlflow.data.context", value="training")])
    found = post(summaries, experiment_ids=[experiment]).json()["dataset_summaries"]
    equal(found, [{"experiment_id": experiment, "name": "name1", "digest": "digest1", "context": "training"}])


def test_a_data_set_without_a_context_is_summed_up_without_one(experiment, run):
    client.log_inputs(run, [of("name1", "digest1")])
    equal(post(summaries, experiment_ids=[experiment]).json()["dataset_summaries"], [{"experiment_id": experiment, "name": "name1", "digest": "digest1"}])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "SearchDatasets request must specify at least one experiment_id."),
        ({"experiment_ids": []}, "SearchDatasets request must specify at least one experiment_id."),
        ({"experiment_ids": [f"id_{i}" for i in range(1000)]}, "SearchDatasets request cannot specify more than"),
    ],
    ids=["nothing", "none", "too many"],
)
def test_data_sets_are_summed_up_of_experiments_that_are_named(body, words):
    denied(post(summaries, **body), 400, "INVALID_PARAMETER_VALUE", words)
