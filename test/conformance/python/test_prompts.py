"""Prompts, which MLflow keeps in the registry: registered, loaded by version, alias and latest, tagged, found, and kept apart from models."""

import mlflow
import pytest
from under_test import client, equal, names, refused, stored, unique

pytestmark = pytest.mark.since("3")


@pytest.fixture
def name():
    return unique("prompt").replace(" ", "-")


@pytest.fixture
def prompt(name):
    """The name of a prompt of two versions, of text and of a conversation."""
    mlflow.genai.register_prompt(name, "Hello {{you}}", commit_message="first", tags={"n": "1"})
    mlflow.genai.register_prompt(name, [{"role": "user", "content": "Good day {{you}}"}], commit_message="second", response_format={"type": "object"})
    return name


def test_a_prompt_is_registered_and_loaded_by_its_version(prompt):
    first = mlflow.genai.load_prompt(prompt, version=1)
    equal((first.name, first.version, first.template, first.commit_message, first.tags), (prompt, 1, "Hello {{you}}", "first", {"n": "1"}))
    equal(first.format(you="world"), "Hello world")
    second = mlflow.genai.load_prompt(f"prompts:/{prompt}/2")
    equal(second.format(you="world"), [{"role": "user", "content": "Good day world"}])
    equal((second.commit_message, second.response_format), ("second", {"type": "object"}))


def test_the_highest_version_of_a_prompt_is_loaded_where_none_is_said(prompt):
    for uri in (prompt, f"prompts:/{prompt}@latest"):
        equal(mlflow.genai.load_prompt(uri).version, 2)


def test_a_prompt_is_loaded_by_an_alias_that_moves(prompt):
    for version in (2, 1):
        mlflow.genai.set_prompt_alias(prompt, "production", version)
        equal(mlflow.genai.load_prompt(f"prompts:/{prompt}@production", cache_ttl_seconds=0).version, version)
    equal(client.get_prompt_version(prompt, "1").aliases, ["production"])
    mlflow.genai.delete_prompt_alias(prompt, "production")
    with refused("INVALID_PARAMETER_VALUE", "alias production not found"):
        mlflow.genai.load_prompt(f"prompts:/{prompt}@production", cache_ttl_seconds=0)


def test_a_prompt_and_its_versions_are_tagged(prompt):
    mlflow.genai.set_prompt_tag(prompt, "team", "x")
    equal(mlflow.genai.get_prompt_tags(prompt)["team"], "x")
    mlflow.genai.delete_prompt_tag(prompt, "team")
    assert "team" not in mlflow.genai.get_prompt_tags(prompt)
    mlflow.genai.set_prompt_version_tag(prompt, "1", "q", "y")
    equal(client.get_prompt_version(prompt, "1").tags, {"n": "1", "q": "y"})
    mlflow.genai.delete_prompt_version_tag(prompt, "1", "q")
    equal(client.get_prompt_version(prompt, "1").tags, {"n": "1"})


def test_prompts_are_found_and_not_among_models(prompt):
    client.create_registered_model(other := unique("model").replace(" ", "-"))
    equal(names(mlflow.genai.search_prompts(f"name = '{prompt}'")), [prompt])
    equal(names(mlflow.genai.search_prompts(f"name = '{other}'")), [])
    equal([each.version for each in client.search_prompt_versions(prompt)], [2, 1])
    equal(names(client.search_registered_models(f"name = '{prompt}'")), [])


def test_a_run_knows_the_prompt_it_loaded(prompt):
    with mlflow.start_run() as active:
        mlflow.genai.load_prompt(prompt, version=1)
    assert prompt in stored(active).data.tags["mlflow.linkedPrompts"]


def test_a_prompt_is_deleted_with_its_versions(prompt):
    client.delete_prompt_version(prompt, "1")
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        mlflow.genai.load_prompt(prompt, version=1, cache_ttl_seconds=0)
    client.delete_prompt(prompt)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        mlflow.genai.load_prompt(prompt, version=2, cache_ttl_seconds=0)


def test_a_prompt_and_a_model_have_no_name_in_common(prompt):
    with refused("RESOURCE_ALREADY_EXISTS", "already taken by a prompt"):
        client.create_registered_model(prompt)
    client.create_registered_model(other := unique("model").replace(" ", "-"))
    with refused("INVALID_PARAMETER_VALUE", "exists with the same name"):
        mlflow.genai.register_prompt(other, "text")
