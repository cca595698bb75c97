"""`tests/webhooks/test_e2e.py` of MLflow: the whole of it, with its receiver, which is called by address because the server under test may call that one."""

import pytest
from tests.webhooks import test_e2e as theirs
from tests.webhooks.test_e2e import *  # noqa: F403


@pytest.fixture(scope="module")
def app_client(tmp_path_factory):
    with theirs._run_app(tmp_path_factory.mktemp("app")) as app:
        yield theirs.AppClient(app.get_url("").replace("localhost", "127.0.0.1"))


@pytest.fixture
def mlflow_client(empty):
    return empty
