"""Inputs and scikit-learn's autologging: what a training script gets without a line of its own."""

import logging
import warnings

import mlflow
import numpy
import pandas
import sklearn.metrics
from checks import check, equal, run
from mlflow.tracking import MlflowClient
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")
logging.getLogger("mlflow").setLevel(logging.ERROR)
client = MlflowClient()
X, y = make_classification(n_samples=120, n_features=4, random_state=1)
train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=1)


def stored(active):
    return client.get_run(active.info.run_id)


def inputs(active):
    return [(each.dataset.name, {tag.key: tag.value for tag in each.tags}) for each in stored(active).inputs.dataset_inputs]


@check
def a_data_frame_is_an_input_with_its_schema_and_profile():
    mlflow.set_experiment("inputs")
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    with mlflow.start_run() as active:
        mlflow.log_input(mlflow.data.from_pandas(frame, source="https://example.org/frame.csv", name="frame", targets="b"), context="training")
    equal(inputs(active), [("frame", {"mlflow.data.context": "training"})])
    [found] = stored(active).inputs.dataset_inputs
    assert len(found.dataset.digest) == 8
    equal(found.dataset.source_type, "http")
    assert "example.org/frame.csv" in found.dataset.source
    assert '"num_rows": 3' in found.dataset.profile
    assert '"name": "a"' in found.dataset.schema
    equal(mlflow.data.get_source(found).url, "https://example.org/frame.csv")


@check
def arrays_are_inputs_with_tags_of_their_own():
    mlflow.set_experiment("inputs")
    with mlflow.start_run() as active:
        mlflow.log_input(mlflow.data.from_numpy(X, name="features", targets=y), context="eval", tags={"split": "first"})
        mlflow.log_input(mlflow.data.from_numpy(X[:10], name="few"))
        # The same again is no second input.
        mlflow.log_input(mlflow.data.from_numpy(X[:10], name="few"))
    equal(inputs(active), [("features", {"mlflow.data.context": "eval", "split": "first"}), ("few", {})])


@check
def several_inputs_are_logged_at_once():
    mlflow.set_experiment("inputs")
    sets = [mlflow.data.from_numpy(X[:size], name=f"size-{size}") for size in (5, 6)]
    with mlflow.start_run() as active:
        mlflow.log_inputs(datasets=sets, contexts=["train", "test"], tags_list=[{"n": "5"}, None])
    equal(inputs(active), [("size-5", {"n": "5", "mlflow.data.context": "train"}), ("size-6", {"mlflow.data.context": "test"})])


@check
def runs_are_found_by_their_data_sets():
    mlflow.set_experiment("inputs searched")
    digests = []
    for size in (5, 6, 7):
        data = mlflow.data.from_numpy(X[:size], name=f"size-{size}")
        digests.append(data.digest)
        with mlflow.start_run(run_name=f"run-{size}"):
            mlflow.log_input(data, context="train" if size < 7 else "test")

    def find(text):
        found = mlflow.search_runs(filter_string=text, order_by=["start_time"], output_format="list")
        return [each.info.run_name for each in found]

    equal(find("dataset.name = 'size-5'"), ["run-5"])
    equal(find("datasets.name LIKE 'size-%'"), ["run-5", "run-6", "run-7"])
    equal(find(f"dataset.digest IN ('{digests[0]}', '{digests[1]}')"), ["run-5", "run-6"])
    equal(find("dataset.context = 'test'"), ["run-7"])
    equal(find("dataset.name = 'size-5' AND dataset.context = 'test'"), [])
    equal(find("dataset.context = 'train' AND status = 'FINISHED' AND dataset.name != 'size-5'"), ["run-6"])


@check
def a_model_is_trained_with_its_params_metrics_and_figures():
    mlflow.set_experiment("autologging")
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run() as active:
        model = LogisticRegression(C=0.5).fit(train_X, train_y)
        model.score(test_X, test_y)
        sklearn.metrics.accuracy_score(test_y, model.predict(test_X))
    found = stored(active)
    equal((found.data.params["C"], found.data.params["solver"]), ("0.5", "lbfgs"))
    wanted = {"training_accuracy_score", "training_f1_score", "training_log_loss", "training_roc_auc", "training_score"}
    assert wanted <= set(found.data.metrics), found.data.metrics
    assert any(key.startswith("LogisticRegression_score") for key in found.data.metrics), found.data.metrics
    assert any(key.startswith("accuracy_score") for key in found.data.metrics), found.data.metrics
    equal(found.data.tags["estimator_name"], "LogisticRegression")
    files = {each.path for each in client.list_artifacts(active.info.run_id)}
    assert {"estimator.html", "training_confusion_matrix.png", "training_roc_curve.png", "training_precision_recall_curve.png"} <= files, files
    contexts = [tags["mlflow.data.context"] for _, tags in inputs(active)]
    equal(contexts, ["train", "eval"])
    equal(found.info.status, "FINISHED")


@check
def a_run_is_made_where_none_was_started():
    mlflow.set_experiment("autologging without a run")
    mlflow.sklearn.autolog(log_models=False)
    make_pipeline(StandardScaler(), LogisticRegression()).fit(train_X, train_y)
    [found] = mlflow.search_runs(output_format="list")
    equal(found.info.status, "FINISHED")
    assert "standardscaler__with_mean" in found.data.params, found.data.params


@check
def a_search_has_a_run_for_each_of_its_best_candidates():
    mlflow.set_experiment("autologging a search")
    mlflow.sklearn.autolog(log_models=False, max_tuning_runs=3)
    with mlflow.start_run(run_name="search") as active:
        GridSearchCV(DecisionTreeClassifier(random_state=1), {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 3]}, cv=2).fit(train_X, train_y)
    parent = stored(active)
    assert parent.data.params["best_max_depth"] in {"1", "2", "3", "4"}
    assert 0 < parent.data.metrics["best_cv_score"] <= 1
    assert "cv_results.csv" in {each.path for each in client.list_artifacts(active.info.run_id)}
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{active.info.run_id}'", order_by=["metrics.mean_test_score DESC"], output_format="list")
    equal(len(children), 3)
    equal(children[0].data.metrics["mean_test_score"], parent.data.metrics["best_cv_score"])
    equal({each.info.status for each in children}, {"FINISHED"})
    assert all("max_depth" in each.data.params for each in children)


@check
def a_model_is_logged_with_its_training_and_comes_back():
    mlflow.set_experiment("autologging models")
    mlflow.sklearn.autolog()
    with mlflow.start_run() as active:
        model = LogisticRegression(C=0.25).fit(train_X, train_y)
        model.score(test_X, test_y)
    found = stored(active)
    equal((found.data.params["C"], found.info.status), ("0.25", "FINISHED"))
    assert numpy.isfinite(found.data.metrics["training_accuracy_score"])
    assert any(key.startswith("LogisticRegression_score") for key in found.data.metrics), found.data.metrics
    assert "training_confusion_matrix.png" in {each.path for each in client.list_artifacts(active.info.run_id)}
    logged = mlflow.last_logged_model()
    equal([each.model_id for each in mlflow.search_logged_models(experiment_ids=[active.info.experiment_id], output_format="list")], [logged.model_id])
    equal((logged.name, logged.status, logged.source_run_id), ("model", "READY", active.info.run_id))
    for uri in (f"models:/{logged.model_id}", f"runs:/{active.info.run_id}/model"):
        loaded = mlflow.sklearn.load_model(uri)
        assert (loaded.predict(test_X) == model.predict(test_X)).all()


run()
