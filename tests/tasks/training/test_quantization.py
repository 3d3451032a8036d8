"""quantize=qat: what it trains, that it can be continued, and what it can be used for."""

import pytest
import torch

from backbone.quantized import RANGES, Rounding, quantized_layers
from backbone.weight_files import read_file
from tasks.detection.task import Detection
from tasks.training.checkpoints import read_checkpoint
from tasks.training.quantization import RunningRanges
from tasks.training.restore import load_task
from tasks.training.task import Task
from tests.conftest import assert_same_weights, qat_options, tiny_options


def ranges(path):
    state = read_checkpoint(path).state
    return {name: value for name, value in state.items() if name.endswith(RANGES)}


@pytest.mark.slow
def test_a_checkpoint_restores_the_quantised_network(quantised_detector):
    task, checkpoint = load_task(quantised_detector / "best.ckpt")
    layers = quantized_layers(task.head)
    assert len(layers) == 47
    assert checkpoint.config["quantize"] == {"bits": 7, "share": 0.01, "freeze": 0.5}
    assert checkpoint.config["trainer"]["precision"] == "32-true"
    found = ranges(quantised_detector / "best.ckpt")
    assert len(found) == 48  # one of each layer's output, and the image's
    assert all(value.isfinite().all() for value in found.values())
    image = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)
    with torch.no_grad():
        before = task.deploy(image)
        task.fold()
        after = task.deploy(image)
    torch.testing.assert_close(before["scores"], after["scores"])


@pytest.mark.slow
def test_weights_and_batch_norms_scale_are_trained_and_its_statistics_are_not(
    quantised_detector, detector
):
    before = read_checkpoint(detector.path / "best.ckpt").head_state()
    after = read_checkpoint(quantised_detector / "best.ckpt").head_state()
    assert before.keys() == after.keys()  # so the weights can be taken up in float
    unused = ("extras.3.", "box_predictors.4.", "box_predictors.5.", "class_predictors.5.")
    for name, tensor in after.items():
        # no object of these pictures is as large as the boxes of the last two maps
        if not name.endswith("num_batches_tracked") and not name.startswith(unused):
            frozen = name.endswith(("running_mean", "running_var"))
            assert torch.equal(tensor, before[name]) == frozen, name


@pytest.mark.slow
def test_a_run_that_breaks_off_goes_on_to_the_same_weights(
    run, sample, detector, quantised_detector, tmp_path, monkeypatch
):
    options, steps = qat_options(sample, detector, tmp_path), []

    def breaks_off(self, *arguments, **options):
        steps.append(self.global_step)
        if len(steps) > 9:  # in the second epoch of two
            raise ZeroDivisionError
        return Task.training_step(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Detection, "training_step", breaks_off, raising=False)
        with pytest.raises(ZeroDivisionError):
            run(*options)
    (path,) = tmp_path.glob("runs/ssd_coco/*")
    answer = run(*options)
    assert "at step 6" in answer.out, answer.out
    assert_same_weights(path, quantised_detector)


@pytest.mark.slow
def test_its_trunk_is_a_float_trunks(quantised_detector, detector):
    def trunk(path):
        return read_file(path / "best.ckpt").state.keys()

    assert trunk(quantised_detector) == trunk(detector.path)


@pytest.mark.slow
def test_bad_input_is_named(run, sample, detector, tmp_path):
    tiny = tiny_options(sample, tmp_path)
    weights = f"task.head.weights={detector.path / 'best.ckpt'}"
    answer = run(*tiny, "quantize=qat", code=2)
    assert "trains a trained network further" in answer.err
    answer = run(*tiny, "quantize=qat", weights, "trainer.precision=bf16-mixed", code=2)
    assert "set trainer.precision=32-true" in answer.err
    answer = run(*tiny, "quantize=qat", weights, "quantize.bits=4", code=2)
    assert "quantize.bits=4" in answer.err


def test_ranges_follow_batches_up_to_a_step_and_no_evaluation():
    class Trainer:
        max_epochs, max_steps, global_step = 2, -1, 0

        class datamodule:  # noqa: N801
            @staticmethod
            def steps_per_epoch():
                return 5

    module, callback = torch.nn.Sequential(Rounding()), RunningRanges(share=0.5, freeze=0.5)
    seen = []
    for step in range(10):
        Trainer.global_step = step
        callback.on_train_batch_start(Trainer, module)
        module(torch.tensor([-1.0 - step, step]))
        callback.on_train_batch_end(Trainer, module)
        module(torch.tensor([-1000.0, 1000.0]))  # a validation
        seen.append(module[0].range.tolist())
    assert seen[0] == [-1, 0]
    assert seen[1] == [-1.5, 0.5]
    assert seen[4] == seen[9] != seen[3]
