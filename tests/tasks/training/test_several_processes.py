"""Runs of two real processes: one folder, one report, the scores of one process, and one end."""

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import assert_same_weights, kill_at, only_run, result_of, start
from tests.tasks.geolocation.conftest import write_places

pytestmark = pytest.mark.usefixtures("alone")

TWO = ["trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
COLORS = {"ants": (200, 60, 60), "bees": (60, 60, 200), "cats": (60, 200, 60)}


def finish(process: subprocess.Popen) -> tuple[str, str]:
    """What a run printed, as output and as errors; one that hangs fails here."""
    try:
        said = process.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        process.kill()  # and with it, on Linux, the others
        raise
    assert process.returncode == 0, said
    return said


def status(path: Path) -> dict:
    return json.loads((path / "status.json").read_text())


def rows(path: Path) -> list[tuple[str, str]]:
    """(step, name) of metrics.csv."""
    return [(r["step"], r["name"]) for r in csv.DictReader((path / "metrics.csv").open())]


def score_alone(run, options: list[str], folder: Path, runs: Path) -> dict[str, float]:
    """The metrics of a run's best checkpoint, in this one process."""
    run(
        *(option for option in options if not option.startswith("mode=")),
        "mode=evaluate",
        "trainer.max_epochs=0",
        f"backbone.weights={folder / 'best.ckpt'}",
        f"paths.runs={runs}",
    )
    return result_of(only_run(runs))["metrics"]


def test_a_detector_trains_in_two_processes(run, tiny, tmp_path):
    """Lightning starts the second process: one folder, one report, the scores of one process."""
    # long enough to find something, with any release of torch
    longer = ["trainer.max_epochs=6", "trainer.check_val_every_n_epoch=3", "optimizer.lr=3e-3"]
    options = [*tiny, "data.batch_size=3", *longer]
    output, errors = finish(start([*options, *TWO]))
    path = only_run(tmp_path / "runs")
    assert output.count("network: ") == output.count("run directory: ") == 1
    assert errors == "", "nothing from the second process, and no warnings of Lightning's"
    epochs = [line for line in output.splitlines() if line.startswith("epoch ")]
    assert len(epochs) == 6, "one process reports"
    assert "; AP " in epochs[2]
    found = result_of(path)
    # 24 images: 4 steps of 2 x 3 images per epoch; 9 images are scored: 5 of them by the first
    assert found["steps"] == 24
    assert found["scored_images"] == 9
    names = rows(path)
    assert len(names) == len(set(names)), "one process writes"
    score = score_alone(run, options, path, tmp_path / "alone")
    assert score == pytest.approx(found["metrics"], abs=1e-6)
    assert 0 < found["metrics"]["AR100"] < 1, "or it would not show"


def test_geolocation_under_torchrun(run, tmp_path):
    """Both processes start at once, and draw one partition."""
    places = write_places(tmp_path / "places", {"train": 40, "val": 11})
    options = [
        *("task=planet", "optimizer=adamw", "backbone.alpha=0.25", "size=32"),
        *("data.workers=0", "data.batch_size=4", "data.t_max=8", "data.t_min=2"),
        *("trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
        *(f"data.root={places}", f"paths.cache={tmp_path / 'cache'}"),
        "trainer.enable_progress_bar=false",
    ]
    runs = tmp_path / "runs"
    output, _ = finish(start([*options, *TWO, f"paths.runs={runs}", "fresh=true"], TORCHRUN))
    assert output.count("network: ") == output.count("run directory: ") == 1
    path = only_run(runs)
    found = result_of(path)
    score = score_alone(run, options, path, tmp_path / "alone")
    assert score == pytest.approx(found["metrics"], rel=1e-6)
    intervals = result_of(only_run(tmp_path / "alone"))["intervals"]
    assert intervals.keys() == found["intervals"].keys()
    for name, ends in intervals.items():
        assert ends == pytest.approx(found["intervals"][name], rel=1e-5), name


def write_images(root: Path) -> None:
    """36 + 13 images of three classes, a colour each."""
    rng = np.random.default_rng(0)
    for split, counts in (("train", (12, 12, 12)), ("val", (5, 4, 4))):
        for (name, color), count in zip(COLORS.items(), counts, strict=True):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                noise = rng.integers(-80, 81, (40, 48, 3))
                pixels = (np.array(color) + noise).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.jpg")


@pytest.fixture
def classifier(tmp_path) -> list[str]:
    write_images(tmp_path / "images")
    return [
        *("task=image_folder", "optimizer=adamw", "optimizer.lr=1e-3", "optimizer.ema_decay=0.9"),
        *("backbone.alpha=0.25", "size=32", "data.workers=0", "data.batch_size=3"),
        *("trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
        *(f"data.root={tmp_path / 'images'}", f"paths.cache={tmp_path / 'cache'}"),
        "trainer.enable_progress_bar=false",
        "trainer.checkpoint_minutes=0.0001",
    ]


def test_a_classifier_killed_and_continued(run, classifier, tmp_path):
    """With its main process the other one ends; both go on at the same step, to the same end."""
    folders = [tmp_path / "unbroken", tmp_path / "killed"]
    finish(start([*classifier, *TWO, f"paths.runs={folders[0]}"]))
    options = [*classifier, *TWO, f"paths.runs={folders[1]}"]
    killed = start(options)
    kill_at(killed, folders[1], step="9")
    killed.communicate(timeout=60)  # the pipes close when the last process is gone
    assert status(only_run(folders[1]))["state"] == "running", "nothing was left to change it"
    output, _ = finish(start(options))
    assert 6 <= int(output.partition("at step ")[2].split()[0]) < 12
    paths = [only_run(folder) for folder in folders]
    assert result_of(paths[0])["metrics"] == result_of(paths[1])["metrics"]
    assert result_of(paths[1])["steps"] == result_of(paths[0])["steps"]
    assert rows(paths[0]) == rows(paths[1])
    assert_same_weights(*paths)
    # 36 images in steps of 2 x 3, so the learning rate of 6
    last = torch.load(paths[0] / "last.ckpt", weights_only=True)
    assert last["global_step"] == 12
    rate = last["optimizer_states"][0]["param_groups"][0]["initial_lr"]
    assert rate == pytest.approx(1e-3 * 6 / 32)
    score = score_alone(run, classifier, paths[0], tmp_path / "alone")
    assert score == pytest.approx(result_of(paths[0])["metrics"], abs=1e-6)


@pytest.mark.slow
def test_an_error_of_the_second_process_ends_both(classifier, tmp_path):
    """The second image of the validation set is its share: only it reads the damaged file."""
    victim = tmp_path / "images/val/ants/1.jpg"
    content = victim.read_bytes()
    # both ends are whole, so that only decoding finds the damage
    victim.write_bytes(content[:200] + content[-2:])
    process = start([*classifier, *TWO, f"paths.runs={tmp_path / 'runs'}"])
    output, errors = process.communicate(timeout=150)
    assert process.returncode != 0
    assert errors.count("error: ") == 1, errors
    assert "ants/1.jpg: damaged" in errors
    assert "Traceback" not in errors
    found = status(only_run(tmp_path / "runs"))
    assert found["state"] == "failed"
    assert "ants/1.jpg: damaged" in found["error"]
    assert "run directory: " not in output
