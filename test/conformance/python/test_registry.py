"""The model registry: models, versions, tags, stages, aliases, and how they are found. Loading by a registered name is in test_registered_models.py."""

import time

import pytest
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from under_test import client, denied, equal, get, names, post, refused, stored, unique

stages = pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
unknown = "no such model"


@pytest.fixture
def name():
    return unique("model")


@pytest.fixture
def model(name):
    """The name of a registered model that has nothing yet."""
    client.create_registered_model(name)
    return name


def version(model, run, path="model", **more):
    """The number of another version of it, made of a folder of the run."""
    return client.create_model_version(model, f"{stored(run).info.artifact_uri}/{path}", run, **more).version


def numbers(found):
    return [int(each.version) for each in found]


def find(model, text="", **more):
    return numbers(client.search_model_versions(f"name = '{model}'{text and ' AND '}{text}", **more))


# Registered models


def test_a_model_is_registered_bare(name):
    made = client.create_registered_model(name)
    for found in (made, client.get_registered_model(name)):
        equal((found.name, found.description or "", found.tags, found.aliases, found.latest_versions), (name, "", {}, {}, []))
        assert abs(found.creation_timestamp - time.time() * 1000) < 600_000
        equal(found.creation_timestamp, found.last_updated_timestamp)


def test_a_model_is_registered_with_what_is_given(name):
    client.create_registered_model(name, tags={"a": "1", "mlflow.b": "2"}, description="What *it* is.")
    found = client.get_registered_model(name)
    equal((found.description, found.tags), ("What *it* is.", {"a": "1", "mlflow.b": "2"}))


def test_a_name_is_registered_once(model):
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_registered_model(model)


@pytest.mark.parametrize("bad", ["a/b", "a:b", "..", ".", "", " "])
def test_a_model_is_not_called(bad):
    with refused("INVALID_PARAMETER_VALUE", "name"):
        client._get_registry_client().store.create_registered_model(bad)


def test_a_name_may_hold_other_letters():
    name = unique("Größe 1.0 – é_%@")
    client.create_registered_model(name)
    equal(client.get_registered_model(name).name, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: client.get_registered_model(unknown),
        lambda: client.rename_registered_model(unknown, "x"),
        lambda: client.update_registered_model(unknown, "x"),
        lambda: client.delete_registered_model(unknown),
        lambda: client.set_registered_model_tag(unknown, "a", "b"),
        lambda: client.delete_registered_model_tag(unknown, "a"),
        lambda: client.create_model_version(unknown, "s3://bucket/model"),
        lambda: client.get_model_version(unknown, "1"),
        lambda: client.set_registered_model_alias(unknown, "a", "1"),
        lambda: client.delete_registered_model_alias(unknown, "a"),
        lambda: client.get_model_version_by_alias(unknown, "a"),
    ],
    ids=["get", "rename", "update", "delete", "tag", "tag's end", "version", "version's read", "alias", "alias' end", "alias' read"],
)
def test_an_unknown_model_is_not_found_by(call):
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        call()


def test_a_model_is_renamed_with_all_it_has(model, run):
    made = version(model, run)
    client.set_registered_model_tag(model, "a", "1")
    client.set_registered_model_alias(model, "best", made)
    fresh = unique("renamed")
    client.rename_registered_model(model, fresh)
    found = client.get_registered_model(fresh)
    equal((found.tags, found.aliases), ({"a": "1"}, {"best": made}))
    equal(client.get_model_version(fresh, made).name, fresh)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_registered_model(model)
    client.create_registered_model(model)
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.rename_registered_model(model, fresh)


def test_a_model_is_described_and_changed_by_it(model):
    before = client.get_registered_model(model).last_updated_timestamp
    time.sleep(0.005)
    equal(client.update_registered_model(model, "text").description, "text")
    found = client.get_registered_model(model)
    equal(found.description, "text")
    assert found.last_updated_timestamp > before


def test_a_deleted_model_is_gone_with_its_versions(model, run):
    made = version(model, run)
    client.delete_registered_model(model)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_registered_model(model)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_model_version(model, made)
    equal(find(model), [])
    client.create_registered_model(model)
    equal(version(model, run), "1")


def test_tags_of_a_model_are_set_replaced_and_deleted(model):
    for value in ("1", "2"):
        client.set_registered_model_tag(model, "a", value)
    client.set_registered_model_tag(model, "b c", "x" * 100_000)
    equal(client.get_registered_model(model).tags, {"a": "2", "b c": "x" * 100_000})
    for key in ("a", "b c", "none"):
        client.delete_registered_model_tag(model, key)
    equal(client.get_registered_model(model).tags, {})
    with refused("INVALID_PARAMETER_VALUE", "exceeds the maximum length"):
        client.set_registered_model_tag(model, "k" * 251, "v")
    with refused("INVALID_PARAMETER_VALUE", "exceeds the maximum length"):
        client.set_registered_model_tag(model, "k", "v" * 100_001)


# Versions


def test_versions_count_up(model, run):
    equal([version(model, run) for _ in range(3)], ["1", "2", "3"])


def test_a_version_says_what_it_is_made_of(model, run):
    source = f"{stored(run).info.artifact_uri}/model"
    made = client.create_model_version(model, source, run, tags={"a": "1"}, run_link="http://link", description="text")
    for found in (made, client.get_model_version(model, made.version)):
        equal((found.name, found.version, found.source, found.run_id, found.run_link), (model, "1", source, run, "http://link"))
        equal((found.tags, found.description, found.status, found.current_stage, found.aliases), ({"a": "1"}, "text", "READY", "None", []))
    equal(client.get_model_version_download_uri(model, "1"), source)


def test_a_version_may_be_of_no_run(model):
    made = client.create_model_version(model, "s3://bucket/model")
    equal((made.source, made.run_id or "", made.run_link, made.description or ""), ("s3://bucket/model", "", "", ""))


def test_a_version_of_a_runs_uri_names_that_run(model, run):
    store = client._get_registry_client().store
    equal(store.create_model_version(model, f"runs:/{run}/model", run).source, f"runs:/{run}/model")
    with refused("INVALID_PARAMETER_VALUE", "Invalid model version source"):
        store.create_model_version(model, f"runs:/{'0' * 32}/model", run)


@pytest.mark.parametrize(
    "source",
    ["/etc/passwd", "file:///etc/passwd", "relative/path", "s3://bucket", "s3://bucket/a/../b", "mlflow-artifacts:/1/../../x", "models:/m-" + "0" * 32],
)
def test_a_version_is_not_made_of(model, source):
    with refused("INVALID_PARAMETER_VALUE", "Invalid model version source"):
        client._get_registry_client().store.create_model_version(model, source)


def test_a_version_of_another_runs_files_is_refused(model, run, experiment):
    other = client.create_run(experiment)
    with refused("INVALID_PARAMETER_VALUE", "Invalid model version source"):
        client._get_registry_client().store.create_model_version(model, f"{other.info.artifact_uri}/model", run)


def test_a_version_is_described_and_tagged(model, run):
    made = version(model, run)
    equal(client.update_model_version(model, made, "better").description, "better")
    for value in ("1", "2"):
        client.set_model_version_tag(model, made, "a", value)
    client.set_model_version_tag(model, made, "b", "3")
    equal(client.get_model_version(model, made).tags, {"a": "2", "b": "3"})
    for key in ("b", "none"):
        client.delete_model_version_tag(model, made, key)
    equal(client.get_model_version(model, made).tags, {"a": "2"})


def test_a_deleted_version_is_gone_and_its_number_with_it(model, run):
    for _ in range(2):
        version(model, run)
    client.set_registered_model_alias(model, "best", "2")
    client.delete_model_version(model, "2")
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_model_version(model, "2")
    equal((find(model), client.get_registered_model(model).aliases), ([1], {}))
    equal(version(model, run), "3")


@pytest.mark.parametrize("number", ["one", "1.5", "-"])
def test_a_version_is_a_whole_number(model, number):
    with refused("INVALID_PARAMETER_VALUE", "must be an integer"):
        client.get_model_version(model, number)


# Stages


@stages
def test_a_version_goes_from_stage_to_stage(model, run):
    made = version(model, run)
    for said, stored_as in (("staging", "Staging"), ("PRODUCTION", "Production"), ("Archived", "Archived"), ("none", "None")):
        equal(client.transition_model_version_stage(model, made, said).current_stage, stored_as)
        equal(client.get_model_version(model, made).current_stage, stored_as)
    with refused("INVALID_PARAMETER_VALUE", "Invalid Model Version stage: best. Value must be one of None, Staging, Production, Archived."):
        client.transition_model_version_stage(model, made, "best")


@stages
def test_a_version_sends_the_others_out_where_that_is_asked(model, run):
    for _ in range(3):
        client.transition_model_version_stage(model, version(model, run), "Production")
    client.transition_model_version_stage(model, "3", "Production", archive_existing_versions=True)
    equal([client.get_model_version(model, number).current_stage for number in "123"], ["Archived", "Archived", "Production"])


@stages
@pytest.mark.differs("MLflow answers 500")
def test_a_version_sends_none_out_of_a_stage_that_is_not_used(model, run):
    with refused("INVALID_PARAMETER_VALUE", "is not an Active stage"):
        client.transition_model_version_stage(model, version(model, run), "Archived", archive_existing_versions=True)


@stages
def test_each_stage_has_a_latest_version(model, run):
    for stage in ("None", "Staging", "Staging", "Production", "None"):
        client.transition_model_version_stage(model, version(model, run), stage)

    def latest(*stages):
        return {each.current_stage: each.version for each in client.get_latest_versions(model, list(stages) or None)}

    equal(latest(), {"None": "5", "Staging": "3", "Production": "4"})
    equal(latest("staging", "None"), {"None": "5", "Staging": "3"})
    equal(latest("Archived"), {})
    equal({each.current_stage: each.version for each in client.get_registered_model(model).latest_versions}, latest())
    with refused("INVALID_PARAMETER_VALUE", "Invalid Model Version stage"):
        latest("best")


def test_latest_versions_are_asked_for_by_get_as_well(model, run):
    version(model, run)
    [found] = get("registered-models/get-latest-versions", name=model, stages="None").json()["model_versions"]
    equal(found["version"], "1")


# Aliases


def test_an_alias_stands_for_a_version_and_moves(model, run):
    for _ in range(2):
        version(model, run)
    client.set_registered_model_alias(model, "best", "1")
    client.set_registered_model_alias(model, "best", "2")
    client.set_registered_model_alias(model, "also-this_one", "2")
    equal(client.get_model_version_by_alias(model, "best").version, "2")
    equal(client.get_registered_model(model).aliases, {"best": "2", "also-this_one": "2"})
    equal(sorted(client.get_model_version(model, "2").aliases), ["also-this_one", "best"])
    client.delete_registered_model_alias(model, "best")
    client.delete_registered_model_alias(model, "best")
    with refused("INVALID_PARAMETER_VALUE", "alias best not found"):
        client.get_model_version_by_alias(model, "best")


@pytest.mark.parametrize("alias", ["latest", "Latest", "v1", "V12", "a b", "a/b", "a:b", "a.b", "a" * 256])
def test_an_alias_is_not_called(model, run, alias):
    version(model, run)
    with refused("INVALID_PARAMETER_VALUE", "alias"):
        client._get_registry_client().store.set_registered_model_alias(model, alias, "1")


def test_an_alias_of_a_version_there_is_not_is_refused(model):
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.set_registered_model_alias(model, "best", "1")


@pytest.mark.since("3")
def test_the_alias_latest_is_the_highest_version(model, run):
    for _ in range(2):
        version(model, run)
    equal(client.get_model_version_by_alias(model, "latest").version, "2")


# Searching for models


@pytest.fixture
def family():
    """The beginning of the names of three models: `… a` of team x, `… B` of team y, `… c` of none."""
    begin = unique("family")
    for letter, tags in (("a", {"team": "x", "my key": "1"}), ("B", {"team": "y"}), ("c", {})):
        client.create_registered_model(f"{begin} {letter}", tags=tags)
        # Models come by the time of their making, in milliseconds.
        time.sleep(0.003)
    return begin


def letters(found, family):
    return "".join(name.removeprefix(family).strip() for name in names(found))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name LIKE 'FAMILY%'", "Bac"),
        ("name LIKE 'FAMILY b'", ""),
        ("name ILIKE 'FAMILY b'", "B"),
        ("name = 'FAMILY a'", "a"),
        ("name != 'FAMILY a' AND name LIKE 'FAMILY%'", "Bc"),
        ("tags.team = 'x' AND name LIKE 'FAMILY%'", "a"),
        ("tags.team != 'x' AND name LIKE 'FAMILY%'", "B"),
        ("tag.team LIKE '%y%' AND name LIKE 'FAMILY%'", "B"),
        ("tags.`my key` = '1' AND tags.team ILIKE 'X' AND name LIKE 'FAMILY%'", "a"),
        ("tags.`my key` = '1' AND tags.team = 'y' AND name LIKE 'FAMILY%'", ""),
        ("attribute.name = 'FAMILY c'", "c"),
    ],
)
def test_models_are_found_by(family, text, wanted):
    equal(letters(client.search_registered_models(text.replace("FAMILY", family)), family), wanted)


@pytest.mark.parametrize(
    ("order", "wanted"),
    [(["name DESC"], "caB"), (["last_updated_timestamp ASC"], "aBc"), (["timestamp DESC"], "cBa"), (["last_updated_timestamp DESC", "name ASC"], "cBa")],
)
def test_models_come_in_the_order_of(family, order, wanted):
    equal(letters(client.search_registered_models(f"name LIKE '{family}%'", order_by=order), family), wanted)


def test_models_come_in_pages(family):
    text = f"name LIKE '{family}%'"
    first = client.search_registered_models(text, max_results=2)
    equal(letters(first, family), "Ba")
    rest = client.search_registered_models(text, max_results=2, page_token=first.token)
    equal((letters(rest, family), rest.token or ""), ("c", ""))


@pytest.mark.parametrize(
    "more",
    [
        {"filter_string": "run_id = 'x'"},
        {"filter_string": "name = x"},
        {"filter_string": "name > 'x'"},
        {"filter_string": "tags.a > 'x'"},
        {"filter_string": "metrics.a = 1"},
        {"order_by": ["color"]},
        {"order_by": ["name UPWARDS"]},
        {"max_results": 1001},
        {"page_token": "no token"},
    ],
    ids=str,
)
def test_a_search_for_models_is_refused(more):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_registered_models(**more)


def test_a_search_for_models_has_their_latest_versions(model, run):
    for _ in range(2):
        version(model, run)
    [found] = client.search_registered_models(f"name = '{model}'")
    equal(numbers(found.latest_versions), [2])


def test_prompts_are_models_that_are_found_when_they_are_asked_for():
    name = unique("prompt")
    store = client._get_registry_client().store
    store.create_registered_model(name, [RegisteredModelTag("mlflow.prompt.is_prompt", "true")])
    tags = [ModelVersionTag("mlflow.prompt.is_prompt", "true"), ModelVersionTag("mlflow.prompt.text", "Hello {{you}}")]
    store.create_model_version(name, "dummy-source", tags=tags)
    text = f"name = '{name}'"
    equal(client.search_registered_models(text), [])
    equal(client.search_model_versions(text), [])
    equal(names(client.search_registered_models(f"{text} AND tags.`mlflow.prompt.is_prompt` = 'true'")), [name])
    with refused("INVALID_PARAMETER_VALUE", "Invalid prompt source"):
        store.create_model_version(name, "s3://bucket/x", tags=tags)


# Searching for versions


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [3, 2, 1]),
        ("version_number > 1", [3, 2]),
        ("version_number = 2", [2]),
        ("run_id = 'RUN'", [2, 1]),
        ("run_id IN ('RUN', 'other')", [2, 1]),
        ("source_path LIKE '%two'", [2]),
        ("source_path = 's3://bucket/three'", [3]),
        ("tags.n = '2'", [2]),
        ("tags.n != '2'", [3, 1]),
        ("tags.n ILIKE '2' AND tags.all = 'yes'", [2]),
    ],
)
def test_versions_are_found_by(model, run, text, wanted):
    for number, path in ((1, "one"), (2, "two")):
        version(model, run, path, tags={"n": str(number), "all": "yes"})
    client.create_model_version(model, "s3://bucket/three", tags={"n": "3"})
    equal(find(model, text.replace("RUN", run), order_by=["version_number DESC"]), wanted)


def test_versions_come_with_what_changed_last_first(model, run):
    for _ in range(3):
        version(model, run)
        time.sleep(0.003)
    client.update_model_version(model, "1", "changed")
    equal(find(model), [1, 3, 2])
    equal(find(model, order_by=["creation_timestamp ASC"]), [1, 2, 3])


def test_versions_come_in_pages(model, run):
    for _ in range(3):
        version(model, run)
    first = client.search_model_versions(f"name = '{model}'", order_by=["version_number ASC"], max_results=2)
    equal(numbers(first), [1, 2])
    rest = client.search_model_versions(f"name = '{model}'", order_by=["version_number ASC"], max_results=2, page_token=first.token)
    equal((numbers(rest), rest.token or ""), ([3], ""))


@pytest.mark.parametrize(
    "more",
    [
        {"filter_string": "color = 'x'"},
        {"filter_string": "version_number = 'one'"},
        {"filter_string": "version_number LIKE '1'"},
        {"filter_string": "source_path > 'x'"},
        {"order_by": ["color"]},
        {"max_results": 200_001},
        {"page_token": "no token"},
    ],
    ids=str,
)
def test_a_search_for_versions_is_refused(more):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_model_versions(**{"filter_string": "", **more})


# The wire


@pytest.mark.differs("MLflow has dropped it")
def test_models_are_listed_as_clients_of_before_ask(model):
    found = get("registered-models/list", max_results=1000).json()["registered_models"]
    assert model in [each["name"] for each in found]


def test_what_is_missing_is_named():
    denied(post("registered-models/create"), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'")
    denied(post("model-versions/create", name="x"), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'source'")
    denied(get("model-versions/get", name="x"), 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'version'")


@pytest.mark.differs("MLflow orders by name and by the last change, versions by number and making too")
def test_more_can_be_ordered_by():
    family = unique("ordered")
    for letter in "bac":
        client.create_registered_model(f"{family} {letter}")
    found = client.search_registered_models(f"name LIKE '{family}%'", order_by=["creation_timestamp DESC"])
    equal([each.name[-1] for each in found], ["c", "a", "b"])
    model = f"{family} a"
    for run in ("2", "1", "3"):
        client.create_model_version(model, "s3://models/tide", run_id=run)
    equal([each.run_id for each in client.search_model_versions(f"name = '{model}'", order_by=["run_id ASC"])], ["1", "2", "3"])
