"""scikit-learn's autologging: what a training script gets without a line of its own."""

import logging
import warnings

import mlflow
import numpy
import pytest
import sklearn.metrics
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from under_test import client, equal, stored

warnings.filterwarnings("ignore")
X, y = make_classification(n_samples=120, n_features=4, random_state=1)
train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=1)


@pytest.fixture(autouse=True)
def autolog():
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.sklearn.autolog(log_models=False, max_tuning_runs=3)
    yield
    mlflow.sklearn.autolog(disable=True)


@pytest.fixture
def trained():
    """A run in which a model was trained and asked."""
    with mlflow.start_run() as active:
        model = LogisticRegression(C=0.5).fit(train_X, train_y)
        model.score(test_X, test_y)
        sklearn.metrics.accuracy_score(test_y, model.predict(test_X))
    return active


def test_a_model_has_its_params(trained):
    params = stored(trained).data.params
    equal((params["C"], params["solver"]), ("0.5", "lbfgs"))


def test_a_model_has_its_metrics_of_training(trained):
    wanted = {"training_accuracy_score", "training_f1_score", "training_log_loss", "training_roc_auc", "training_score"}
    assert wanted <= set(stored(trained).data.metrics), stored(trained).data.metrics


def test_what_is_asked_of_a_model_later_is_a_metric(trained):
    metrics = stored(trained).data.metrics
    assert any(key.startswith("LogisticRegression_score") for key in metrics), metrics
    assert any(key.startswith("accuracy_score") for key in metrics), metrics


def test_a_model_has_its_figures_and_its_kind(trained):
    equal(stored(trained).data.tags["estimator_name"], "LogisticRegression")
    files = {each.path for each in client.list_artifacts(trained.info.run_id)}
    assert {"estimator.html", "training_confusion_matrix.png", "training_roc_curve.png", "training_precision_recall_curve.png"} <= files, files


def test_a_model_has_its_data_sets(trained):
    contexts = [tag.value for each in stored(trained).inputs.dataset_inputs for tag in each.tags if tag.key == "mlflow.data.context"]
    equal(contexts, ["train", "eval"])


def test_a_run_is_made_where_none_was_begun():
    make_pipeline(StandardScaler(), LogisticRegression()).fit(train_X, train_y)
    [found] = mlflow.search_runs(output_format="list")
    equal(found.info.status, "FINISHED")
    assert "standardscaler__with_mean" in found.data.params, found.data.params


def test_a_regression_has_its_own_metrics():
    wide_X, wide_y = make_regression(n_samples=50, n_features=3, random_state=1)
    with mlflow.start_run() as active:
        LinearRegression().fit(wide_X, wide_y)
    wanted = {"training_mean_squared_error", "training_mean_absolute_error", "training_r2_score", "training_root_mean_squared_error"}
    assert wanted <= set(stored(active).data.metrics), stored(active).data.metrics


@pytest.fixture
def searched():
    """A run in which the best of eight models was looked for."""
    with mlflow.start_run(run_name="search") as active:
        GridSearchCV(DecisionTreeClassifier(random_state=1), {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 3]}, cv=2).fit(train_X, train_y)
    return active


def test_a_search_has_its_best_candidate(searched):
    found = stored(searched)
    assert found.data.params["best_max_depth"] in {"1", "2", "3", "4"}
    assert 0 < found.data.metrics["best_cv_score"] <= 1
    assert "cv_results.csv" in {each.path for each in client.list_artifacts(searched.info.run_id)}


def test_a_search_has_a_run_for_each_of_its_best_candidates(searched):
    children = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{searched.info.run_id}'", order_by=["metrics.mean_test_score DESC"], output_format="list"
    )
    equal((len(children), {each.info.status for each in children}), (3, {"FINISHED"}))
    equal(children[0].data.metrics["mean_test_score"], stored(searched).data.metrics["best_cv_score"])
    assert all("max_depth" in each.data.params for each in children)


def test_a_failed_training_ends_its_run_as_failed():
    with pytest.raises(ValueError):
        LogisticRegression().fit(train_X, train_y[:-1])
    [found] = mlflow.search_runs(output_format="list")
    equal(found.info.status, "FAILED")


def test_a_model_is_logged_with_its_training_and_comes_back():
    mlflow.sklearn.autolog(log_models=True)
    with mlflow.start_run() as active:
        model = LogisticRegression(C=0.25).fit(train_X, train_y)
    loaded = mlflow.sklearn.load_model(f"runs:/{active.info.run_id}/model")
    assert (loaded.predict(test_X) == model.predict(test_X)).all()
    assert numpy.isfinite(stored(active).data.metrics["training_accuracy_score"])
