"""MLflow's command line, against the server: experiments, runs and artifacts."""

import csv

import pytest
from click.testing import CliRunner
from mlflow.cli import cli
from under_test import client, equal, unique


def mlflow(*args):
    """Runs `mlflow` with these arguments and gives what it printed."""
    result = CliRunner().invoke(cli, args, catch_exceptions=False)
    equal((result.exit_code, args), (0, args))
    return result.output


def test_an_experiment_is_made_renamed_deleted_and_restored():
    before, after = unique("before"), unique("after")
    mlflow("experiments", "create", "--experiment-name", before)
    made = client.get_experiment_by_name(before).experiment_id
    mlflow("experiments", "rename", "--experiment-id", made, "--new-name", after)
    equal(client.get_experiment(made).name, after)
    mlflow("experiments", "delete", "-x", made)
    equal(client.get_experiment(made).lifecycle_stage, "deleted")
    mlflow("experiments", "restore", "-x", made)
    equal(client.get_experiment(made).lifecycle_stage, "active")


def test_an_experiment_is_made_with_a_location():
    name = unique("located")
    mlflow("experiments", "create", "-n", name, "-l", "mlflow-artifacts:/by/command")
    equal(client.get_experiment_by_name(name).artifact_location, "mlflow-artifacts:/by/command")


def test_experiments_are_searched(experiment):
    assert client.get_experiment(experiment).name[:20] in mlflow("experiments", "search", "--view", "all")


def test_the_runs_of_an_experiment_are_a_table(experiment, run, tmp_path):
    client.log_param(run, "p", "1")
    client.log_metric(run, "m", 0.5)
    mlflow("experiments", "csv", "-x", experiment, "-o", str(tmp_path / "runs.csv"))
    [row] = csv.DictReader((tmp_path / "runs.csv").open())
    equal((row["run_id"], row["params.p"], row["metrics.m"]), (run, "1", "0.5"))


def test_runs_are_listed(experiment, run):
    assert run in mlflow("runs", "list", "--experiment-id", experiment)


def test_a_run_is_described(run):
    client.log_param(run, "p", "described")
    assert "described" in mlflow("runs", "describe", "--run-id", run)


def test_a_run_is_deleted_and_restored(run):
    mlflow("runs", "delete", "--run-id", run)
    equal(client.get_run(run).info.lifecycle_stage, "deleted")
    mlflow("runs", "restore", "--run-id", run)
    equal(client.get_run(run).info.lifecycle_stage, "active")


def test_a_file_is_logged_listed_and_downloaded(run, tmp_path):
    (tmp_path / "a.txt").write_text("by command")
    mlflow("artifacts", "log-artifact", "--local-file", str(tmp_path / "a.txt"), "--run-id", run, "--artifact-path", "deep")
    assert '"deep/a.txt"' in mlflow("artifacts", "list", "--run-id", run, "--artifact-path", "deep")
    mlflow("artifacts", "download", "--run-id", run, "--artifact-path", "deep/a.txt", "--dst-path", str(tmp_path / "down"))
    [found] = (tmp_path / "down").rglob("a.txt")
    equal(found.read_text(), "by command")


def test_a_folder_is_logged(run, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("a")
    mlflow("artifacts", "log-artifacts", "--local-dir", str(tmp_path), "--run-id", run)
    equal([each.path for each in client.list_artifacts(run, "sub")], ["sub/a.txt"])


@pytest.mark.parametrize("command", [("runs", "describe", "--run-id", "0" * 32), ("experiments", "delete", "-x", "987654321")])
def test_a_command_fails_for_what_there_is_not(command):
    assert CliRunner().invoke(cli, command).exit_code != 0
