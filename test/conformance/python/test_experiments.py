"""Experiments: made, found, renamed, tagged, deleted and restored."""

import time

import mlflow
import pytest
from mlflow.entities import ViewType
from under_test import client, denied, equal, get, names, post, refused, unique


def test_an_experiment_is_made_with_its_name_and_nothing_else():
    name = unique("made")
    made = client.create_experiment(name)
    equal(made, str(int(made)))
    found = client.get_experiment(made)
    equal((found.name, found.lifecycle_stage, found.tags), (name, "active", {}))
    equal(found.artifact_location, f"mlflow-artifacts:/{made}")


def test_an_experiment_is_made_with_tags_and_a_location():
    made = client.create_experiment(unique("located"), artifact_location="mlflow-artifacts:/of/its/own", tags={"a": "1", "b": "two words"})
    found = client.get_experiment(made)
    equal((found.tags, found.artifact_location), ({"a": "1", "b": "two words"}, "mlflow-artifacts:/of/its/own"))


def test_an_experiment_has_the_times_of_its_making_and_its_change(experiment):
    found = client.get_experiment(experiment)
    assert abs(found.creation_time - time.time() * 1000) < 600_000
    time.sleep(0.01)
    client.rename_experiment(experiment, unique("renamed"))
    changed = client.get_experiment(experiment)
    equal(changed.creation_time, found.creation_time)
    assert changed.last_update_time > found.last_update_time


def test_an_experiment_is_found_by_its_name():
    name = unique("by name")
    made = client.create_experiment(name)
    equal(client.get_experiment_by_name(name).experiment_id, made)
    assert client.get_experiment_by_name(name.upper()) is None
    assert client.get_experiment_by_name(unique("nobody")) is None


@pytest.mark.parametrize("name", ["with / slash", "größe 潮汐 🌊", "a%20b&c=d#e?f", "'quoted' \"twice\"", " spaces around "])
def test_an_experiment_may_have_any_name(name):
    full = unique(name)
    made = client.create_experiment(full)
    equal(client.get_experiment(made).name, full)
    equal(client.get_experiment_by_name(full).experiment_id, made)


def test_an_experiment_is_renamed():
    before, after = unique("before"), unique("after")
    made = client.create_experiment(before)
    client.rename_experiment(made, after)
    equal(client.get_experiment_by_name(after).experiment_id, made)
    assert client.get_experiment_by_name(before) is None


def test_an_experiment_is_deleted_and_restored(experiment):
    client.delete_experiment(experiment)
    equal(client.get_experiment(experiment).lifecycle_stage, "deleted")
    client.restore_experiment(experiment)
    equal(client.get_experiment(experiment).lifecycle_stage, "active")


def test_a_deleted_experiment_is_still_found_by_its_name(experiment):
    name = client.get_experiment(experiment).name
    client.delete_experiment(experiment)
    equal(client.get_experiment_by_name(name).lifecycle_stage, "deleted")


def test_the_active_one_is_found_by_name_where_a_deleted_one_was_renamed_out_of_the_way():
    name = unique("reused")
    first = client.create_experiment(name)
    client.rename_experiment(first, unique("out of the way"))
    client.delete_experiment(first)
    second = client.create_experiment(name)
    equal(client.get_experiment_by_name(name).experiment_id, second)


def test_a_deleted_experiment_takes_its_runs_with_it(experiment):
    runs = [client.create_run(experiment).info.run_id for _ in range(3)]
    client.delete_run(runs[0])
    client.delete_experiment(experiment)
    equal({client.get_run(each).info.lifecycle_stage for each in runs}, {"deleted"})
    client.restore_experiment(experiment)
    equal(client.get_run(runs[1]).info.lifecycle_stage, "active")


def test_a_deleted_experiment_takes_nothing(experiment):
    client.delete_experiment(experiment)
    with refused("INVALID_PARAMETER_VALUE", f"The experiment {experiment} must be in the 'active' state. Current state is deleted."):
        client.create_run(experiment)
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.set_experiment_tag(experiment, "t", "v")


def test_an_experiment_is_deleted_and_restored_but_once(experiment):
    with refused("RESOURCE_DOES_NOT_EXIST", f"No Experiment with id={experiment} exists"):
        client.restore_experiment(experiment)
    client.delete_experiment(experiment)
    with refused("RESOURCE_DOES_NOT_EXIST", f"No Experiment with id={experiment} exists"):
        client.delete_experiment(experiment)


def test_a_deleted_experiment_is_not_renamed(experiment):
    client.delete_experiment(experiment)
    denied(post("experiments/update", experiment_id=experiment, new_name=unique("other")), 500, "INVALID_STATE")


def test_a_name_is_taken_also_by_a_deleted_experiment():
    name = unique("taken")
    made = client.create_experiment(name)
    with refused("RESOURCE_ALREADY_EXISTS", f"Experiment(name={name}) already exists."):
        client.create_experiment(name)
    client.delete_experiment(made)
    with refused("RESOURCE_ALREADY_EXISTS", f"Experiment(name={name}) already exists."):
        client.create_experiment(name)


def test_an_experiment_is_not_renamed_to_a_name_that_is_taken(experiment):
    name = unique("taken")
    client.create_experiment(name)
    equal(post("experiments/update", experiment_id=experiment, new_name=name).status_code, 400)
    assert client.get_experiment(experiment).name != name


def test_a_name_is_there_and_is_not_too_long(experiment):
    with refused("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'"):
        client.create_experiment("")
    with refused("INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of 500 characters"):
        client.create_experiment("x" * 501)
    with refused("INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of 500 characters"):
        client.rename_experiment(experiment, "x" * 501)


def test_a_name_may_have_500_characters():
    name = unique("long").ljust(500, "x")
    equal(client.get_experiment(client.create_experiment(name)).name, name)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": 123}, "Invalid value 123 for parameter 'name'"),
        ({}, "Missing value for required parameter 'name'"),
        ({"name": "n", "artifact_location": 9.5}, "Invalid value 9.5 for parameter 'artifact_location'"),
        ({"name": "n", "tags": "5"}, "Invalid value \"5\" for parameter 'tags'"),
    ],
)
def test_what_an_experiment_is_made_of_has_the_right_kind(body, words):
    denied(post("experiments/create", **body), 400, "INVALID_PARAMETER_VALUE", words)


def test_an_unknown_experiment_is_not_found():
    denied(get("experiments/get", experiment_id="987654321"), 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654321 exists")
    denied(get("experiments/get", experiment_id="abc"), 400, "INVALID_PARAMETER_VALUE", "Invalid experiment ID 'abc'")
    denied(get("experiments/get-by-name", experiment_name=unique("no")), 404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment with name")


def test_experiment_tags_are_set_replaced_and_deleted():
    made = client.create_experiment(unique("tagged"), tags={"a": "1"})
    client.set_experiment_tag(made, "b", 2)
    client.set_experiment_tag(made, "a", "again")
    client.set_experiment_tag(made, "lines", "one\ntwo\nthree")
    client.set_experiment_tag(made, "empty", "")
    equal(client.get_experiment(made).tags, {"a": "again", "b": "2", "lines": "one\ntwo\nthree", "empty": ""})


@pytest.mark.since("3")
def test_experiment_tags_are_deleted(experiment):
    client.set_experiment_tag(experiment, "a", "1")
    client.set_experiment_tag(experiment, "b", "2")
    client.delete_experiment_tag(experiment, "a")
    equal(client.get_experiment(experiment).tags, {"b": "2"})
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: a"):
        client.delete_experiment_tag(experiment, "a")


def test_the_tags_of_one_experiment_are_not_those_of_another(experiment):
    other = client.create_experiment(unique("other"))
    client.set_experiment_tag(experiment, "a", "here")
    equal(client.get_experiment(other).tags, {})
    client.set_experiment_tag(other, "a", "there")
    equal((client.get_experiment(experiment).tags["a"], client.get_experiment(other).tags["a"]), ("here", "there"))


def test_an_experiment_tag_may_be_long(experiment):
    client.set_experiment_tag(experiment, "k" * 250, "v" * 5000)
    equal(client.get_experiment(experiment).tags, {"k" * 250: "v" * 5000})
    with refused("INVALID_PARAMETER_VALUE", "'key' exceeds the maximum length of 250 characters"):
        client.set_experiment_tag(experiment, "k" * 251, "v")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("runs:/abc/def", "Artifact location cannot be a runs:/ URI"),
        ("mlflow-artifacts:/a#b", "'artifact_location' URL can't include fragments or params."),
        ("s3://bucket/a?x=../b", "Invalid query string"),
        ("mlflow-artifacts:/" + "a" * 2048, "cannot be greater than 2048 characters"),
    ],
)
def test_a_location_of_artifacts_is_checked(location, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.create_experiment(unique("located"), artifact_location=location)


@pytest.fixture
def found_by():
    """Three experiments with a common beginning: a and b are active, c is deleted. Gives what a filter finds of them, by letter."""
    start = unique("find")
    made = {letter: client.create_experiment(f"{start}-{letter}", tags={"number": str(i), "group": start}) for i, letter in enumerate("abc")}
    client.delete_experiment(made["c"])

    def find(text="", *args, **options):
        text = text.replace("START", start)
        found = client.search_experiments(*args, filter_string=f"tags.group = '{start}'" + (f" AND {text}" if text else ""), **options)
        return "".join(name[-1] for name in names(found))

    find.made = made
    return find


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name LIKE 'START-%'", "ab"),
        ("name ILIKE 'FIND %-B'", "b"),
        ("name = 'START-a'", "a"),
        ("attribute.name != 'START-a'", "b"),
        ("attribute.name = 'START-b'", "b"),
        ("tags.number = '1'", "b"),
        ("tag.number != '1'", "a"),
        ("tags.number LIKE '%'", "ab"),
        ("tags.`number` = '0' AND name LIKE '%-a'", "a"),
        ("creation_time > 0", "ab"),
        ("last_update_time < 1000", ""),
        ("name = 'nothing'", ""),
    ],
)
def test_experiments_are_found_by(found_by, text, wanted):
    equal(found_by(text, order_by=["name"]), wanted)


def test_experiments_are_ordered_by_name_and_time(found_by):
    equal(found_by(order_by=["name DESC"]), "ba")
    equal(found_by(order_by=["name ASC"]), "ab")
    equal(found_by(order_by=["creation_time DESC"]), "ba")
    equal(found_by(order_by=["attribute.creation_time"]), "ab")
    equal(found_by(order_by=["experiment_id DESC"]), "ba")


def test_the_experiments_made_last_come_first(found_by):
    equal(found_by(), "ba")


def test_experiments_are_seen_by_whether_they_are_deleted(found_by):
    equal(found_by("", ViewType.ACTIVE_ONLY, order_by=["name"]), "ab")
    equal(found_by("", ViewType.DELETED_ONLY, order_by=["name"]), "c")
    equal(found_by("", ViewType.ALL, order_by=["name"]), "abc")


def test_experiments_come_by_pages():
    start = unique("page")
    for number in range(5):
        client.create_experiment(f"{start}-{number}")
    seen, token = [], None
    for size in (2, 2, 1):
        page = client.search_experiments(filter_string=f"name LIKE '{start}-%'", order_by=["name"], max_results=2, page_token=token)
        equal(len(page), size)
        seen += names(page)
        token = page.token
    equal((seen, token), ([f"{start}-{number}" for number in range(5)], None))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics.a > 1", "Invalid entity type 'metrics'"),
        ("thing = 'x'", "Invalid attribute key 'thing' specified"),
        ("creation_time > 'x'", "Expected numeric value type for numeric attribute: creation_time"),
        ("name > 'x'", "Invalid comparator"),
    ],
)
def test_a_filter_of_experiments_that_is_wrong_is_refused(text, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_experiments(filter_string=text)


@pytest.mark.parametrize("size", [0, -1, 50_001])
def test_a_page_of_experiments_has_a_size_there_is(size):
    with refused("INVALID_PARAMETER_VALUE", f"Invalid value {size} for parameter 'max_results' supplied"):
        client.search_experiments(max_results=size)


def test_experiments_are_searched_with_get_too(found_by):
    name = client.get_experiment(found_by.made["a"]).name
    answer = get("experiments/search", filter=f"name = '{name}'", max_results=5)
    equal([each["experiment_id"] for each in answer.json()["experiments"]], [found_by.made["a"]])


def test_an_empty_search_of_experiments_is_an_empty_object():
    equal(post("experiments/search", max_results=5, filter="name = 'nothing has this name'").json(), {})


def test_the_default_experiment_is_there():
    found = mlflow.get_experiment("0")
    equal((found.name, found.lifecycle_stage), ("Default", "active"))
