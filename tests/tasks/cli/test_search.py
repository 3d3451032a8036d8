"""Optuna in place of all combinations: killed and begun again, it goes on where it was."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.plugins import Plugins

from tests.conftest import ROOT, wait_for
from tests.tasks.cli.test_sweep import command, runs, sweep

pytestmark = pytest.mark.slow

OPTUNA = ["-m", "hydra/sweeper=optuna", "hydra.sweeper.n_jobs=1"]
SEARCH = [*OPTUNA, "hydra.sweeper.n_trials=3", "seed=range(6,12)"]


def finished(tmp_path: Path) -> bool:
    return any(tmp_path.glob("runs/image_folder/*/result.json"))


def test_killed_and_begun_again_it_repeats_no_trial(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    first = subprocess.Popen(command(tmp_path, *SEARCH), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(first, lambda: finished(tmp_path))
    first.kill()
    first.wait()
    (before,) = (seed for seed, run in runs(tmp_path).items() if run["state"] == "finished")
    answer = sweep(tmp_path, *SEARCH)
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
        ([*SEARCH, "hydra.sweeper.n_trials=0"], "must be a whole number from 1"),
        ([*SEARCH, "hydra.sweeper.n_jobs=0"], "must be a whole number from 1"),
        ([*SEARCH, "optimizer.lr=interval(0.1,0.001)"], "the search is not possible: The `low`"),
        (["-m", "hydra/sweeper=ax", "seed=0,1"], "hydra/sweeper"),
    ],
)
def test_what_cannot_be_searched_is_said(run, options, said):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    answer = run("task=image_folder", *options, code=2)
    assert said in answer.err


def test_trials_of_several_lengths_begin_anew(run, monkeypatch):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    asked: list[str] = []

    class Sweeper:
        def sweep(self, arguments: list[str]) -> None:
            asked.extend(arguments)
            raise ValueError("No trials are completed yet.")

    monkeypatch.setattr(Plugins, "instantiate_sweeper", lambda *_, **__: Sweeper())
    run("task=image_folder", *OPTUNA, "trainer.max_epochs=range(2,5)", code=1)
    assert asked[-1] == "resume=none"


def test_a_score_that_is_undefined_fails_its_trial(monkeypatch):
    from tasks.cli import search

    result = {"metrics": {"AP": -1.0}, "paper": None, "monitor": "AP"}
    stand_in = SimpleNamespace(result=lambda: result)
    monkeypatch.setattr(search, "HydraConfig", SimpleNamespace(get=lambda: Overrides))
    monkeypatch.setattr(search, "RunDirectory", lambda config: stand_in)
    trial = search.TrialScore(lambda config: 0, ())
    with pytest.raises(RuntimeError, match="AP is undefined"):
        trial(None)


class Overrides:
    overrides = SimpleNamespace(task=["task=ssd_coco"])


def test_a_missing_package_is_named(run, monkeypatch):
    from tasks.cli import search

    monkeypatch.setattr(search, "find_spec", lambda name: None)
    answer = run("task=image_folder", *SEARCH, code=2)
    assert "the extra optuna" in answer.err
