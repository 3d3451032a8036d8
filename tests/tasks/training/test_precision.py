"""Every task trains, goes on and is scored in every precision, here on a CPU.

float16 with a gradient scaler is for GPUs, and Lightning has no such training on a CPU. torch has
the operators, so that the tests put Lightning's plugin in place there.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from lightning.pytorch.trainer.connectors import accelerator_connector

from backbone.errors import InputError
from tasks.training import devices, trainer
from tasks.training.ema import WeightEMA
from tasks.training.fit import Run
from tests.tasks.training.every_task import TASKS, built, task_options, train

pytestmark = pytest.mark.slow
MIXED = ("bf16-mixed", "16-mixed")
# PicoDet's losses choose their anchors by what they cost, and rounding decides between equal ones
TOLERANCE = {"picodet_coco": 0.1}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Where all tasks' data are drawn, once."""
    return tmp_path_factory.mktemp("every-task")


@pytest.fixture
def computing(monkeypatch) -> Callable[[str], None]:
    """`computing(precision)` makes it what precision=auto comes to on this machine."""
    connector = accelerator_connector._AcceleratorConnector
    usual = connector._check_and_init_precision
    chosen = ["32-true"]

    def plugin(self: Any) -> Any:
        mine = usual(self)
        return MixedPrecision("16-mixed", "cpu") if chosen == ["16-mixed"] else mine

    monkeypatch.setattr(connector, "_check_and_init_precision", plugin)
    monkeypatch.setattr(trainer, "precision", lambda *_: chosen[0])
    monkeypatch.setattr(devices, "check_precision", lambda *_: None)

    def choose(precision: str) -> None:
        chosen[0] = precision

    return choose


def always_the_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns what its first call did, whatever it is given."""
    found: list[Any] = []

    def first(*inputs: Any) -> Any:
        if not found:
            found.append(function(*inputs))
        return found[0]

    return first


def agree_on_the_first_loss(run: Run, tolerance: float) -> list[str]:
    """Have the first step's loss terms compared with those in float32; returns their names."""
    usual, seen = run.task.loss, []
    rpn = getattr(run.task.head, "rpn", None)

    def loss(batch: Any) -> Any:
        if seen:
            return usual(batch)
        if rpn is not None:  # rounding decides between proposals, and so which regions are sampled
            rpn.propose = always_the_first(rpn.propose)
        with torch.random.fork_rng(), torch.no_grad(), torch.autocast("cpu", enabled=False):
            exact = usual(batch)
        terms = usual(batch)
        for name, value in exact.items():
            found = terms[name].float()
            torch.testing.assert_close(found, value, rtol=tolerance, atol=tolerance)
            seen.append(name)
        if rpn is not None:
            del rpn.propose
        return terms

    run.task.loss = loss
    return seen


@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.parametrize("name", TASKS)
def test_a_task_trains_goes_on_and_is_scored(name, precision, root, sample, tmp_path, computing):
    options = [*task_options(name, root, sample), f"paths.runs={tmp_path}"]
    computing(precision)
    begun = built(options)
    compared = agree_on_the_first_loss(begun, TOLERANCE.get(name, 0.03))
    train(begun, stop=2)
    assert compared
    run = train(built(options))
    assert run.trainer.precision == precision
    assert run.trainer.global_step == 4
    assert run.directory.best.exists()
    saved = torch.load(run.directory.last, weights_only=True)
    assert ("scale" in saved.get("MixedPrecision", {})) == (precision == "16-mixed")
    kinds = {t.dtype for t in saved["state_dict"].values() if t.is_floating_point()}
    assert kinds == {torch.float32}, "weights stay in float32"


@pytest.mark.parametrize("precision", MIXED)
def test_a_student_learns_in_every_precision(precision, root, sample, tmp_path, computing):
    options = [*task_options("face_attributes", root, sample), f"paths.runs={tmp_path}"]
    teacher = train(built(options)).directory.best
    taught = ["distill=teacher", f"distill.teacher={teacher}", "distill.tolerance=null"]
    computing(precision)
    train(built([*options, *taught]), stop=2)
    run = train(built([*options, *taught]))
    assert (run.trainer.precision, run.trainer.global_step) == (precision, 4)


@pytest.mark.parametrize("then", ["32-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("first", ["32-true", "16-mixed"])
def test_a_run_goes_on_in_the_precision_of_another_machine(
    first, then, root, sample, tmp_path, computing
):
    options = [*task_options("image_folder", root, sample), f"paths.runs={tmp_path}"]
    computing(first)
    begun = torch.load(train(built(options), stop=2).directory.last, weights_only=True)
    computing(then)
    run = train(built(options))
    assert (run.trainer.precision, run.trainer.global_step) == (then, 4)
    ended = torch.load(run.directory.last, weights_only=True)
    left_out = 0.0
    if then == "16-mixed":  # the scale is halved by each step that is left out
        start = begun.get("MixedPrecision", {"scale": 65536.0})["scale"]
        left_out = math.log2(start / ended["MixedPrecision"]["scale"])
    (before,), (after,) = (
        {int(state["step"]) for state in saved["optimizer_states"][0]["state"].values()}
        for saved in (begun, ended)
    )
    assert after == before + 2 - left_out, "the optimizer's state went on"


def overflowing(scale_after: float) -> torch.amp.GradScaler:
    """A scaler at which the first step overflows, and which then has the given scale."""
    return torch.amp.GradScaler("cpu", init_scale=2.0**90, backoff_factor=scale_after / 2.0**90)


@pytest.mark.parametrize("clip", ["10.0", "null"])
@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_a_step_that_overflows_is_left_out(
    optimizer, clip, root, sample, tmp_path, computing, recwarn
):
    options = [*task_options("image_folder", root, sample), f"paths.runs={tmp_path}"]
    options += [f"optimizer={optimizer}", f"trainer.gradient_clip_val={clip}"]
    computing("16-mixed")
    run = built(options)
    run.trainer.precision_plugin.scaler = overflowing(2.0**10)
    before = {name: value.clone() for name, value in run.task.named_parameters()}
    seen = []

    def parameters_moved() -> bool:
        return any(not torch.equal(before[k], v) for k, v in run.task.named_parameters())

    class Watch(pl.Callback):
        def on_train_batch_end(self, trainer, task, *args):
            (average,) = (c for c in trainer.callbacks if isinstance(c, WeightEMA))
            drift = max(
                (average.average[k] - v).abs().max().item() for k, v in task.named_parameters()
            )
            seen.append((trainer.global_step, parameters_moved(), drift > 1e-6))

    run.trainer.callbacks.append(Watch())
    train(run)
    assert seen[0] == (1, False, False), "weights and average stay, and the step counts"
    assert seen[-1] == (4, True, True)
    assert run.trainer.precision_plugin.scaler.get_scale() == 2.0**10
    (schedule,) = run.trainer.lr_scheduler_configs
    assert schedule.scheduler.last_epoch == 4
    assert not [w for w in recwarn if "lr_scheduler.step()" in str(w.message)]


def test_steps_that_always_overflow_end_the_run(root, sample, tmp_path, computing):
    options = [*task_options("image_folder", root, sample), f"paths.runs={tmp_path}"]
    computing("16-mixed")
    run = built(options)
    run.trainer.precision_plugin.scaler = overflowing(0.5)
    with pytest.raises(InputError, match=r"overflow in float16 at step 1.*precision=32-true"):
        train(run)
