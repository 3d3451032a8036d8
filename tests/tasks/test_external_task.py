"""The README's own example of a task outside of the repository, followed to the letter."""

import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT


@pytest.fixture
def mine(tmp_path):
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


def test_a_task_defined_elsewhere_trains_and_scores(mine):
    shades = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 3)):
        for grade in range(4):
            folder = mine / "images" / split / str(grade)
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = shades.integers(0, 40, (32, 32, 3)) + 60 * grade
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    (line,) = re.findall(r"^    (PYTHONPATH=mine python .*)$", readme(), re.MULTILINE)
    line = line.replace("/path/to/folder", "images").replace("PYTHONPATH=mine python ", "")
    small = "backbone.alpha=0.25 size=32 data.batch_size=8 data.workers=0 optimizer.lr=3e-3"
    quick = (
        "trainer.max_epochs=12 trainer.check_val_every_n_epoch=6 trainer.enable_progress_bar=false"
    )
    answer = subprocess.run(
        [sys.executable, *shlex.split(f"{line} {small} {quick} augment=false")],
        cwd=mine,
        env=os.environ | {"PYTHONPATH": f"mine{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert answer.returncode == 0, answer.stderr
    (path,) = (mine / "runs" / "grades").glob("*/result.json")
    metrics = json.loads(path.read_text())["metrics"]
    # by chance a grade is 1.25 off
    assert metrics["mean_grade_error"] < 0.7, metrics
    assert (path.parent / "best.ckpt").exists()


def test_its_keys_are_known_too(mine):
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "tasks.run", "hydra.searchpath=[file://mine/conf]"),
            *("task=grades", "task.module.flipp=0"),
        ],
        cwd=mine,
        env=os.environ | {"PYTHONPATH": f"mine{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert answer.returncode == 2
    assert "Did you mean 'task.module.flip'" in answer.stderr
