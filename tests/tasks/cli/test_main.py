"""The console script, from a folder that holds modules of the suite's own names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.cli.main import COMMANDS
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def crowded(tmp_path) -> Path:
    """A folder with a conf/, a tasks.py and a backbone/ that fail when they are imported."""
    for name in ("conf/__init__.py", "backbone/__init__.py", "tasks.py", "torch.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('the folder was imported')\n")
    (tmp_path / "conf/config.yaml").write_text("defaults: [nothing]\n")
    return tmp_path


def script(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """What the installed script does: its own folder is on the import path, not the caller's."""
    return subprocess.run(
        [sys.executable, "-P", "-c", "from tasks.cli.main import main; main()", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_runs_the_suite_and_not_the_folder(crowded):
    answer = script(crowded, "run", "task=ssd_coco", "backbone.alpha=0.5", "--cfg", "job")
    assert answer.returncode == 0, answer.stderr
    assert "alpha: 0.5" in answer.stdout


def test_so_do_the_jobs_of_a_sweep(crowded):
    answer = script(crowded, "run", "-m", "task=ssd_coco", "seed=0,1", "data.root=nowhere")
    assert answer.returncode == 1
    assert "imported" not in answer.stdout + answer.stderr
    assert answer.stderr.count("COCO 2017 is not complete") == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(crowded, command):
    answer = script(crowded, command, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "usage" in answer.stdout.lower() or "options" in answer.stdout.lower()


def test_an_unknown_command_names_those_that_there_are(crowded):
    answer = script(crowded, "trian")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: there is no command 'trian'")
    assert "predict" in answer.stderr
    assert script(crowded).stdout.startswith("usage:")
