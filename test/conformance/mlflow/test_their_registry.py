"""`tests/tracking/test_model_registry.py` of MLflow: the whole of it. There it is asked once of files and once of a database; here there is one server."""

import pytest
from tests.tracking.test_model_registry import *  # noqa: F403


@pytest.fixture
def client(empty):
    return empty
