"""A run that ends when its score no longer improves, also when it was killed in between."""

import shutil
from pathlib import Path

import pytest
import torch

from tests.conftest import kill_at, only_run, result_of, start
from tests.tasks.training.test_several_processes import write_images

pytestmark = pytest.mark.slow


@pytest.fixture
def options(tmp_path) -> list[str]:
    """A classifier of one class: its first score is its best. An epoch has two steps."""
    write_images(tmp_path / "images")
    for split in ("train", "val"):
        for name in ("bees", "cats"):
            shutil.rmtree(tmp_path / "images" / split / name)
    return [
        *("task=image_folder", "optimizer=sgd", "optimizer.ema_decay=null"),
        *("backbone.alpha=0.25", "size=32", "data.workers=0", "data.batch_size=6", "augment=false"),
        *(f"data.root={tmp_path / 'images'}", f"paths.cache={tmp_path / 'cache'}"),
        *("trainer.max_epochs=9", "trainer.log_every_n_steps=1", "early_stop.patience=2"),
        "trainer.enable_progress_bar=false",
    ]


def ended(path: Path) -> tuple[int, int]:
    """Steps, and the epochs after which it says that it stopped."""
    result = result_of(path)
    return result["steps"], result["stopped_early_after_epochs"]


def newest(runs: Path) -> Path:
    """The directory of the run that finished last."""
    return max(runs.glob("*/*/result.json"), key=lambda path: path.stat().st_mtime_ns).parent


def test_it_ends_after_its_patience_and_stays_ended(run, options, tmp_path):
    killed = start([*options, f"paths.runs={tmp_path / 'runs'}"])
    kill_at(killed, tmp_path / "runs", step="4")  # in the third epoch; the second was no better
    killed.communicate()
    path = only_run(tmp_path / "runs")
    saved = torch.load(path / "last.ckpt", weights_only=True)["callbacks"]
    (counted,) = (state["wait_count"] for key, state in saved.items() if "EarlyStop" in key)
    assert counted == 1
    answer = run(*options, f"paths.runs={tmp_path / 'runs'}")
    assert "continuing" in answer.out
    assert "stopped after epoch 3 of 9: no better top1 in 2 validations" in answer.out
    assert ended(path) == (6, 3), "the first, and two that are no better"

    (path / "result.json").unlink()  # as if it had been killed before its result
    run(*options, f"paths.runs={tmp_path / 'runs'}")
    assert ended(path) == (6, 3)

    # more epochs alone would change nothing
    answer = run(*options, f"paths.runs={tmp_path / 'runs'}", "extend=1", code=2)
    assert "early_stop.patience=2 leaves nothing to train" in answer.err
    assert f"{path / 'last.ckpt'} has already made 2 validations without a better" in answer.err
    more = ["trainer.max_epochs=4", f"resume={path / 'last.ckpt'}", "early_stop.patience=9"]
    run(*options, f"paths.runs={tmp_path / 'runs'}", *more)
    assert ended(newest(tmp_path / "runs")) == (8, None)


def test_patience_needs_validations(run):
    answer = run(
        "task=image_folder", "early_stop.patience=2", "trainer.limit_val_batches=0", code=2
    )
    assert "early_stop.patience=2 counts validations" in answer.err
    run("task=image_folder", "early_stop.patience=0", code=2)
