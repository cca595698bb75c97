"""`tests/tracking/test_client_webhooks.py` of MLflow: the whole of it."""

import pytest
from tests.tracking.test_client_webhooks import *  # noqa: F403


@pytest.fixture
def client(empty):
    return empty
