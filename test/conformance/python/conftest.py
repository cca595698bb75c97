"""
Every test has an experiment of its own, which is the active one, and leaves no run open. So tests need no order, two clients can be run
against one server at once, and a server that has been used for other things serves as well.
"""

import logging
import os

import mlflow
import pytest
from mlflow.version import VERSION
from under_test import client, unique

logging.getLogger("mlflow").setLevel(logging.ERROR)


def reaches(version):
    """Whether the client is that version, such as 3 or 2.22, or a later one."""
    wanted = [int(part) for part in version.split(".")]
    return [int(part) for part in VERSION.split(".")[: len(wanted)]] >= wanted


# These import what an older client does not have.
collect_ignore = [] if reaches("3") else ["test_logged_models.py", "test_webhooks.py"]
# Only of a server with accounts, by the client that knows roles.
if not reaches("3.17") or "CONFORMANCE_ACCOUNTS" not in os.environ:
    collect_ignore.append("test_access.py")


def pytest_collection_modifyitems(items):
    """Leaves out what the client cannot be asked, and of another server what Tidegate means to do otherwise: neither is a test of it."""
    items[:] = [
        item
        for item in items
        if all(reaches(mark.args[0]) for mark in item.iter_markers("since")) and not ("CONFORMANCE_AGAINST" in os.environ and item.get_closest_marker("differs"))
    ]


@pytest.fixture(autouse=True)
def experiment(request):
    """The id of the test's own experiment."""
    made = client.create_experiment(unique(request.node.name[:200]))
    mlflow.set_experiment(experiment_id=made)
    yield made
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def run(experiment):
    """The id of a run that has nothing yet."""
    return client.create_run(experiment).info.run_id
