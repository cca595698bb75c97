"""What the client hears when something is refused: the code and the words that MLflow's own server has."""

import json

import mlflow
import numpy
from checks import check, equal, refused, run
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.service_pb2 import UpdateRun
from mlflow.tracking import MlflowClient

client = MlflowClient()
experiment = client.create_experiment("errors")
nobody = "0" * 32
characters = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."


def fresh():
    return client.create_run(experiment).info.run_id


def untouched(run_id):
    data = client.get_run(run_id).data
    equal((data.metrics, data.params, list(data.tags)), ({}, {}, ["mlflow.runName"]))


@check
def an_unknown_run_is_not_found():
    for call in (
        lambda: client.get_run(nobody),
        lambda: client.log_metric(nobody, "m", 1),
        lambda: client.log_param(nobody, "p", 1),
        lambda: client.set_tag(nobody, "t", 1),
        lambda: client.delete_tag(nobody, "t"),
        lambda: client.log_batch(nobody, metrics=[Metric("m", 1, 1, 1)]),
        lambda: client.update_run(nobody, status="FAILED"),
        lambda: client.set_terminated(nobody),
        lambda: client.delete_run(nobody),
        lambda: client.restore_run(nobody),
        lambda: client.list_artifacts(nobody),
        lambda: client.log_inputs(nobody, [DatasetInput(from_numpy(numpy.zeros(3))._to_mlflow_entity())]),
        lambda: mlflow.start_run(run_id=nobody),
    ):
        with refused("RESOURCE_DOES_NOT_EXIST", f"Run with id={nobody} not found"):
            call()


@check
def an_unknown_experiment_is_not_found():
    for call in (
        lambda: client.get_experiment("424242"),
        lambda: client.delete_experiment("424242"),
        lambda: client.restore_experiment("424242"),
        lambda: client.rename_experiment("424242", "name"),
        lambda: client.set_experiment_tag("424242", "t", "v"),
        lambda: client.create_run("424242"),
    ):
        with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=424242 exists"):
            call()
    with refused("INVALID_PARAMETER_VALUE", "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."):
        client.get_experiment("abc")
    try:
        mlflow.set_experiment(experiment_id="424242")
    except MlflowException as error:
        equal(error.error_code, "RESOURCE_DOES_NOT_EXIST")


@check
def the_name_of_an_experiment_is_taken_also_by_a_deleted_one():
    taken = client.create_experiment("errors taken")
    with refused("RESOURCE_ALREADY_EXISTS", "Experiment(name=errors taken) already exists."):
        client.create_experiment("errors taken")
    client.delete_experiment(taken)
    with refused("RESOURCE_ALREADY_EXISTS", "Experiment(name=errors taken) already exists."):
        client.create_experiment("errors taken")
    with refused("INVALID_PARAMETER_VALUE", "Cannot set a deleted experiment"):
        mlflow.set_experiment("errors taken")


@check
def names_of_experiments_are_text_that_is_not_too_long():
    with refused("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'"):
        client.create_experiment("")
    with refused("INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of 500 characters"):
        client.create_experiment("x" * 501)
    with refused("INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of 500 characters"):
        client.rename_experiment(experiment, "x" * 501)


@check
def a_deleted_experiment_takes_nothing():
    gone = client.create_experiment("errors deleted")
    client.delete_experiment(gone)
    with refused("INVALID_PARAMETER_VALUE", f"The experiment {gone} must be in the 'active' state. Current state is deleted."):
        client.create_run(gone)
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.set_experiment_tag(gone, "t", "v")
    with refused("RESOURCE_DOES_NOT_EXIST", f"No Experiment with id={gone} exists"):
        client.delete_experiment(gone)
    # Answered as INVALID_STATE with 500, as by MLflow; the client gives up at once because it may not try again here.
    with refused("INTERNAL_ERROR", "500 error responses"):
        client.rename_experiment(gone, "other")
    client.restore_experiment(gone)
    with refused("RESOURCE_DOES_NOT_EXIST", f"No Experiment with id={gone} exists"):
        client.restore_experiment(gone)


@check
def names_hold_allowed_characters_only():
    made = fresh()
    for name in ("a@b", "a\nb", "a,b", "a\\b", "100%", "a#b"):
        for field, call in (
            ("name", lambda: client.log_metric(made, name, 1)),
            ("key", lambda: client.log_param(made, name, 1)),
            ("key", lambda: client.set_tag(made, name, 1)),
            ("metrics[0].name", lambda: client.log_batch(made, metrics=[Metric(name, 1, 1, 1)])),
            ("params[0].key", lambda: client.log_batch(made, params=[Param(name, "1")])),
            ("tags[0].key", lambda: client.log_batch(made, tags=[RunTag(name, "1")])),
        ):
            with refused("INVALID_PARAMETER_VALUE", "Invalid value", f"for parameter '{field}' supplied: {characters}"):
                call()
    untouched(made)


@check
def names_do_not_climb():
    made = fresh()
    for name, norm in (("../x", "../x"), ("a/../b", "b"), ("/a", "/a"), ("a//b", "a/b"), ("a/", "a"), (".", "."), ("./a", "a")):
        for call in (
            lambda: client.log_metric(made, name, 1),
            lambda: client.log_param(made, name, 1),
            lambda: client.set_tag(made, name, 1),
        ):
            with refused("INVALID_PARAMETER_VALUE", f'Invalid value "{name}"', f"This name would resolve to '{norm}'"):
                call()
    untouched(made)


@check
def names_are_not_too_long():
    made, name = fresh(), "k" * 251
    for called, call in (
        ("Metric name", lambda: client.log_metric(made, name, 1)),
        ("Param key", lambda: client.log_param(made, name, 1)),
        ("key", lambda: client.set_tag(made, name, 1)),
        ("Metric name", lambda: client.log_batch(made, metrics=[Metric(name, 1, 1, 1)])),
        ("Param key", lambda: client.log_batch(made, params=[Param(name, "1")])),
        ("key", lambda: client.set_experiment_tag(experiment, name, "v")),
    ):
        with refused("INVALID_PARAMETER_VALUE", f"'{called}' exceeds the maximum length of 250 characters"):
            call()
    with refused("INVALID_PARAMETER_VALUE", "'value' exceeds the maximum length of 20000 characters"):
        client.set_experiment_tag(experiment, "t", "v" * 20_001)
    untouched(made)


@check
def metrics_have_times_that_are_not_negative():
    made = fresh()
    with refused("INVALID_PARAMETER_VALUE", "Invalid value -1 for parameter 'timestamp' supplied", "Timestamp must be a nonnegative long (64-bit integer)"):
        client.log_metric(made, "m", 1, timestamp=-1)
    with refused("INVALID_PARAMETER_VALUE", "Invalid value -1 for parameter 'metrics[1].timestamp' supplied"):
        client.log_batch(made, metrics=[Metric("m", 1, 1, 1), Metric("m", 1, -1, 1)])
    untouched(made)


@check
def a_batch_has_no_param_twice():
    made = fresh()
    with refused("INVALID_PARAMETER_VALUE", "Duplicate parameter keys have been submitted: ['p']"):
        client.log_batch(made, metrics=[Metric("m", 1, 1, 1)], params=[Param("p", "1"), Param("p", "2")])
    untouched(made)


@check
def a_batch_has_its_limits():
    # Past the client, which would split them.
    store, made = client._tracking_client.store, fresh()
    points = [Metric("m", 1, 1, step) for step in range(1001)]
    for what, limit, got, (metrics, params, tags) in (
        ("metrics", 1000, 1001, (points, [], [])),
        ("params", 100, 101, ([], [Param(f"p{i}", "1") for i in range(101)], [])),
        ("tags", 100, 101, ([], [], [RunTag(f"t{i}", "1") for i in range(101)])),
        ("metrics, params, and tags", 1000, 1001, (points[:1000], [], [RunTag("t", "1")])),
    ):
        with refused("INVALID_PARAMETER_VALUE", f"A batch logging request can contain at most {limit} {what}. Got {got} {what}."):
            store.log_batch(made, metrics, params, tags)
    untouched(made)


@check
def inputs_have_their_limits():
    made = fresh()

    def log(name="n", digest="d", source="s", key="k", value="v"):
        client.log_inputs(made, [DatasetInput(Dataset(name=name, digest=digest, source_type="t", source=source), [InputTag(key, value)])])

    for field, limit in (("name", 500), ("digest", 36), ("source", 65_535), ("key", 255), ("value", 500)):
        with refused("INVALID_PARAMETER_VALUE", f"'{field}' exceeds the maximum length of {limit} characters"):
            log(**{field: "x" * (limit + 1)})
    equal(client.get_run(made).inputs.dataset_inputs, [])
    log("n" * 500, "d" * 36, "s" * 65_535, "k" * 255, "v" * 500)
    equal(len(client.get_run(made).inputs.dataset_inputs), 1)


@check
def a_status_is_one_there_is():
    with refused("INVALID_PARAMETER_VALUE", "Invalid value", "for parameter 'status' supplied"):
        client._tracking_client.store._call_endpoint(UpdateRun, json.dumps({"run_id": fresh(), "status": "DONE"}))


@check
def filters_say_what_is_wrong_with_them():
    for text, words in {
        "metrics.a": "Invalid clause(s) in filter string",
        "metrics.a > 1 OR": "Invalid clause(s) in filter string",
        "NOT": "Invalid clause(s) in filter string",
        "(metrics.a > 1": "Invalid clause(s) in filter string",
        "metrics.a > 'x'": "Expected numeric value type for metric. Found 'x'",
        "tags.a = 5": "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5",
        "params.a > '5'": "Invalid comparator '>' not one of",
        "metrics.a LIKE 'x'": "Invalid comparator 'LIKE' not one of",
        "things.a = '5'": "Invalid entity type 'things'",
        "size > 5": "Invalid attribute key 'size' specified. Valid keys are",
        "datasets.size = 'a'": "Invalid dataset key 'size' specified. Valid keys are",
        "status IN (1)": "While parsing a list in the query, expected string value",
        "run_id IN ()": "While parsing a list in the query, expected a non-empty list of string values",
        "run_name ~ '('": "Invalid regular expression '('",
        "'a' = params.a": "Invalid comparison clause. Expected 'Identifier'",
        " ": "Invalid filter",
    }.items():
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_runs([experiment], text)
    for text, words in {
        "metrics.a > 1": "Invalid entity type 'metrics'",
        "size = 'x'": "Invalid attribute key 'size' specified",
        "creation_time > 'x'": "Expected numeric value type for numeric attribute: creation_time",
    }.items():
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_experiments(filter_string=text)


@check
def orders_say_what_is_wrong_with_them():
    for clause, words in {
        "start_time UP": "Invalid ordering key in order_by clause 'start_time UP'",
        "": "Invalid order_by clause ''",
        "size": "",
        "things.a": "Invalid entity type 'things'",
    }.items():
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_runs([experiment], order_by=[clause])
    with refused("INVALID_PARAMETER_VALUE", "`order_by` contains duplicate fields"):
        client.search_runs([experiment], order_by=["metrics.a", "metrics.a"])


@check
def pages_are_asked_for_rightly():
    for token, words in (("é", "could not base64-decode"), ("YWJj", "Invalid page token, decoded value="), ("e30=", "Invalid page token, parsed value=")):
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_runs([experiment], page_token=token)
        with refused("INVALID_PARAMETER_VALUE", words):
            client.search_experiments(page_token=token)
    for size in (0, -1, 50_001):
        with refused("INVALID_PARAMETER_VALUE", f"Invalid value {size} for parameter 'max_results' supplied"):
            client.search_runs([experiment], max_results=size)
        with refused("INVALID_PARAMETER_VALUE", f"Invalid value {size} for parameter 'max_results' supplied"):
            client.search_experiments(max_results=size)


@check
def a_run_has_one_name():
    with refused("INVALID_PARAMETER_VALUE", "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"):
        client.create_run(experiment, run_name="a", tags={"mlflow.runName": "b"})


@check
def locations_of_artifacts_are_checked():
    for location, words in (
        ("runs:/abc/def", "Artifact location cannot be a runs:/ URI"),
        ("mlflow-artifacts:/a#b", "'artifact_location' URL can't include fragments or params."),
        ("s3://bucket/a?x=../b", "Invalid query string"),
        ("mlflow-artifacts:/" + "a" * 2048, "cannot be greater than 2048 characters"),
    ):
        with refused("INVALID_PARAMETER_VALUE", words):
            client.create_experiment(f"errors at {words}", artifact_location=location)


@check
def what_is_not_served_yet_says_so():
    for call in (lambda: client.search_registered_models(), lambda: client.get_registered_model("m"), lambda: mlflow.search_traces(locations=[experiment])):
        try:
            call()
        except MlflowException as error:
            equal(error.error_code, "ENDPOINT_NOT_FOUND")
        else:
            raise AssertionError("it was answered")


run()
