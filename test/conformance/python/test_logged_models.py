"""Logged models: made, finished, measured, and found by what they are and how well they did. Their files are in test_models.py."""

import math
import re
import time

import mlflow
import numpy
import pytest
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Metric
from mlflow.utils.server_info import fetch_server_info
from under_test import client, equal, history, names, refused, stored, unique

numbers = numpy.arange(24.0).reshape(12, 2)
nobody = "m-" + "0" * 32


def made(experiment, name="made", **more):
    model = client.create_logged_model(experiment, name=name, **more)
    # Models come by the time of their making, in milliseconds.
    time.sleep(0.003)
    return model


def measured(model, key, value, run, time=1, **more):
    client.log_batch(run, metrics=[Metric(key, value, time, 0, model_id=model.model_id, run_id=run, **more)])


def test_a_model_is_made_with_what_is_given(experiment, run):
    model = made(experiment, "mine", source_run_id=run, tags={"a": "1"}, params={"lr": "0.1"}, model_type="agent")
    assert re.fullmatch("m-[0-9a-f]{32}", model.model_id), model.model_id
    for found in (model, client.get_logged_model(model.model_id)):
        equal((found.name, found.experiment_id, found.source_run_id, found.model_type), ("mine", experiment, run, "agent"))
        equal((found.tags, found.params, found.status), ({"a": "1"}, {"lr": "0.1"}, LoggedModelStatus.PENDING))
        equal(found.artifact_location, f"{client.get_experiment(experiment).artifact_location}/models/{found.model_id}/artifacts")
        assert abs(found.creation_timestamp - time.time() * 1000) < 600_000


def test_a_model_without_a_name_gets_one(experiment):
    model = client.create_logged_model(experiment)
    assert model.name
    equal((model.tags, model.params, model.metrics or []), ({}, {}, []))


@pytest.mark.parametrize("name", ["my/model", "my.model", "my:model", "my%model", "my'model", 'my"model'])
def test_a_model_is_not_called(experiment, name):
    with pytest.raises(mlflow.MlflowException, match="Invalid"):
        client.create_logged_model(experiment, name=name)


def test_a_model_may_have_the_name_of_another(experiment):
    assert made(experiment, "same").model_id != made(experiment, "same").model_id


def test_a_model_is_of_an_experiment_that_is_active(experiment):
    client.delete_experiment(experiment)
    with refused("INVALID_PARAMETER_VALUE", "active"):
        made(experiment)
    with refused("RESOURCE_DOES_NOT_EXIST", "987654321"):
        made("987654321")


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get_logged_model(nobody),
        lambda store: store.finalize_logged_model(nobody, LoggedModelStatus.READY),
        lambda store: store.set_logged_model_tags(nobody, [LoggedModelTag("a", "b")]),
        lambda store: store.delete_logged_model_tag(nobody, "a"),
        lambda store: store.log_logged_model_params(nobody, [LoggedModelParameter("a", "b")]),
        lambda store: store.delete_logged_model(nobody),
    ],
    ids=["get", "finish", "tag", "tag's end", "params", "delete"],
)
def test_an_unknown_model_is_not_found_by(call):
    # Past the client, which asks for the model before it changes its tags.
    with refused("RESOURCE_DOES_NOT_EXIST", f"Logged model with ID '{nobody}' not found."):
        call(client._tracking_client.store)


@pytest.mark.parametrize("status", ["READY", "FAILED"])
def test_a_model_is_finished_as(experiment, status):
    model = made(experiment)
    client.finalize_logged_model(model.model_id, status)
    found = client.get_logged_model(model.model_id)
    equal(found.status, LoggedModelStatus(status))
    assert found.last_updated_timestamp >= model.last_updated_timestamp


def test_tags_of_a_model_are_set_replaced_and_deleted(experiment):
    model = made(experiment, tags={"a": "1"})
    client.set_logged_model_tags(model.model_id, {"b": "2", "c": "3"})
    client.set_logged_model_tags(model.model_id, {"b": "again"})
    client.delete_logged_model_tag(model.model_id, "c")
    equal(client.get_logged_model(model.model_id).tags, {"a": "1", "b": "again"})
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with key"):
        client.delete_logged_model_tag(model.model_id, "c")


def test_params_of_a_model_may_come_later(experiment):
    model = made(experiment, params={"a": "1"})
    client.log_model_params(model.model_id, {"b": "2"})
    equal(client.get_logged_model(model.model_id).params, {"a": "1", "b": "2"})


def test_a_model_may_have_more_params_than_one_request_takes(experiment):
    params = {f"p{number}": str(number) for number in range(250)}
    equal(client.get_logged_model(made(experiment, params=params).model_id).params, params)


def test_a_deleted_model_is_gone(experiment):
    model = made(experiment)
    client.delete_logged_model(model.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_logged_model(model.model_id)
    equal(client.search_logged_models([experiment]), [])
    equal(client._tracking_client.store.get_logged_model(model.model_id, allow_deleted=True).name, "made")


def test_a_model_stays_when_its_run_is_deleted(experiment, run):
    model = made(experiment, source_run_id=run)
    client.delete_run(run)
    equal(client.get_logged_model(model.model_id).model_id, model.model_id)


def test_a_metric_of_a_model_is_on_the_model_and_on_the_run(experiment, run):
    model = made(experiment)
    measured(model, "acc", 0.5, run, dataset_name="set", dataset_digest="d1")
    [metric] = client.get_logged_model(model.model_id).metrics
    equal((metric.key, metric.value, metric.step, metric.run_id, metric.model_id), ("acc", 0.5, 0, run, model.model_id))
    equal((metric.dataset_name, metric.dataset_digest), ("set", "d1"))
    equal((stored(run).data.metrics, history(run, "acc")), ({"acc": 0.5}, [(0, 0.5)]))


def test_a_single_metric_of_a_model_is_on_the_model(experiment):
    model = made(experiment)
    with mlflow.start_run():
        mlflow.log_metric("acc", 0.75, model_id=model.model_id)
        mlflow.log_metrics({"f1": 0.5}, model_id=model.model_id)
    found = client.get_logged_model(model.model_id).metrics
    equal({metric.key: metric.value for metric in found}, {"acc": 0.75, "f1": 0.5})


def test_a_metric_of_a_model_sent_twice_is_kept_once(experiment, run):
    model = made(experiment)
    for _ in range(2):
        measured(model, "acc", 0.5, run)
    equal(len(client.get_logged_model(model.model_id).metrics), 1)


def test_a_metric_of_a_model_has_the_data_set_it_was_measured_on(experiment):
    model = made(experiment)
    data = mlflow.data.from_numpy(numbers, name="held out")
    with mlflow.start_run():
        mlflow.log_metric("acc", 0.5, dataset=data, model_id=model.model_id)
    [metric] = client.get_logged_model(model.model_id).metrics
    equal((metric.dataset_name, metric.dataset_digest), (data.name, data.digest))


def test_models_are_outputs_of_a_run(experiment, run):
    models = [made(experiment, source_run_id=run) for _ in range(2)]
    client.log_outputs(run, [LoggedModelOutput(model.model_id, step) for step, model in enumerate(models)])
    found = stored(run).outputs.model_outputs
    equal(sorted((each.model_id, each.step) for each in found), sorted((model.model_id, step) for step, model in enumerate(models)))


def test_a_model_is_an_input_of_a_run(experiment, run):
    model = made(experiment)
    client.log_inputs(run, models=[LoggedModelInput(model.model_id)])
    equal([each.model_id for each in stored(run).inputs.model_inputs], [model.model_id])


@pytest.mark.differs("MLflow answers 400, whether it changed or not")
def test_a_param_of_a_model_is_written_once(experiment):
    made = client.create_logged_model(experiment, params={"a": "1"})
    client.log_model_params(made.model_id, {"b": "2", "a": "1"})
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
        client.log_model_params(made.model_id, {"c": "3", "a": "2"})
    equal(client.get_logged_model(made.model_id).params, {"a": "1", "b": "2"})


@pytest.mark.differs("MLflow keeps 0")
def test_a_metric_of_a_model_may_be_nan(run):
    made = client.create_logged_model(stored(run).info.experiment_id)
    client.log_metric(run, "m", math.nan, model_id=made.model_id)
    [metric] = client.get_logged_model(made.model_id).metrics
    assert math.isnan(metric.value)


def test_a_model_of_no_run_is_made_by_hand():
    found = mlflow.create_external_model(name="external", params={"a": "1"}, tags={"b": "2"}, model_type="agent")
    equal((found.status, found.params, found.tags["b"], found.model_type), (LoggedModelStatus.READY, {"a": "1"}, "2", "agent"))


def test_an_active_model_takes_what_is_logged():
    model = mlflow.create_external_model(name="active")
    try:
        equal(mlflow.set_active_model(name="active").model_id, model.model_id)
        with mlflow.start_run():
            mlflow.log_metric("acc", 0.25)
    finally:
        mlflow.clear_active_model()
    equal([(metric.key, metric.value) for metric in client.get_logged_model(model.model_id).metrics], [("acc", 0.25)])


def test_a_model_that_is_made_active_is_made_where_there_is_none():
    with mlflow.set_active_model(name="made by being active") as active:
        equal(client.get_logged_model(active.model_id).name, "made by being active")


# Searching


def test_models_made_last_come_first(experiment):
    for name in "abc":
        made(experiment, name)
    equal(names(client.search_logged_models([experiment])), list("cba"))


def test_models_are_searched_in_several_experiments(experiment):
    other = client.create_experiment(unique("other"))
    made(experiment, "a")
    made(other, "b")
    equal(names(client.search_logged_models([experiment, other])), ["b", "a"])
    equal(names(client.search_logged_models([other])), ["b"])


@pytest.fixture
def three(experiment, run):
    """Models a, b and c: a is the best on the data set `one`, c on `two`; only b has no metric."""
    a = made(experiment, "a", params={"lr": "0.1"}, tags={"tag 3": "x"}, source_run_id=run, model_type="tree")
    made(experiment, "b", params={"lr": "0.2"}, tags={"t": "y"}, model_type="net")
    c = made(experiment, "c", params={"lr": "0.3"}, tags={"t": "z"})
    client.finalize_logged_model(c.model_id, "READY")
    for model, one, two in ((a, 0.9, 0.1), (c, 0.8, 0.2)):
        measured(model, "acc", one, run, dataset_name="one", dataset_digest="d1")
        measured(model, "acc", two, run, time=2, dataset_name="two", dataset_digest="d2")


def find(experiment, text=None, **more):
    return "".join(sorted(names(client.search_logged_models([experiment], filter_string=text, **more))))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, "abc"),
        ("name = 'a'", "a"),
        ("attributes.name != 'a'", "bc"),
        ("name LIKE '_'", "abc"),
        ("name ILIKE 'B'", "b"),
        ("name IN ('a', 'c')", "ac"),
        ("name NOT IN ('a')", "bc"),
        ("model_type = 'tree'", "a"),
        ("source_run_id = 'RUN'", "a"),
        ("creation_timestamp > 0", "abc"),
        ("creation_timestamp = 0", ""),
        ("last_updated_timestamp > 0", "abc"),
        ("params.lr = '0.2'", "b"),
        ("params.lr LIKE '0.%'", "abc"),
        ("tags.t = 'y'", "b"),
        ("tags.`tag 3` = 'x'", "a"),
        ("metrics.acc > 0.85", "a"),
        ("metrics.acc < 0.15", "a"),
        ("metrics.acc >= 0.8", "ac"),
        ("params.lr = '0.3' AND tags.t = 'z' AND metrics.acc > 0.1", "c"),
    ],
)
def test_models_are_found_by(experiment, run, three, text, wanted):
    equal(find(experiment, text and text.replace("RUN", run)), wanted)


@pytest.mark.parametrize(
    ("datasets", "text", "wanted"),
    [
        ([{"dataset_name": "one", "dataset_digest": "d1"}], "metrics.acc > 0.5", "ac"),
        ([{"dataset_name": "two", "dataset_digest": "d2"}], "metrics.acc > 0.5", ""),
        ([{"dataset_name": "two", "dataset_digest": "d2"}], "metrics.acc > 0.15", "c"),
        ([{"dataset_name": "one", "dataset_digest": "d2"}], None, ""),
        ([{"dataset_name": "one", "dataset_digest": "d1"}], None, "ac"),
    ],
)
def test_models_are_found_by_what_they_were_measured_on(experiment, three, datasets, text, wanted):
    equal(find(experiment, text, datasets=datasets), wanted)


@pytest.mark.differs("MLflow takes a digest that is not given for an empty one, and finds nothing")
def test_models_are_found_by_a_data_set_of_any_digest(experiment, three):
    equal(find(experiment, "metrics.acc > 0.5", datasets=[{"dataset_name": "one"}]), "ac")


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ([{"field_name": "name"}], "abc"),
        ([{"field_name": "name", "ascending": False}], "cba"),
        ([{"field_name": "creation_timestamp", "ascending": True}], "abc"),
        ([{"field_name": "creation_time", "ascending": False}], "cba"),
        ([{"field_name": "metrics.acc", "dataset_name": "one", "dataset_digest": "d1"}], "cab"),
        ([{"field_name": "metrics.acc", "dataset_name": "two"}], "acb"),
        ([{"field_name": "metrics.acc", "dataset_digest": "d2", "ascending": False}], "cab"),
    ],
    ids=str,
)
def test_models_are_ordered_by(experiment, three, by, wanted):
    equal("".join(names(client.search_logged_models([experiment], order_by=by))), wanted)


def test_models_come_by_pages(experiment):
    for name in "abcde":
        made(experiment, name)
    seen, token = [], None
    for size in (2, 2, 1):
        page = client.search_logged_models([experiment], max_results=2, page_token=token)
        equal(len(page), size)
        seen += names(page)
        token = page.token
    equal((seen, token), (list("edcba"), None))


def test_a_page_of_models_belongs_to_its_search(experiment):
    for name in "ab":
        made(experiment, name)
    token = client.search_logged_models([experiment], max_results=1).token
    for more in ({"filter_string": "name = 'a'"}, {"order_by": [{"field_name": "name"}]}):
        with refused("INVALID_PARAMETER_VALUE", "page token"):
            client.search_logged_models([experiment], page_token=token, **more)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Foo", "Invalid filter string"),
        ("foo.bar = 'a'", "Invalid entity type"),
        ("name > 'foo'", "Invalid comparison operator"),
        ("metrics.foo LIKE 0", "Invalid comparison operator"),
    ],
)
def test_a_filter_of_models_that_is_wrong_is_refused(experiment, text, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_logged_models([experiment], filter_string=text)


@pytest.mark.differs("MLflow joins comparisons of models by AND alone")
def test_a_filter_of_models_joins_by_or_and_not(experiment, three):
    text = "name = 'a' OR NOT (name = 'a' OR name = 'b')"
    equal(sorted(names(client.search_logged_models([experiment], filter_string=text))), ["a", "c"])


def test_search_logged_models_is_a_data_frame(experiment, three):
    found = mlflow.search_logged_models([experiment], order_by=[{"field_name": "name"}])
    equal(list(found["name"]), list("abc"))
    equal(len(mlflow.search_logged_models([experiment], output_format="list", max_results=2)), 2)


@pytest.mark.differs("MLflow takes spans")
def test_the_server_says_what_it_can_do(experiment):
    store = client._tracking_client.store
    # Traces are sent to servers from 3.4 on.
    version = store._get_server_version(store.get_host_creds())
    assert (3, 0) <= (version.major, version.minor) < (3, 4), version
    assert store.supports_workspaces
    info = fetch_server_info(store.get_host_creds())
    equal((info.status_code, info.data["store_type"], info.data["multipart_uploads_enabled"]), (200, "SqlStore", False))
