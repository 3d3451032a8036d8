"""On an NVIDIA GPU every task trains, goes on, is scored and answers, and its steps do not wait."""

import subprocess
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch

from tasks.training import trainer
from tasks.training.batch_size import largest_that_fits
from tasks.training.device_memory import DeviceMemory
from tasks.training.model import Model
from tests.conftest import ROOT, kill_at, start
from tests.tasks.training.every_task import TASKS, built, task_options, train

pytestmark = [pytest.mark.cuda, pytest.mark.slow]
# compiling torchvision's detectors beside ours takes minutes
BENCHES = {"imagenet": "auto", "ssd_coco": "false", "faster_rcnn_coco": "false"}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Where all tasks' data are drawn, once."""
    return tmp_path_factory.mktemp("every-task")


@pytest.fixture
def options(request, root, sample, tmp_path) -> list[str]:
    """Of the task that the test names, or of the classifier."""
    callspec = getattr(request.node, "callspec", None)
    name = callspec.params.get("name", "image_folder") if callspec else "image_folder"
    return [*task_options(name, root, sample), f"paths.runs={tmp_path}"]


def picture(options: list[str]) -> Path:
    """An image of a run's data."""
    (folder,) = (o.removeprefix("data.root=") for o in options if o.startswith("data.root="))
    return next(path for path in sorted(Path(folder).rglob("*.jpg")) if path.is_file())


@pytest.mark.parametrize("name", TASKS)
def test_a_task_trains_goes_on_is_scored_and_answers(name, options):
    train(built(options), stop=2)
    run = train(built(options))
    assert run.trainer.strategy.root_device.type == "cuda"
    assert run.trainer.global_step == 4
    best = run.directory.best
    answers = [
        Model.load(best, device=device).answer(picture(options)) for device in ("cuda", "cpu")
    ]
    assert answers[0].keys() == answers[1].keys()


@pytest.mark.parametrize("precision", ["32-true", "16-mixed"])
@pytest.mark.parametrize("name", ["image_folder", "ssd_coco", "faster_rcnn_coco"])
def test_a_task_trains_in_other_precisions(name, precision, options, monkeypatch):
    monkeypatch.setattr(trainer, "precision", lambda *_: precision)
    train(built(options), stop=2)
    run = train(built(options))
    assert (run.trainer.precision, run.trainer.global_step) == (precision, 4)


class NoWaiting(pl.Callback):
    """Refuses a step that waits for the device, once the first ones have set everything up."""

    def __init__(self) -> None:
        self.steps = 0

    def on_train_batch_start(self, trainer, task, batch, number) -> None:
        if trainer.global_step >= 2:
            torch.cuda.set_sync_debug_mode("error")

    def on_train_batch_end(self, trainer, task, outputs, batch, number) -> None:
        torch.cuda.set_sync_debug_mode("default")
        self.steps += trainer.global_step > 2

    def on_exception(self, trainer, task, exception) -> None:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", TASKS)
def test_a_step_does_not_wait_for_the_device(name, options):
    """Nor do clipping, the optimizer, the schedule and the average of the weights.

    Images are decoded on the CPU here: the thread that decodes the next batch on the GPU does wait,
    on a stream of its own, and the watch cannot tell it from the step.
    """
    few = ["trainer.log_every_n_steps=1000", "data.batch_size=2", "data.decode=cpu"]
    whole = ["trainer.limit_val_batches=1.0", "trainer.limit_test_batches=1.0"]
    run = built([*options, *few, *whole])
    watch = NoWaiting()
    run.trainer.callbacks.append(watch)
    train(run)
    assert watch.steps == 2


@pytest.mark.parametrize("first", ["cuda", "cpu"])
def test_a_run_goes_on_on_another_kind_of_device(first, options, tmp_path, monkeypatch):
    if first == "cuda":
        train(built(options), stop=2)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        process = start(options)
        out, err = process.communicate(timeout=250)
        assert process.returncode == 0, err
        assert "at step 2" in out
        assert "cpu, " in out
        return
    options = [*options, "trainer.max_epochs=200"]
    with monkeypatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        kill_at(start(options), tmp_path, "20")
    run = built(options)
    train(run, stop=30)
    assert run.trainer.strategy.root_device.type == "cuda"


def test_the_largest_batch_is_found_by_running_out_of_memory():
    device = torch.device("cuda", torch.cuda.current_device())
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.empty_cache()
    used = torch.cuda.memory_reserved(device)
    torch.cuda.set_per_process_memory_fraction((used + 2**30) / total, device)
    try:
        found = largest_that_fits(
            lambda size: torch.empty(size, 2**26, dtype=torch.uint8, device=device).fill_(1),
            1024,
            DeviceMemory(device),
        )
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
    assert found in (8, 16), "of 64 MiB each, in 1 GiB"


@pytest.mark.parametrize("bench", BENCHES)
def test_a_benchmark_prints_its_table(bench, tmp_path):
    options = [f"task={bench}", "size=96", f"paths.runs={tmp_path}", f"compile={BENCHES[bench]}"]
    few = ["task.bench.rounds=1", "task.bench.batch_size=4"]
    answer = subprocess.run(
        [sys.executable, "-m", "tasks.bench", *options, *few],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "images/s" in answer.stdout
    assert ("this suite, compiled" in answer.stdout) == (BENCHES[bench] == "auto")
    assert torch.cuda.get_device_name() in answer.stdout
