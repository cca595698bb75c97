"""Runs found: by every kind of column, in order, by pages, and what is refused."""

import math

import mlflow
import pytest
from mlflow.entities import ViewType
from under_test import client, equal, get, post, refused, run_names, unique


@pytest.fixture
def three(experiment):
    """The ids of the runs a, b and c, which began in this order and differ in all that can be asked."""
    runs = [client.create_run(experiment, start_time=1000 + i, run_name=letter).info.run_id for i, letter in enumerate("abc")]
    for number, each in enumerate(runs):
        client.log_metric(each, "val/acc", number / 4)
        client.log_metric(each, "loss", 1 - number)
        client.log_param(each, "lr", f"1e-{number}")
        client.set_tag(each, "team.name", "tides" if number else "moon")
    client.set_terminated(runs[0], end_time=5000)
    client.set_tag(runs[1], "only b", "yes")
    return runs


def find(experiment, text="", **options):
    return "".join(run_names(client.search_runs([experiment], text, **{"order_by": ["attributes.start_time"], **options})))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "abc"),
        ("metrics.`val/acc` > 0.2", "bc"),
        ("metric.\"val/acc\" >= 0.25 and metrics.loss < 0", "c"),
        ("metrics.loss = 1", "a"),
        ("metrics.loss != 1", "bc"),
        ("metrics.loss <= 0", "bc"),
        ("metrics.loss < -1e9", ""),
        ("metrics.nothing > 0", ""),
        ("params.lr = '1e-1'", "b"),
        ("params.lr = \"1e-1\"", "b"),
        ("param.lr != '1e-1'", "ac"),
        ("parameters.lr LIKE '%-2'", "c"),
        ("params.lr like '1e-_'", "abc"),
        ("params.lr ILIKE '1E-%'", "abc"),
        ("params.lr LIKE '1E-%'", ""),
        ("tags.team.name = 'tides'", "bc"),
        ("tags.`team.name` = 'moon'", "a"),
        ("tag.team.name != 'moon'", "bc"),
        ("tags.\"team.name\" ILIKE 'TI%'", "bc"),
        ("tags.`only b` IS NOT NULL", "b"),
        ("tags.`only b` IS NULL", "ac"),
        ("status = 'FINISHED'", "a"),
        ("attributes.status != 'FINISHED'", "bc"),
        ("attribute.status = 'RUNNING'", "bc"),
        ("status = 'running'", ""),
        ("run_name = 'b'", "b"),
        ("attr.run_name LIKE '_'", "abc"),
        ("run_name ILIKE 'B'", "b"),
        ("`run name` = 'c'", "c"),
        ("start_time > 1000", "bc"),
        ("start_time = 1001", "b"),
        ("attributes.start_time <= 1001 AND start_time >= 1001", "b"),
        ("created < 1001", "a"),
        ("end_time = 5000", "a"),
        ("run_id IN ('A', 'C')", "ac"),
        ("run_id NOT IN ('A', 'C')", "b"),
        ("attributes.run_id = 'B'", "b"),
        ("run.artifact_uri LIKE '%artifacts'", "abc"),
        ("tags.mlflow.runName = 'a'", "a"),
        ("params.lr = '1e-1' AND tags.`team.name` = 'tides' AND metrics.loss <= 0 AND status = 'RUNNING'", "b"),
        ("params.lr = 'it''s'", ""),
    ],
)
def test_runs_are_found_by(experiment, three, text, wanted):
    for letter, each in zip("ABC", three):
        text = text.replace(f"'{letter}'", f"'{each}'") if "run_id" in text else text
    equal(find(experiment, text), wanted)


@pytest.fixture
def four(experiment):
    """Runs a to d, begun in this order; b's metric is NaN, and d has neither a metric nor a param."""
    for number, (letter, metric, param) in enumerate([("a", 2, "x"), ("b", math.nan, "z"), ("c", 1, "y"), ("d", None, None)]):
        made = client.create_run(experiment, start_time=1000 + number, run_name=letter).info.run_id
        if metric is not None:
            client.log_metric(made, "m", metric)
            client.log_param(made, "p", param)


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ([], "dcba"),
        (["metrics.m"], "cabd"),
        (["metrics.m ASC"], "cabd"),
        (["metrics.m DESC"], "acbd"),
        (["params.p ASC"], "acbd"),
        (["params.p DESC"], "bcad"),
        (["params.`p` desc"], "bcad"),
        (["start_time ASC"], "abcd"),
        (["attributes.start_time DESC"], "dcba"),
        (["attribute.run_name DESC"], "dcba"),
        (["tags.mlflow.runName ASC"], "abcd"),
        (["status ASC", "tags.mlflow.runName ASC"], "abcd"),
        (["metrics.nothing", "start_time ASC"], "abcd"),
    ],
    ids=str,
)
def test_runs_are_ordered_by(experiment, four, by, wanted):
    equal(find(experiment, order_by=by), wanted)


def test_runs_that_began_together_come_by_their_ids(experiment):
    runs = sorted(client.create_run(experiment, start_time=1).info.run_id for _ in range(10))
    equal([each.info.run_id for each in client.search_runs([experiment])], runs)


def test_runs_come_by_pages(experiment):
    runs = sorted(client.create_run(experiment, start_time=1).info.run_id for _ in range(10))
    seen, token = [], None
    for size in (4, 4, 2):
        page = client.search_runs([experiment], max_results=4, page_token=token)
        equal(len(page), size)
        seen += [each.info.run_id for each in page]
        token = page.token
    equal((seen, token), (runs, None))


def test_a_page_that_holds_the_last_run_has_no_token(experiment, three):
    equal(client.search_runs([experiment], max_results=3).token, None)
    assert client.search_runs([experiment], max_results=2).token


def test_pages_of_a_filter_in_order_come_whole(experiment, three):
    seen, token = "", None
    for _ in range(3):
        page = client.search_runs([experiment], "metrics.loss < 2", order_by=["metrics.loss ASC"], max_results=1, page_token=token)
        seen += "".join(run_names(page))
        token = page.token
    equal((seen, token), ("cba", None))


def test_runs_are_searched_in_several_experiments(experiment, three):
    other = client.create_experiment(unique("other"))
    client.create_run(other, start_time=2000, run_name="d")
    equal(run_names(client.search_runs([experiment, other], order_by=["start_time"])), list("abcd"))
    equal(run_names(client.search_runs([other])), ["d"])


def test_runs_are_seen_by_whether_they_are_deleted(experiment, three):
    client.delete_run(three[1])
    equal(find(experiment), "ac")
    equal(find(experiment, run_view_type=ViewType.DELETED_ONLY), "b")
    equal(find(experiment, run_view_type=ViewType.ALL), "abc")


def test_a_found_run_has_all_it_logged(experiment, three):
    [found] = client.search_runs([experiment], "run_name = 'b'")
    equal(dict(found.info), dict(client.get_run(three[1]).info))
    equal((found.data.metrics, found.data.params), ({"val/acc": 0.25, "loss": 0}, {"lr": "1e-1"}))
    equal(found.data.tags, {"team.name": "tides", "only b": "yes", "mlflow.runName": "b"})


def test_nothing_found_is_an_empty_object(experiment):
    equal(post("runs/search", experiment_ids=[experiment]).json(), {})
    equal(post("runs/search", experiment_ids=["987654321"]).json(), {})


def test_search_runs_is_a_data_frame(experiment, three):
    found = mlflow.search_runs(order_by=["metrics.loss ASC"])
    equal(list(found["tags.mlflow.runName"]), list("cba"))
    equal(list(found["params.lr"]), ["1e-2", "1e-1", "1e-0"])
    equal(list(found["metrics.loss"]), [-1, 0, 1])
    equal(list(found["tags.only b"].fillna("")), ["", "yes", ""])
    assert str(found["start_time"].dtype).startswith("datetime64")


def test_search_runs_may_be_a_list_and_find_nothing(experiment, three):
    equal(len(mlflow.search_runs(output_format="list")), 3)
    assert mlflow.search_runs(filter_string="params.lr = 'none'").empty
    equal(len(mlflow.search_runs(max_results=2)), 2)


def test_search_runs_finds_experiments_by_name(experiment, three):
    name = client.get_experiment(experiment).name
    equal(len(mlflow.search_runs(experiment_names=[name], output_format="list")), 3)


def test_search_runs_finds_in_all_experiments(experiment, three):
    mark = unique("everywhere")
    for each in three:
        client.set_tag(each, "mark", mark)
    equal(len(mlflow.search_runs(search_all_experiments=True, filter_string=f"tags.mark = '{mark}'", output_format="list")), 3)


def test_search_runs_comes_whole_past_a_page(experiment):
    for number in range(15):
        client.create_run(experiment, run_name=str(number))
    found = mlflow.search_runs(max_results=12, output_format="list")
    equal(len(found), 12)
    equal(len(mlflow.search_runs()), 15)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics.a", "Invalid clause(s) in filter string"),
        ("metrics.a > 1 OR", "Invalid clause(s) in filter string"),
        ("NOT", "Invalid clause(s) in filter string"),
        ("(metrics.a > 1", "Invalid clause(s) in filter string"),
        ("metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"),
        ("tags.a = 5", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5"),
        ("params.a > '5'", "Invalid comparator '>' not one of"),
        ("metrics.a LIKE 'x'", ""),
        ("things.a = '5'", "Invalid entity type 'things'"),
        ("datasets.size = 'a'", "Invalid dataset key 'size' specified. Valid keys are"),
        ("run_id IN ()", "While parsing a list in the query, expected a non-empty list of string values"),
        ("'a' = params.a", "Invalid comparison clause. Expected 'Identifier'"),
        (" ", "Invalid filter"),
    ],
)
def test_a_filter_says_what_is_wrong_with_it(experiment, text, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_runs([experiment], text)


@pytest.mark.differs("MLflow has AND only")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("metrics.loss = 1 OR params.lr = '1e-2'", "ac"),
        ("NOT tags.team.name = 'moon'", "bc"),
        ("(metrics.loss = 1 OR metrics.loss = 0) AND NOT run_name = 'b'", "a"),
        ("params.lr IN ('1e-0', '1e-1')", "ab"),
        ("status IN ('FINISHED')", "a"),
        ("run_name ~ '^[ab]$'", "ab"),
    ],
)
def test_runs_are_found_by_the_larger_language(experiment, three, text, wanted):
    equal(find(experiment, text), wanted)


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        (["start_time UP"], "Invalid ordering key in order_by clause 'start_time UP'"),
        ([""], "Invalid order_by clause ''"),
        (["size"], ""),
        (["things.a"], "Invalid entity type 'things'"),
    ],
)
def test_an_order_says_what_is_wrong_with_it(experiment, clauses, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_runs([experiment], order_by=clauses)


@pytest.mark.differs("MLflow answers 500")
def test_an_order_names_nothing_twice(experiment):
    with refused("INVALID_PARAMETER_VALUE", "`order_by` contains duplicate fields"):
        client.search_runs([experiment], order_by=["metrics.a", "metrics.a"])


@pytest.mark.parametrize(
    ("token", "words"), [("a", "could not base64-decode"), ("YWJj", "Invalid page token, decoded value="), ("e30=", "Invalid page token, parsed value=")]
)
def test_a_page_token_that_is_none_is_refused(experiment, token, words):
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_runs([experiment], page_token=token)
    with refused("INVALID_PARAMETER_VALUE", words):
        client.search_experiments(page_token=token)


@pytest.mark.parametrize("size", [0, -1, 50_001, 123456789])
def test_a_page_has_a_size_there_is(experiment, size):
    with refused("INVALID_PARAMETER_VALUE", f"Invalid value {size} for parameter 'max_results' supplied"):
        client.search_runs([experiment], max_results=size)


def test_runs_are_searched_by_what_pages_ask(experiment, three):
    answer = post("/ajax-api/2.0/mlflow/runs/search", experiment_ids=[experiment], filter="metrics.loss > 0", run_view_type="ACTIVE_ONLY", max_results=5)
    equal([each["info"]["run_id"] for each in answer.json()["runs"]], [three[0]])
    equal(get("runs/search").status_code, 405)
