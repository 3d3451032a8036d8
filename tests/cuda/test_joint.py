"""On an NVIDIA GPU parts train together: compiled, with balanced gradients, without waiting."""

import pytest
import torch

from tasks.training.model import Model
from tests.cuda.test_every_task import NoWaiting, picture
from tests.tasks.joint.runs import joint_options
from tests.tasks.training.every_task import built, train

pytestmark = [pytest.mark.cuda, pytest.mark.slow]
TWO = ("ssd_coco", "image_folder")


@pytest.fixture(params=["shared", "per_part"])
def options(request, sample, tmp_path) -> list[str]:
    more = ("task.weights=gradients", f"task.statistics={request.param}", "optimizer=adamw")
    return joint_options(tmp_path, sample, *more, parts=TWO)


def test_parts_train_go_on_and_answer(options, capsys):
    """Compiled in the form that asks more of the compiler: a set of statistics for each part."""
    compiled = "true" if "task.statistics=per_part" in options else "false"
    options = [*options, f"compile={compiled}"]
    train(built(options), stop=2)
    run = train(built(options))
    assert run.trainer.strategy.root_device.type == "cuda"
    assert run.trainer.global_step == 12
    assert "torch.compile failed" not in capsys.readouterr().err
    assert run.task.balance.measured.all()
    assert run.task.balance.norms.isfinite().all()
    answers = [
        Model.load(run.directory.best, device=device).answer(picture([root(options)]))
        for device in ("cuda", "cpu")
    ]
    assert answers[0].keys() == answers[1].keys() == set(TWO)


def test_a_step_of_all_parts_does_not_wait_for_the_device(options):
    few = ["trainer.log_every_n_steps=1000"]
    few += [f"parts.{name}.data.decode=cpu" for name in TWO]
    run = built([*options, *few])
    watch = NoWaiting()
    run.trainer.callbacks.append(watch)
    train(run)
    assert watch.steps == 10


@pytest.mark.parametrize("options", ["shared"], indirect=True)
def test_accumulated_gradients_are_measured_alike_when_compiled(options, tmp_path):
    norms = {}
    for compiled in ("false", "true"):
        more = ["trainer.accumulate_grad_batches=2", f"paths.runs={tmp_path / compiled}"]
        run = train(built([*options, *more, f"compile={compiled}", "trainer.max_epochs=1"]))
        norms[compiled] = run.task.balance.norms.cpu()
    torch.testing.assert_close(norms["true"], norms["false"], rtol=0.05, atol=1e-4)


def root(options: list[str]) -> str:
    """Where the images of a run's first part are, as an option of a task."""
    return next(o for o in options if ".data.root=" in o).partition(".")[2].partition(".")[2]
