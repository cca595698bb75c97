"""
MLflow's store that asks a server, where its tests expect the store that asks a database. What differs is what the wire itself cannot say:
nothing and an empty text are one, and a version is text. And a path is no source that a server may be given: it is told as if in a bucket, and
a prompt as having the one that prompts have.
"""

import re

from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.entities.model_registry.prompt_version import IS_PROMPT_TAG_KEY
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.rest_store import RestStore

bucket = "s3://bucket/"


def afar(source):
    return source if ":" in source else bucket + source


def as_of_a_database(it):
    if isinstance(it, PagedList):
        return PagedList([as_of_a_database(each) for each in it], it.token or None)
    if isinstance(it, list):
        return [as_of_a_database(each) for each in it]
    if isinstance(it, str):
        return it.removeprefix(bucket)
    if isinstance(it, ModelVersion):
        it._version = int(it._version)
        it._source = it._source.removeprefix(bucket)
    if isinstance(it, RegisteredModel):
        it._aliases = {alias: int(version) for alias, version in it._aliases.items()}
        it._latest_version = as_of_a_database(it._latest_version)
    for name in ("_description", "_status_message", "_run_id", "_run_link"):
        if getattr(it, name, None) == "":
            setattr(it, name, None)
    return it


class WireStore(RestStore):
    def create_model_version(self, name, source, run_id=None, tags=None, **more):
        is_prompt = any(tag.key == IS_PROMPT_TAG_KEY for tag in tags or [])
        return as_of_a_database(super().create_model_version(name, "dummy-source" if is_prompt else afar(source), run_id, tags, **more))

    def search_model_versions(self, filter_string=None, *args, **more):
        asked = filter_string and re.sub(r"(source_path = ')([^']+)", lambda it: it[1] + afar(it[2]), filter_string)
        return as_of_a_database(super().search_model_versions(asked, *args, **more))


def answering(name):
    asked = getattr(RestStore, name)
    return lambda self, *args, **more: as_of_a_database(asked(self, *args, **more))


for name in (
    *("create_registered_model", "update_registered_model", "rename_registered_model", "get_registered_model", "search_registered_models"),
    *("get_latest_versions", "get_model_version", "get_model_version_by_alias", "get_model_version_download_uri"),
    *("update_model_version", "transition_model_version_stage", "list_webhooks"),
):
    setattr(WireStore, name, answering(name))
