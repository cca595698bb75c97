"""Artifacts: files, figures, images and tables, up and down through the server."""

import os
import tempfile
from pathlib import Path

import matplotlib
import mlflow
import numpy
import pandas
from checks import check, equal, refused, run
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

client = MlflowClient()
mlflow.set_experiment("artifacts")
folder = Path(tempfile.mkdtemp())


def file(name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def listed(run_id, path=None):
    return [(each.path, each.is_dir, each.file_size) for each in client.list_artifacts(run_id, path)]


def download(run_id, path):
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path, dst_path=tempfile.mkdtemp()))


@check
def a_file_is_logged_and_comes_back():
    content = os.urandom(300_000)
    with mlflow.start_run() as active:
        mlflow.log_artifact(file("model.bin", content))
        mlflow.log_artifact(file("model.bin", content), "deep/er")
    run_id = active.info.run_id
    equal(listed(run_id), [("deep", True, None), ("model.bin", False, 300_000)])
    equal(listed(run_id, "deep"), [("deep/er", True, None)])
    equal(listed(run_id, "deep/er"), [("deep/er/model.bin", False, 300_000)])
    equal(download(run_id, "deep/er/model.bin").read_bytes(), content)
    equal(Path(client.download_artifacts(run_id, "model.bin", tempfile.mkdtemp())).read_bytes(), content)


@check
def a_large_file_is_streamed_both_ways():
    content = os.urandom(1 << 20) * 24
    with mlflow.start_run() as active:
        mlflow.log_artifact(file("large.bin", content))
    equal(listed(active.info.run_id), [("large.bin", False, len(content))])
    assert download(active.info.run_id, "large.bin").read_bytes() == content


@check
def an_empty_file_is_a_file():
    with mlflow.start_run() as active:
        mlflow.log_artifact(file("empty", b""))
    equal(listed(active.info.run_id), [("empty", False, 0)])
    equal(download(active.info.run_id, "empty").read_bytes(), b"")


@check
def a_folder_is_logged_and_comes_back():
    for name in ("tree/a.txt", "tree/b/c.txt", "tree/b/d/e.txt"):
        file(name, name)
    with mlflow.start_run() as active:
        mlflow.log_artifacts(str(folder / "tree"))
        mlflow.log_artifacts(str(folder / "tree"), artifact_path="copy")
    run_id = active.info.run_id
    equal([path for path, *_ in listed(run_id)], ["a.txt", "b", "copy"])
    whole = download(run_id, "")
    equal((whole / "copy" / "b" / "d" / "e.txt").read_text(), "tree/b/d/e.txt")
    equal((download(run_id, "b") / "c.txt").read_text(), "tree/b/c.txt")
    equal(sum(each.is_file() for each in whole.rglob("*")), 6)


@check
def a_run_without_files_has_an_empty_list():
    with mlflow.start_run() as active:
        pass
    equal(listed(active.info.run_id), [])
    equal(listed(active.info.run_id, "nothing/here"), [])


@check
def a_file_logged_again_is_replaced():
    with mlflow.start_run() as active:
        mlflow.log_text("one", "a.txt")
        mlflow.log_text("and two", "a.txt")
    equal(mlflow.artifacts.load_text(f"{active.info.artifact_uri}/a.txt"), "and two")
    equal(listed(active.info.run_id), [("a.txt", False, 7)])


@check
def names_have_spaces_and_every_script():
    names = ["with space.txt", "größe.txt", "潮/汐 🌊.txt", "plus+and&equals=.txt", "paren(1)[2]{3}.txt", "quote'd.txt", "semi;colon,.txt", "a..b", ".hidden"]
    with mlflow.start_run() as active:
        for name in names:
            mlflow.log_text(name, name)
    for name in names:
        equal(download(active.info.run_id, name).read_text(), name)
    equal([path for path, *_ in listed(active.info.run_id, "潮")], ["潮/汐 🌊.txt"])


@check
def text_and_dictionaries_are_files():
    with mlflow.start_run() as active:
        mlflow.log_text("täxt", "notes/a.md")
        mlflow.log_dict({"lr": 0.1, "layers": [1, 2]}, "config.json")
        mlflow.log_dict({"lr": 0.1, "layers": [1, 2]}, "config.yaml")
    uri = active.info.artifact_uri
    equal(mlflow.artifacts.load_text(f"{uri}/notes/a.md"), "täxt")
    equal(mlflow.artifacts.load_dict(f"{uri}/config.json"), {"lr": 0.1, "layers": [1, 2]})
    assert "layers:" in mlflow.artifacts.load_text(f"runs:/{active.info.run_id}/config.yaml")


@check
def figures_are_files():
    figure, axes = plt.subplots(figsize=(2, 2))
    axes.plot([1, 2, 4])
    with mlflow.start_run() as active:
        mlflow.log_figure(figure, "plots/loss.png")
        mlflow.log_figure(figure, "plots/loss.svg")
    equal([path for path, *_ in listed(active.info.run_id, "plots")], ["plots/loss.png", "plots/loss.svg"])
    equal(Image.open(download(active.info.run_id, "plots/loss.png")).format, "PNG")


@check
def images_are_files_by_name_and_by_key_and_step():
    pixels = numpy.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=numpy.uint8)
    with mlflow.start_run() as active:
        mlflow.log_image(pixels, "one.png")
        mlflow.log_image(Image.fromarray(pixels), "two.png")
        for step in range(3):
            mlflow.log_image(mlflow.Image(pixels), key="samples/dog", step=step, timestamp=1000 + step)
        mlflow.log_image(pixels, key="now", synchronous=True)
    run_id = active.info.run_id
    equal([path for path, *_ in listed(run_id)], ["images", "one.png", "two.png"])
    images = [path for path, *_ in listed(run_id, "images")]
    # A picture and a small one of each; the name has key, step and time.
    equal(len(images), 8)
    for step in range(3):
        found = [path for path in images if f"samples~dog+step+{step}+timestamp+{1000 + step}+" in path]
        equal(sorted(Path(path).suffix for path in found), [".png", ".webp"])
    picture = next(path for path in images if "+step+1+" in path and path.endswith(".png"))
    assert (numpy.array(mlflow.artifacts.load_image(f"{active.info.artifact_uri}/{picture}")) == pixels).all()
    equal(client.get_run(run_id).data.tags["mlflow.loggedImages"], "True")


@check
def tables_grow_and_are_loaded():
    with mlflow.start_run() as active:
        mlflow.log_table({"q": ["one", "two"], "a": [1, 2]}, "table.json")
        mlflow.log_table(pandas.DataFrame({"q": ["three"], "a": [3]}), "table.json")
    found = mlflow.load_table("table.json", run_ids=[active.info.run_id])
    equal((list(found["q"]), list(found["a"])), (["one", "two", "three"], [1, 2, 3]))
    found = mlflow.load_table("table.json", extra_columns=["run_id"])
    equal(set(found["run_id"]), {active.info.run_id})
    assert "table.json" in client.get_run(active.info.run_id).data.tags["mlflow.loggedArtifacts"]


@check
def a_stream_is_a_file():
    import io

    with mlflow.start_run() as active:
        client.log_stream(active.info.run_id, io.BytesIO(b"streamed"), "stream.bin")
    equal(download(active.info.run_id, "stream.bin").read_bytes(), b"streamed")


@check
def artifacts_are_found_by_every_uri():
    with mlflow.start_run() as active:
        mlflow.log_text("here", "folder/a.txt")
        address = mlflow.get_artifact_uri("folder/a.txt")
    for uri in (f"runs:/{active.info.run_id}/folder/a.txt", f"{active.info.artifact_uri}/folder/a.txt", address):
        equal(mlflow.artifacts.load_text(uri), "here")
    found = mlflow.artifacts.list_artifacts(artifact_uri=f"runs:/{active.info.run_id}/folder")
    equal([each.path for each in found], ["folder/a.txt"])


@check
def an_experiment_has_its_artifacts_where_it_says():
    made = client.create_experiment("artifacts elsewhere", artifact_location="mlflow-artifacts:/elsewhere/here")
    with mlflow.start_run(experiment_id=made) as active:
        mlflow.log_text("there", "a.txt")
    equal(active.info.artifact_uri, f"{client.get_experiment(made).artifact_location}/{active.info.run_id}/artifacts")
    equal(download(active.info.run_id, "a.txt").read_text(), "there")


@check
def files_are_deleted_through_the_repository():
    with mlflow.start_run() as active:
        for name in ("a.txt", "b/c.txt", "b/d.txt", "e.txt"):
            mlflow.log_text(name, name)
    repository = get_artifact_repository(active.info.artifact_uri)
    repository.delete_artifacts("a.txt")
    equal([path for path, *_ in listed(active.info.run_id)], ["b", "e.txt"])
    repository.delete_artifacts("b")
    equal([path for path, *_ in listed(active.info.run_id)], ["e.txt"])
    repository.delete_artifacts()
    equal(listed(active.info.run_id), [])


@check
def what_is_not_there_is_said_to_be_missing():
    with mlflow.start_run() as active:
        mlflow.log_text("here", "a.txt")
    with refused("RESOURCE_DOES_NOT_EXIST", "Failed to download artifacts from path 'nothing.txt'"):
        download(active.info.run_id, "nothing.txt")


@check
def paths_that_climb_are_refused():
    with mlflow.start_run() as active:
        mlflow.log_text("here", "a.txt")
        for path in ("../out.txt", "/etc/passwd", "a/../../b"):
            try:
                mlflow.log_text("out", path)
            except Exception:
                continue
            raise AssertionError(f"{path} was written")
        try:
            client.list_artifacts(active.info.run_id, "../..")
        except Exception as error:
            assert "400" in str(error) and "Invalid path" in str(error), error
    equal(listed(active.info.run_id), [("a.txt", False, 4)])


@check
def the_files_of_a_deleted_run_stay():
    with mlflow.start_run() as active:
        mlflow.log_text("here", "a.txt")
    client.delete_run(active.info.run_id)
    equal(download(active.info.run_id, "a.txt").read_text(), "here")


run()
