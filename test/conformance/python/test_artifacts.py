"""Artifacts: files, figures, images and tables, up and down through the server."""

import io
import os
import re
from pathlib import Path

import matplotlib
import mlflow
import numpy
import pandas
import pytest
import requests
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from PIL import Image
from under_test import address, client, denied, equal, get, origin, refused, stored, unique

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture
def file(tmp_path):
    """Writes a file of this name and gives its path."""

    def write(name, content):
        path = tmp_path / "from" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def download(tmp_path, run):
    """The path of an artifact of the run, downloaded."""
    return lambda path, of=run: Path(mlflow.artifacts.download_artifacts(run_id=of, artifact_path=path, dst_path=str(tmp_path)))


def listed(run, path=None):
    return [(each.path, each.is_dir, each.file_size) for each in client.list_artifacts(run, path)]


def paths(run, path=None):
    return [each for each, *_ in listed(run, path)]


def test_a_file_is_logged_and_comes_back(run, file, download):
    content = os.urandom(300_000)
    client.log_artifact(run, file("model.bin", content))
    equal(listed(run), [("model.bin", False, 300_000)])
    equal(download("model.bin").read_bytes(), content)


def test_a_file_is_logged_into_a_folder(run, file, download):
    client.log_artifact(run, file("a.txt", "deep"), "deep/er")
    equal((listed(run), listed(run, "deep"), listed(run, "deep/er")), ([("deep", True, None)], [("deep/er", True, None)], [("deep/er/a.txt", False, 4)]))
    equal(download("deep/er/a.txt").read_text(), "deep")


def test_a_file_is_downloaded_by_the_client(run, file, tmp_path):
    client.log_artifact(run, file("a.txt", "by client"))
    equal(Path(client.download_artifacts(run, "a.txt", str(tmp_path))).read_text(), "by client")


def test_a_large_file_is_streamed_both_ways(run, file, download):
    content = os.urandom(1 << 20) * 24
    client.log_artifact(run, file("large.bin", content))
    equal(listed(run), [("large.bin", False, len(content))])
    assert download("large.bin").read_bytes() == content


def test_an_empty_file_is_a_file(run, file, download):
    client.log_artifact(run, file("empty", b""))
    [(name, is_folder, size)] = listed(run)
    # MLflow's own server leaves out a size of nothing.
    equal((name, is_folder, size or 0, download("empty").read_bytes()), ("empty", False, 0, b""))


@pytest.fixture
def tree(file):
    """A folder with three files, at three depths."""
    return str(Path([file(name, name) for name in ("tree/b/d/e.txt", "tree/b/c.txt", "tree/a.txt")][-1]).parent)


def test_a_folder_is_logged_and_comes_back(run, tree, download):
    client.log_artifacts(run, tree)
    equal((paths(run), paths(run, "b"), paths(run, "b/d")), (["a.txt", "b"], ["b/c.txt", "b/d"], ["b/d/e.txt"]))
    whole = download("")
    equal({str(each.relative_to(whole)) for each in whole.rglob("*.txt") if "from" not in each.parts}, {"a.txt", "b/c.txt", "b/d/e.txt"})
    equal((whole / "b" / "d" / "e.txt").read_text(), "tree/b/d/e.txt")


def test_a_folder_is_logged_into_a_folder(run, tree, download):
    client.log_artifacts(run, tree, "copy")
    equal((paths(run), paths(run, "copy")), (["copy"], ["copy/a.txt", "copy/b"]))
    equal((download("copy") / "b" / "c.txt").read_text(), "tree/b/c.txt")


def test_a_folder_is_downloaded_as_the_root_too(run, tree, download):
    client.log_artifacts(run, tree)
    equal((download(".") / "a.txt").read_text(), "tree/a.txt")


def test_a_run_without_files_has_an_empty_list(run):
    equal((listed(run), listed(run, "nothing/here")), ([], []))


def test_a_file_is_not_listed_as_a_folder(run):
    client.log_text(run, "x", "a.txt")
    equal(listed(run, "a.txt"), [])


def test_a_list_is_in_order(run):
    for name in ("c", "a", "b/x", "B", "10", "9"):
        client.log_text(run, name, name)
    equal(paths(run), sorted(["c", "a", "b", "B", "10", "9"]))


def test_a_file_logged_again_is_replaced(run, download):
    client.log_text(run, "one", "a.txt")
    client.log_text(run, "and two", "a.txt")
    equal((listed(run), download("a.txt").read_text()), ([("a.txt", False, 7)], "and two"))


@pytest.mark.parametrize(
    "name",
    ["with space.txt", "größe.txt", "潮/汐 🌊.txt", "plus+and&equals=.txt", "paren(1)[2]{3}.txt", "quote'd.txt", "semi;colon,.txt", "a..b", ".hidden", "ends.", "a/b c/d"],
)
def test_a_file_may_be_called(run, download, name):
    client.log_text(run, name, name)
    equal(download(name).read_text(), name)
    equal(paths(run, os.path.dirname(name) or None), [name])


def test_text_and_dictionaries_are_files(run):
    client.log_text(run, "täxt", "notes/a.md")
    client.log_dict(run, {"lr": 0.1, "layers": [1, 2]}, "config.json")
    client.log_dict(run, {"lr": 0.1, "layers": [1, 2]}, "config.yaml")
    uri = stored(run).info.artifact_uri
    equal(mlflow.artifacts.load_text(f"{uri}/notes/a.md"), "täxt")
    equal(mlflow.artifacts.load_dict(f"{uri}/config.json"), {"lr": 0.1, "layers": [1, 2]})
    assert "layers:" in mlflow.artifacts.load_text(f"runs:/{run}/config.yaml")


def test_figures_are_files(run, download):
    figure, axes = plt.subplots(figsize=(2, 2))
    axes.plot([1, 2, 4])
    client.log_figure(run, figure, "plots/loss.png")
    client.log_figure(run, figure, "plots/loss.svg")
    equal(paths(run, "plots"), ["plots/loss.png", "plots/loss.svg"])
    equal(Image.open(download("plots/loss.png")).format, "PNG")


pixels = numpy.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=numpy.uint8)


def test_an_image_is_a_file_by_its_name(run):
    client.log_image(run, pixels, "one.png")
    client.log_image(run, Image.fromarray(pixels), "two.png")
    equal(paths(run), ["one.png", "two.png"])
    assert (numpy.array(mlflow.artifacts.load_image(f"runs:/{run}/two.png")) == pixels).all()


def test_images_of_a_key_have_their_steps_and_times(run):
    for step in range(3):
        client.log_image(run, mlflow.Image(pixels), key="dog", step=step, timestamp=1000 + step, synchronous=True)
    images = paths(run, "images")
    # A picture and a small one of each; the name has key, step and time.
    equal(len(images), 6)
    for step in range(3):
        # Between them is a sign that was changed once.
        found = [path for path in images if re.search(rf"dog.step.{step}.timestamp.{1000 + step}.", path)]
        equal(sorted(Path(path).suffix for path in found), [".png", ".webp"])
    equal(stored(run).data.tags["mlflow.loggedImages"], "True")


def test_tables_grow_and_are_loaded(run):
    client.log_table(run, {"q": ["one", "two"], "a": [1, 2]}, "table.json")
    client.log_table(run, pandas.DataFrame({"q": ["three"], "a": [3]}), "table.json")
    found = mlflow.load_table("table.json", run_ids=[run], extra_columns=["run_id"])
    equal((list(found["q"]), list(found["a"]), set(found["run_id"])), (["one", "two", "three"], [1, 2, 3], {run}))
    assert "table.json" in stored(run).data.tags["mlflow.loggedArtifacts"]


@pytest.mark.since("3")
def test_a_stream_is_a_file(run, download):
    client.log_stream(run, io.BytesIO(b"streamed"), "stream.bin")
    equal(download("stream.bin").read_bytes(), b"streamed")


def test_artifacts_are_found_by_every_uri(run):
    client.log_text(run, "here", "folder/a.txt")
    for uri in (f"runs:/{run}/folder/a.txt", f"{stored(run).info.artifact_uri}/folder/a.txt"):
        equal(mlflow.artifacts.load_text(uri), "here")
    equal([each.path for each in mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{run}/folder")], ["folder/a.txt"])


def test_an_experiment_has_its_artifacts_where_it_says(download):
    place = unique("elsewhere").replace(" ", "-")
    made = client.create_experiment(unique("elsewhere"), artifact_location=f"mlflow-artifacts:/{place}/here")
    run = client.create_run(made)
    equal(run.info.artifact_uri, f"mlflow-artifacts:/{place}/here/{run.info.run_id}/artifacts")
    client.log_text(run.info.run_id, "there", "a.txt")
    equal(download("a.txt", run.info.run_id).read_text(), "there")


def test_the_files_of_a_deleted_run_stay(run, download):
    client.log_text(run, "here", "a.txt")
    client.delete_run(run)
    equal(download("a.txt").read_text(), "here")


def test_files_and_folders_are_deleted_through_the_repository(run):
    for name in ("a.txt", "b/c.txt", "b/d.txt", "e.txt"):
        client.log_text(run, name, name)
    repository = get_artifact_repository(stored(run).info.artifact_uri)
    repository.delete_artifacts("a.txt")
    equal(paths(run), ["b", "e.txt"])
    repository.delete_artifacts("b")
    equal(paths(run), ["e.txt"])


def test_what_is_not_there_is_said_to_be_missing(run, download):
    with pytest.raises(Exception, match="nothing.txt"):
        download("nothing.txt")


@pytest.mark.parametrize("path", ["../out.txt", "/etc/passwd", "a/../../b"])
def test_a_path_that_climbs_is_refused(run, path):
    with pytest.raises(Exception):
        client.log_text(run, "out", path)
    equal(listed(run), [])


def test_an_unknown_run_has_no_files():
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.list_artifacts("0" * 32)


# Past the client: what its own calls look like on the wire.


def proxied(run, path):
    return f"{origin}/api/2.0/mlflow-artifacts/artifacts/{stored(run).info.artifact_uri.removeprefix('mlflow-artifacts:/')}/{path}"


def test_a_file_is_put_got_and_deleted_by_its_address(run):
    where = proxied(run, "a.txt")
    equal((requests.put(where, data=b"put").status_code, requests.get(where).content), (200, b"put"))
    equal(requests.delete(where).status_code, 200)
    equal(requests.get(where).status_code, 404)


@pytest.mark.parametrize(("name", "kind"), [("a.txt", "text/plain"), ("a.html", "text/html"), ("a.png", "image/png"), ("a.json", "text/plain"), ("MLmodel", "text/plain"), ("a", "application/octet-stream")])
def test_a_file_comes_as_what_it_is_and_to_be_saved(run, name, kind):
    where = proxied(run, name)
    requests.put(where, data=b"x")
    headers = requests.get(where).headers
    equal(headers["Content-Type"].split(";")[0], kind)
    equal(headers["X-Content-Type-Options"], "nosniff")
    assert headers["Content-Disposition"].startswith("attachment"), headers["Content-Disposition"]


def test_a_file_that_is_not_there_is_not_found(run):
    denied(requests.get(proxied(run, "nothing")), 404, "RESOURCE_DOES_NOT_EXIST")


def test_a_folder_is_listed_by_its_address(run):
    client.log_text(run, "12345", "b/c.txt")
    client.log_text(run, "x", "a.txt")
    folder = stored(run).info.artifact_uri.removeprefix("mlflow-artifacts:/")
    answer = requests.get(f"{origin}/api/2.0/mlflow-artifacts/artifacts", params={"path": folder})
    equal(answer.json(), {"files": [{"path": "a.txt", "is_dir": False, "file_size": 1}, {"path": "b", "is_dir": True}]})


def test_a_run_lists_its_files_for_clients_that_do_not_go_by_address(run):
    client.log_text(run, "12345", "b/c.txt")
    answer = get("artifacts/list", run_id=run, path="b").json()
    equal(answer, {"root_uri": stored(run).info.artifact_uri, "files": [{"path": "b/c.txt", "is_dir": False, "file_size": 5}]})
    equal(get("artifacts/list", run_uuid=run).json()["files"], [{"path": "b", "is_dir": True}])


def test_a_page_gets_a_file_of_a_run(run):
    client.log_text(run, "for the page", "a/b.txt")
    answer = requests.get(f"{origin}/get-artifact", params={"run_id": run, "path": "a/b.txt"})
    equal((answer.status_code, answer.text), (200, "for the page"))
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_page_uploads_a_file_to_a_run(run, download):
    answer = requests.post(f"{origin}/ajax-api/2.0/mlflow/upload-artifact", params={"run_uuid": run, "path": "a/b.txt"}, data=b"from the page")
    equal((answer.status_code, download("a/b.txt").read_text()), (200, "from the page"))


@pytest.mark.parametrize("path", ["../path", "a/../../path", "/path", "%2e%2e/path"])
def test_a_page_is_refused_a_path_that_climbs(run, path):
    for answer in (get("artifacts/list", run_id=run, path=path), get("/get-artifact", run_id=run, path=path)):
        denied(answer, 400, "INVALID_PARAMETER_VALUE", "Invalid path")


@pytest.mark.parametrize("path", ["..%2f..%2fout", "%2e%2e/%2e%2e/out", "a/%2e%2e/%2e%2e/%2e%2e/out"])
def test_an_address_that_climbs_is_refused(run, path):
    session = requests.Session()
    request = session.prepare_request(requests.Request("PUT", proxied(run, "x"), data=b"out"))
    request.url = address(f"/api/2.0/mlflow-artifacts/artifacts/{path}")
    denied(session.send(request), 400, "INVALID_PARAMETER_VALUE", "Invalid path")


def test_parts_and_signed_addresses_are_refused_where_the_store_has_none(run):
    folder = stored(run).info.artifact_uri.removeprefix("mlflow-artifacts:/")
    for answer in (
        requests.post(f"{origin}/api/2.0/mlflow-artifacts/mpu/create/{folder}", json={"path": "a.bin", "num_parts": 2}),
        requests.post(f"{origin}/api/2.0/mlflow-artifacts/mpu/complete/{folder}", json={"path": "a.bin", "upload_id": "u", "parts": []}),
        requests.post(f"{origin}/api/2.0/mlflow-artifacts/mpu/abort/{folder}", json={"path": "a.bin", "upload_id": "u"}),
        requests.get(f"{origin}/api/2.0/mlflow-artifacts/presigned/{folder}/a.bin"),
    ):
        denied(answer, 501, "NOT_IMPLEMENTED")


def test_a_file_that_would_go_in_parts_goes_whole_where_the_store_has_none(run, file, download, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1048576")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", "1048576")
    content = os.urandom(3 << 20)
    client.log_artifact(run, file("large.bin", content))
    assert download("large.bin").read_bytes() == content
