"""The checkpoints of an interrupted run, damaged or another's: named before anything is trained."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import result_of, tiny_options

pytestmark = pytest.mark.slow


@pytest.fixture
def stopped(detector, sample, tmp_path) -> tuple[Path, list[str]]:
    """A run that is all but reported, in the test's own folder, and its options."""
    shutil.copytree(detector.runs, tmp_path / "runs")
    (path,) = (tmp_path / "runs/ssd_coco").iterdir()
    (path / "result.json").unlink()
    return path, tiny_options(sample, tmp_path)


def change(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


def without_checksum(edit: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def both(content: dict[str, Any]) -> None:
        edit(content)
        content["checksum"] = None

    return both


EDITS = {
    "no optimizer": (lambda c: c.pop("optimizer_states"), "lacks optimizer_states"),
    "empty optimizer": (lambda c: c.update(optimizer_states=[]), "lacks optimizer_states"),
    "odd optimizer": (lambda c: c.update(optimizer_states=[{}]), "lacks optimizer_states"),
    "no loops": (lambda c: c.update(loops=None), "lacks loops"),
    "no fit loop": (lambda c: c.update(loops={}), "lacks loops"),
    "no average": (lambda c: c.pop("training_state_dict"), "lacks training_state_dict"),
    "weights alone": (
        lambda c: [
            c.pop(k) for k in list(c) if k not in ("format", "config", "labels", "state_dict")
        ],
        "lacks epoch",
    ),
    "another rate": (lambda c: c["config"]["optimizer"].update(lr=7.0), "optimizer.lr=7.0 where"),
    "another task": (lambda c: c["config"]["task"].update(name="imagenet"), 'task.name="imagenet"'),
    "other classes": (
        lambda c: c["labels"].update(ids=[i + 1 for i in c["labels"]["ids"]]),
        "the data now has",
    ),
    "another network": (
        without_checksum(lambda c: c["state_dict"].pop(next(iter(c["state_dict"])))),
        "weights of another network",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_checkpoint_that_does_not_fit_is_named(run, stopped, name):
    path, options = stopped
    edit, said = EDITS[name]
    change(path / "last.ckpt", edit)
    before = (path / "last.ckpt").read_bytes()
    answer = run(*options, code=2)
    assert str(path / "last.ckpt") in answer.err
    assert said in answer.err
    assert "fresh=true" in answer.err
    assert "Traceback" not in answer.err
    assert (path / "last.ckpt").read_bytes() == before
    assert json.loads((path / "status.json").read_text())["state"] == "failed"


@pytest.mark.parametrize("name", ["last.ckpt", "best.ckpt"])
@pytest.mark.parametrize("length", [0, 1000, -100, None], ids=["empty", "cut", "end", "folder"])
def test_a_damaged_checkpoint_is_named(run, stopped, name, length):
    path, options = stopped
    whole = (path / name).read_bytes()
    if length is None:
        (path / name).unlink()
        (path / name).mkdir()
    else:
        (path / name).write_bytes(whole[:length])
    answer = run(*options, code=2)
    assert str(path / name) in answer.err
    assert "move it away" in answer.err or "fresh=true" in answer.err
    assert "Traceback" not in answer.err


def test_without_a_damaged_best_the_run_goes_on(run, stopped):
    path, options = stopped
    (path / "best.ckpt").rename(path / "mine")
    run(*options)
    assert (path / "result.json").exists()


def test_a_damaged_record_costs_nothing(run, stopped, detector):
    """Of all that is set aside or written again, the result depends on nothing."""
    path, options = stopped
    (path / "metrics.csv").write_bytes(b"\0\xff" * 500 + (path / "metrics.csv").read_bytes())
    (path / "status.json").write_bytes(b"\0")
    for name in ("config.yaml", "plots"):
        if (path / name).is_dir():
            shutil.rmtree(path / name)
            (path / name).touch()
        else:
            (path / name).unlink()
            (path / name).mkdir()
    (path / ".last.ckpt.partial").touch()
    answer = run(*options, pictures=True)
    results = [result_of(p) for p in (path, detector.path)]
    assert results[0]["metrics"] == results[1]["metrics"]
    for name in ("config.yaml", "plots", "metrics.csv"):
        assert f"{path / name} is damaged: it was renamed to {name}.damaged" in answer.err
    assert (path / "plots/learning_curves.png").exists()
    assert not list(path.rglob(".*.partial"))
