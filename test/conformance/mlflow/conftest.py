"""
MLflow's own tests, unchanged, out of a checkout of its repository (CONFORMANCE_MLFLOW). They are not kept here: the files beside this one
only name those that a server can be asked by URL, and give them fixtures that lead to the server under test instead of starting one.

What MLflow's tests expect is a server of their own that is empty. So all models and webhooks are deleted before each test, and a server
that has some when the first one begins is not touched.
"""

import os
import re
import socket
import sys
import types
import uuid

import mlflow
import pytest
from mlflow.tracking import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from wire_store import WireStore

mine = MlflowClient()
# It deletes a prompt too, which a client takes for no model.
registry = WireStore(lambda: get_default_host_creds(mine.tracking_uri))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def stand_in(name, **what):
    """In place of one of MLflow's modules that only starts servers, and would import what a client does not need."""
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(what)


# Behind what is installed: the checkout has an `mlflow` too, and the client under test is the one that is pinned.
sys.path.append(os.environ["CONFORMANCE_MLFLOW"])
pytest.register_assert_rewrite("tests.tracking", "tests.webhooks", "tests.store")
stand_in("tests.helper_functions", get_safe_port=free_port, random_str=lambda: uuid.uuid4().hex[:10])
stand_in("tests.tracking.integration_test_utils", ServerThread=None)


def models():
    """All of them, and the prompts, which are not found unless asked for."""
    for which in (None, "tags.`mlflow.prompt.is_prompt` = 'true'"):
        found = mine.search_registered_models(which, max_results=1000)
        yield from found
        while found.token:
            found = mine.search_registered_models(which, max_results=1000, page_token=found.token)
            yield from found


def pytest_sessionstart(session):
    if any(models()) or mine.list_webhooks():
        pytest.exit(f"MLflow's own tests delete all models and webhooks, and {mlflow.get_tracking_uri()} has some: give a server that is empty.", 2)


@pytest.fixture
def empty():
    """A client of the server, which has neither models nor webhooks."""
    for webhook in mine.list_webhooks():
        mine.delete_webhook(webhook.webhook_id)
    for model in list(models()):
        registry.delete_registered_model(model.name)
    return mine


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test that its file says to end otherwise has to do so, with those words."""
    words = getattr(pyfuncitem.module, "ends", {}).get(pyfuncitem.name)
    if words is None:
        return (yield)
    with pytest.raises(BaseException, match=re.escape(words)):
        yield
    return True
