"""Optuna in place of all combinations: killed and begun again, it goes on where it was."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tasks.cli.test_sweep import command, runs, sweep

pytestmark = pytest.mark.slow

OPTUNA = ["-m", "hydra/sweeper=optuna", "hydra.sweeper.n_jobs=1"]
SEARCH = [*OPTUNA, "hydra.sweeper.n_trials=3", "seed=range(6,12)"]


def finished(tmp_path: Path) -> bool:
    return any(tmp_path.glob("runs/image_folder/*/result.json"))


def test_killed_and_begun_again_it_repeats_no_trial(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    first = subprocess.Popen(command(tmp_path, *SEARCH), cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 150
    while not finished(tmp_path):
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    (before,) = (seed for seed, run in runs(tmp_path).items() if run["state"] == "finished")
    answer = sweep(tmp_path, *SEARCH)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    trials = [int(line.split()[0].removeprefix("seed=")) for line in lines if line[:5] == "seed="]
    assert trials[0] == before, "the first trial is asked for again, and is there already"
    assert runs(tmp_path)[before]["began"] == 1
    assert len(trials) == 3
    assert set(runs(tmp_path)) == set(trials)
    # the stand-in's score is a tenth of its seed
    assert f"best: {max(trials) / 10:.4g} with seed={max(trials)}" in answer.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([*OPTUNA], "no option is searched"),
        ([*SEARCH, "hydra.sweeper.direction=minimize"], "sets the direction"),
        ([*SEARCH, "hydra.sweeper.storage=sqlite:///a"], "leave this option out"),
        (["-m", "hydra/sweeper=ax", "seed=0,1"], "hydra/sweeper"),
    ],
)
def test_what_cannot_be_searched_is_said(run, options, said):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    answer = run("task=image_folder", *options)
    assert answer.code == 2
    assert said in answer.err


def test_a_missing_package_is_named(run, monkeypatch):
    from tasks.cli import search

    monkeypatch.setattr(search, "find_spec", lambda name: None)
    answer = run("task=image_folder", *SEARCH)
    assert answer.code == 2
    assert "the extra optuna" in answer.err
