"""The README's own example of a task outside of the repository, followed to the letter."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT


@pytest.fixture
def mine(tmp_path) -> Path:
    """The files that the README shows, where it says."""
    shown = re.findall(r"^`(mine/\S+)`\n+```\w+\n(.*?)^```", readme(), re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    for name, text in shown:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def readme() -> str:
    return (ROOT / "README.md").read_text()


def shown_command(module: str) -> list[str]:
    """The README's own command line for its example."""
    (line,) = re.findall(rf"^    PYTHONPATH=mine python (-m {module} .*)$", readme(), re.MULTILINE)
    return shlex.split(line)


def python(mine: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=mine,
        env=os.environ | {"PYTHONPATH": f"mine{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.slow
def test_a_task_defined_elsewhere_trains_scores_predicts_and_draws(mine):
    shades = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 3)):
        for grade in range(4):
            folder = mine / "images" / split / str(grade)
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = shades.integers(0, 40, (32, 32, 3)) + 60 * grade
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    command = [part.replace("/path/to/folder", "images") for part in shown_command("tasks.run")]
    small = "backbone.alpha=0.25 size=32 data.batch_size=8 data.workers=0 optimizer.lr=3e-3"
    quick = "trainer.max_epochs=12 trainer.check_val_every_n_epoch=6"
    quiet = "trainer.enable_progress_bar=false augment=false"
    answer = python(mine, *command, *f"{small} {quick} {quiet}".split())
    assert answer.returncode == 0, answer.stderr
    assert "warning" not in answer.stderr
    (path,) = (mine / "runs" / "grades").glob("*/result.json")
    result = json.loads(path.read_text())
    metrics = result["metrics"]
    assert metrics["mean_error"] < 0.7, metrics  # by chance 1.25
    low, high = result["intervals"]["mean_error"]
    assert low < metrics["mean_error"] < high
    assert result["lower_is_better"] == ["mean_error"]
    plots = {picture.name for picture in (path.parent / "plots").iterdir()}
    assert plots == {"learning_curves.png", "predictions.png"}

    best, image = str(path.parent / "best.ckpt"), "images/val/3/0.png"
    places = {"runs/grades/.../best.ckpt": best, "photo.jpg": image}
    command = [places.get(part, part) for part in shown_command("tasks.predict")]
    answer = python(mine, *command)
    assert answer.returncode == 0, answer.stderr
    (said,) = json.loads((mine / "predictions/predictions.json").read_text())
    assert said["grade"] == 3
    assert len(said["beyond"]) == 3
    assert Image.open(mine / "predictions" / said["picture"]).size[0] >= 320
    answer = python(mine, *command[: command.index("--trust")])
    assert answer.returncode == 2
    assert "--trust grades" in answer.stderr


@pytest.mark.slow
def test_its_keys_are_known_too(mine):
    search = "hydra.searchpath=[file://mine/conf]"
    answer = python(mine, "-m", "tasks.run", search, "task=grades", "preprocess.flipp=0")
    assert answer.returncode == 2
    assert "Did you mean preprocess.flip" in answer.stderr
