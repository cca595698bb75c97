"""The fluent API: what a training script says first."""

import math
import time

import mlflow
from checks import check, equal, refused, run, soon
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

client = MlflowClient()
experiment = mlflow.set_experiment("fluent")


def stored(run):
    return client.get_run(run.info.run_id)


def history(run, key):
    return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, key)]


@check
def set_experiment_makes_one_and_finds_it_again():
    equal(mlflow.set_experiment("fluent").experiment_id, experiment.experiment_id)
    equal(mlflow.set_experiment(experiment_id=experiment.experiment_id).name, "fluent")
    equal(mlflow.get_experiment_by_name("fluent").lifecycle_stage, "active")
    assert mlflow.get_experiment_by_name("nothing has this name") is None
    assert experiment.artifact_location.startswith("mlflow-artifacts:/"), experiment.artifact_location
    assert abs(experiment.creation_time - time.time() * 1000) < 600_000


@check
def the_default_experiment_is_there():
    default = mlflow.get_experiment("0")
    equal((default.name, default.lifecycle_stage), ("Default", "active"))


@check
def an_experiment_can_be_made_with_tags_and_a_location():
    made = mlflow.create_experiment("fluent with tags", artifact_location="mlflow-artifacts:/of-their-own", tags={"team": "tides"})
    found = mlflow.get_experiment(made)
    equal(found.tags, {"team": "tides"})
    assert found.artifact_location.endswith("/of-their-own"), found.artifact_location
    mlflow.set_experiment_tag("fluent", "yes")
    mlflow.set_experiment_tags({"a": 1, "b": 2})
    tags = mlflow.get_experiment(experiment.experiment_id).tags
    equal({key: tags[key] for key in ("fluent", "a", "b")}, {"fluent": "yes", "a": "1", "b": "2"})
    mlflow.delete_experiment(made)
    equal(mlflow.get_experiment(made).lifecycle_stage, "deleted")


@check
def a_run_begins_running_and_ends_finished():
    before = int(time.time() * 1000)
    with mlflow.start_run() as active:
        info = stored(active).info
        equal((info.status, info.end_time, info.lifecycle_stage), ("RUNNING", None, "active"))
        assert before - 1000 <= info.start_time <= time.time() * 1000 + 1000
        equal(info.artifact_uri, f"{experiment.artifact_location}/{info.run_id}/artifacts")
        equal(len(info.run_id), 32)
        equal(mlflow.active_run().info.run_id, info.run_id)
    info = stored(active).info
    equal(info.status, "FINISHED")
    assert info.end_time >= info.start_time
    assert mlflow.active_run() is None
    equal(mlflow.last_active_run().info.run_id, info.run_id)


@check
def a_run_has_the_tags_of_where_it_came_from():
    with mlflow.start_run() as active:
        pass
    tags = stored(active).data.tags
    equal(tags["mlflow.source.type"], "LOCAL")
    assert tags["mlflow.source.name"].endswith("fluent.py")
    assert tags["mlflow.user"] == stored(active).info.user_id
    equal(tags["mlflow.runName"], stored(active).info.run_name)


@check
def a_run_without_a_name_gets_one():
    with mlflow.start_run() as one, mlflow.start_run(nested=True) as two:
        assert one.info.run_name and two.info.run_name
        assert one.info.run_name != two.info.run_name
        equal(stored(one).data.tags["mlflow.runName"], one.info.run_name)


@check
def an_exception_ends_a_run_as_failed():
    try:
        with mlflow.start_run() as active:
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    equal(stored(active).info.status, "FAILED")


@check
def a_run_can_end_in_every_status():
    for status in ("FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"):
        active = mlflow.start_run()
        mlflow.end_run(status)
        equal(stored(active).info.status, status)


@check
def a_run_can_be_resumed():
    with mlflow.start_run() as first:
        mlflow.log_metric("m", 1, step=1)
    with mlflow.start_run(run_id=first.info.run_id) as again:
        equal(again.info.run_id, first.info.run_id)
        equal(stored(first).info.status, "RUNNING")
        mlflow.log_metric("m", 2, step=2)
    equal(history(first, "m"), [(1, 1.0), (2, 2.0)])
    equal(stored(first).info.status, "FINISHED")


@check
def runs_can_be_nested():
    with mlflow.start_run(run_name="parent") as parent:
        with mlflow.start_run(run_name="child", nested=True) as child:
            with mlflow.start_run(run_name="grandchild", nested=True) as grandchild:
                pass
    equal(stored(child).data.tags["mlflow.parentRunId"], parent.info.run_id)
    equal(mlflow.get_parent_run(grandchild.info.run_id).info.run_id, child.info.run_id)
    assert mlflow.get_parent_run(parent.info.run_id) is None
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    equal([each.info.run_name for each in children], ["child"])
    with mlflow.start_run(parent_run_id=parent.info.run_id) as adopted:
        pass
    equal(mlflow.get_parent_run(adopted.info.run_id).info.run_id, parent.info.run_id)


@check
def a_run_has_its_name_tags_and_description():
    with mlflow.start_run(run_name="named", tags={"a": "1", "mlflow.note.content": "by tag"}) as active:
        pass
    equal(stored(active).info.run_name, "named")
    equal(stored(active).data.tags["a"], "1")
    with mlflow.start_run(description="what it is about") as active:
        pass
    equal(stored(active).data.tags["mlflow.note.content"], "what it is about")


@check
def a_run_is_renamed_by_its_tag():
    with mlflow.start_run(run_name="before") as active:
        mlflow.set_tag("mlflow.runName", "after")
    equal(stored(active).info.run_name, "after")
    equal(stored(active).data.tags["mlflow.runName"], "after")


@check
def params_are_text_whatever_they_were():
    with mlflow.start_run() as active:
        equal(mlflow.log_param("lr", 3e-4), 3e-4)
        mlflow.log_param("none", None)
        mlflow.log_param("empty", "")
        mlflow.log_params({"layers": [1, 2], "deep/er": True, "with space": "ü 潮", "colon:": "'quoted' \"twice\" \\"})
        mlflow.log_param("lr", 3e-4)
    equal(
        stored(active).data.params,
        {"lr": "0.0003", "none": "None", "empty": "", "layers": "[1, 2]", "deep/er": "True", "with space": "ü 潮", "colon:": "'quoted' \"twice\" \\"},
    )


@check
def a_param_can_not_be_changed():
    with mlflow.start_run() as active:
        mlflow.log_params({"a": 1, "b": 2})
        with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Param with key='a' was already logged with value='1'"):
            mlflow.log_param("a", 2)
        with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
            mlflow.log_params({"c": 3, "b": 4})
    equal(stored(active).data.params, {"a": "1", "b": "2"})


@check
def metrics_keep_their_steps_and_times():
    with mlflow.start_run() as active:
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, timestamp=1_700_000_000_000 + step)
        mlflow.log_metrics({"loss": 0.125, "acc": 0.5}, step=7, timestamp=1_700_000_000_007)
        mlflow.log_metric("negative", -2.5, step=-3)
    points = client.get_metric_history(active.info.run_id, "loss")
    equal([point.step for point in points], [0, 1, 2, 3, 4, 7])
    equal([point.value for point in points], [1, 0.5, 1 / 3, 0.25, 0.2, 0.125])
    equal(points[0].timestamp, 1_700_000_000_000)
    equal(stored(active).data.metrics, {"loss": 0.125, "acc": 0.5, "negative": -2.5})
    equal(history(active, "negative"), [(-3, -2.5)])


@check
def metrics_may_be_numpy_numbers_and_booleans():
    import numpy

    with mlflow.start_run() as active:
        mlflow.log_metric("float32", numpy.float32(0.5))
        mlflow.log_metric("array", numpy.array([2.5]))
        mlflow.log_metric("integer", numpy.int64(7))
        mlflow.log_metric("boolean", True)
    equal(stored(active).data.metrics, {"float32": 0.5, "array": 2.5, "integer": 7, "boolean": 1})


@check
def nan_and_the_infinities_come_back():
    with mlflow.start_run() as active:
        mlflow.log_metrics({"nan": math.nan, "up": math.inf, "down": -math.inf})
        mlflow.log_metric("nan", math.nan, step=1)
    metrics = stored(active).data.metrics
    assert math.isnan(metrics["nan"])
    equal((metrics["up"], metrics["down"]), (1.7976931348623157e308, -1.7976931348623157e308))
    assert all(math.isnan(value) for _, value in history(active, "nan"))


@check
def the_latest_metric_is_that_of_the_highest_step_time_and_value():
    with mlflow.start_run() as active:
        mlflow.log_metric("m", 1, step=5, timestamp=10)
        mlflow.log_metric("m", 2, step=3, timestamp=99)
        equal(stored(active).data.metrics["m"], 1)
        mlflow.log_metric("m", 3, step=5, timestamp=11)
        mlflow.log_metric("m", 2.5, step=5, timestamp=11)
        equal(stored(active).data.metrics["m"], 3)


@check
def a_point_sent_twice_is_kept_once():
    with mlflow.start_run() as active:
        for _ in range(3):
            mlflow.log_metric("m", 1, step=1, timestamp=10)
    equal(history(active, "m"), [(1, 1)])


@check
def tags_are_set_replaced_and_deleted():
    with mlflow.start_run() as active:
        mlflow.set_tag("a", 1)
        mlflow.set_tags({"b": "two", "c": "3"})
        mlflow.set_tag("a", "again")
        mlflow.delete_tag("b")
        with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: b"):
            mlflow.delete_tag("b")
    tags = {key: value for key, value in stored(active).data.tags.items() if not key.startswith("mlflow.")}
    equal(tags, {"a": "again", "c": "3"})


@check
def get_run_gives_all_of_it():
    with mlflow.start_run(run_name="whole") as active:
        mlflow.log_param("p", "v")
        mlflow.log_metric("m", 1)
    found = mlflow.get_run(active.info.run_id)
    equal((found.info.run_name, found.data.params, found.data.metrics), ("whole", {"p": "v"}, {"m": 1.0}))
    equal(found.info.experiment_id, experiment.experiment_id)
    equal(found.inputs.dataset_inputs, [])


@check
def search_runs_is_a_data_frame():
    mlflow.set_experiment("fluent search")
    for number in range(4):
        with mlflow.start_run(run_name=f"run-{number}"):
            mlflow.log_param("number", number)
            mlflow.log_metric("acc", number / 4)
            if number % 2:
                mlflow.set_tag("odd", "yes")
    found = mlflow.search_runs(order_by=["metrics.acc DESC"])
    equal(list(found["tags.mlflow.runName"]), ["run-3", "run-2", "run-1", "run-0"])
    equal(list(found["params.number"]), ["3", "2", "1", "0"])
    equal(list(found["metrics.acc"]), [0.75, 0.5, 0.25, 0])
    equal(list(found["tags.odd"].fillna("")), ["yes", "", "yes", ""])
    equal(str(found["start_time"].dtype).startswith("datetime64"), True)
    equal(set(found["status"]), {"FINISHED"})
    found = mlflow.search_runs(filter_string="metrics.acc > 0.2 AND params.number != '3'", order_by=["start_time ASC"])
    equal(list(found["params.number"]), ["1", "2"])
    equal(len(mlflow.search_runs(max_results=3)), 3)
    equal(len(mlflow.search_runs(experiment_names=["fluent search"], output_format="list")), 4)
    equal(len(mlflow.search_runs(search_all_experiments=True, filter_string="tags.odd = 'yes'")), 2)
    assert mlflow.search_runs(filter_string="params.number = 'none'").empty
    mlflow.set_experiment("fluent")


@check
def a_deleted_run_is_found_among_the_deleted():
    mlflow.set_experiment("fluent deleted")
    with mlflow.start_run() as active:
        pass
    mlflow.delete_run(active.info.run_id)
    assert mlflow.search_runs().empty
    found = mlflow.search_runs(run_view_type=mlflow.entities.ViewType.DELETED_ONLY)
    equal(list(found["run_id"]), [active.info.run_id])
    mlflow.set_experiment("fluent")


@check
def search_experiments_finds_by_name():
    found = mlflow.search_experiments(filter_string="name = 'fluent'")
    equal([each.name for each in found], ["fluent"])


@check
def many_values_go_in_several_batches():
    with mlflow.start_run() as active:
        mlflow.log_params({f"p{number}": number for number in range(250)})
        mlflow.log_metrics({f"m{number}": number for number in range(700)})
        mlflow.set_tags({f"t{number}": number for number in range(90)})
    data = stored(active).data
    equal((len(data.params), len(data.metrics), data.metrics["m699"], data.tags["t89"]), (250, 700, 699, "89"))


@check
def logging_can_be_asynchronous():
    mlflow.config.enable_async_logging(True)
    try:
        with mlflow.start_run() as active:
            for step in range(500):
                mlflow.log_metric("loss", step / 2, step=step)
            mlflow.log_params({"a": 1, "b": 2})
            mlflow.set_tags({"c": 3})
            mlflow.flush_async_logging()
            equal(history(active, "loss"), [(step, step / 2) for step in range(500)])
            data = stored(active).data
            equal((data.params, data.tags["c"], data.metrics["loss"]), ({"a": "1", "b": "2"}, "3", 249.5))
    finally:
        mlflow.config.enable_async_logging(False)


@check
def asynchronous_calls_can_be_waited_for():
    with mlflow.start_run() as active:
        mlflow.log_metric("m", 1, step=1, synchronous=False).wait()
        mlflow.log_metrics({"m": 2}, step=2, synchronous=False).wait()
        mlflow.log_param("p", "v", synchronous=False).wait()
        mlflow.log_params({"q": "w"}, synchronous=False).wait()
        mlflow.set_tag("t", "u", synchronous=False).wait()
        equal(history(active, "m"), [(1, 1), (2, 2)])
        equal(stored(active).data.params, {"p": "v", "q": "w"})
        run_id = active.info.run_id
        client.log_batch(run_id, [Metric("m", 3, 5, 3)], [Param("x", "y")], [RunTag("t", "again")], synchronous=False).wait()
        data = stored(active).data
        equal((data.metrics["m"], data.params["x"], data.tags["t"]), (3, "y", "again"))


@check
def an_asynchronous_refusal_is_heard_where_it_is_waited_for():
    with mlflow.start_run():
        mlflow.log_param("p", 1)
        # The client makes an error of its own of it.
        with refused("INTERNAL_ERROR", "INVALID_PARAMETER_VALUE: Changing param values is not allowed", "'old_value': '1', 'new_value': '2'"):
            mlflow.log_param("p", 2, synchronous=False).wait()


@check
def system_metrics_arrive_while_the_run_goes_on():
    mlflow.set_system_metrics_sampling_interval(0.1)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as active:
        wanted = {"system/cpu_utilization_percentage", "system/system_memory_usage_percentage", "system/disk_usage_percentage"}
        soon(lambda: wanted <= set(stored(active).data.metrics))
        soon(lambda: len(history(active, "system/cpu_utilization_percentage")) >= 3)
    equal(stored(active).info.status, "FINISHED")
    steps = [step for step, _ in history(active, "system/cpu_utilization_percentage")]
    equal(steps, list(range(len(steps))))


run()
