"""`tests/store/model_registry/test_rest_store_webhooks.py` of MLflow: the whole of it."""

import mlflow
import pytest
from mlflow.store.model_registry.rest_store import RestStore
from mlflow.utils.rest_utils import MlflowHostCreds
from tests.store.model_registry.test_rest_store_webhooks import *  # noqa: F403


@pytest.fixture
def store(empty):
    return RestStore(lambda: MlflowHostCreds(mlflow.get_tracking_uri()))
