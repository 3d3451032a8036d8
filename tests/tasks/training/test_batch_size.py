"""data.batch_size=auto: found by steps that leave nothing behind, and kept on resume."""

import pytest
import torch
import yaml

from backbone.errors import InputError
from tasks.training import batch_size
from tasks.training.batch_size import largest_that_fits
from tasks.training.checkpoints import read_checkpoint
from tasks.training.device_memory import DeviceMemory
from tasks.training.fit import Run
from tests.conftest import assert_same_weights, tiny_options
from tests.tasks.training.every_task import built, task_options, train

pytestmark = pytest.mark.slow


class Memory(DeviceMemory):
    """Memory for so many images, of a device that says afterwards what a step has taken."""

    def __init__(self, images: int):
        self.images = images
        self.taken = 0
        super().__init__(torch.device("cpu"))

    def step(self, size: int) -> None:
        if size > self.images:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 7 bytes")
        self.taken = max(self.taken, size)

    def peak(self) -> int:
        return self.taken

    def free(self) -> int:
        return 10**9


@pytest.mark.parametrize(
    ("images", "most", "found"),
    [(1, 64, 1), (3, 64, 2), (4, 64, 4), (33, 64, 32), (10**6, 64, 64), (10**6, 2, 2)],
)
def test_the_largest_power_of_two_that_fits(images, most, found):
    memory = Memory(images)
    assert largest_that_fits(memory.step, most, memory) == found


def test_no_memory_for_one_image_is_said():
    memory = Memory(0)
    with pytest.raises(InputError, match=r"single image.*backbone\.alpha=0\.5"):
        largest_that_fits(memory.step, 64, memory)


def test_other_errors_of_a_step_pass():
    def step(size: int) -> None:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        largest_that_fits(step, 64, Memory(8))


def test_a_cpu_does_not_try_what_half_of_it_says_will_not_fit():
    tried = []

    class Tight(Memory):
        def free(self) -> int:
            return 40 - self.taken

    memory = Tight(10**6)

    def step(size: int) -> None:
        tried.append(size)
        memory.step(size)

    assert largest_that_fits(step, 64, memory) == 32
    assert max(tried) == 32, "32 more do not fit beside 32 of 40"


@pytest.fixture
def options(sample, tmp_path, monkeypatch) -> list[str]:
    """A run whose search ends with 4 images."""
    monkeypatch.setattr(batch_size, "STEPS", 4)
    options = task_options("ssd_coco", tmp_path, sample)
    return [*(o for o in options if "data.batch_size" not in o), "trainer.limit_train_batches=2"]


def stated(run: Run) -> tuple[int, int, int]:
    """The batch size of a run's config.yaml, and the two of its checkpoints' configuration."""
    written = yaml.safe_load((run.directory.path / "config.yaml").read_text())
    data = read_checkpoint(run.directory.last).config["data"]
    return written["data"]["batch_size"], data["batch_size"], data["module"]["batch_size"]


@pytest.mark.slow
def test_the_search_leaves_nothing_behind(options, capsys):
    """Neither in the weights nor in any random number: the run is that of the number found."""
    found = train(built([*options, "data.batch_size=auto"]))
    said = capsys.readouterr().out
    assert "data.batch_size=auto: 4 images per device and step, the most that leaves" in said
    assert stated(found) == (4, 4, 4)
    given = train(built([*options, "data.batch_size=4"]))
    assert given.directory.path != found.directory.path
    assert_same_weights(found.directory.path, given.directory.path)


@pytest.mark.slow
def test_a_run_goes_on_with_the_number_that_it_found(options, capsys, monkeypatch):
    options = [*options, "data.batch_size=auto"]
    train(built(options), stop=2)
    monkeypatch.setattr(batch_size, "STEPS", 1)  # a search would end with another number
    capsys.readouterr()
    run = train(built(options))
    said = capsys.readouterr().out
    assert "at step 2" in said
    assert "data.batch_size=auto" not in said
    assert stated(run) == (4, 4, 4)
    assert run.trainer.global_step == 4


@pytest.mark.slow
def test_a_batch_is_found_for_scoring_alone(detector, sample, tmp_path, capsys):
    options = tiny_options(sample, tmp_path)
    weights = f"backbone.weights={detector.path / 'best.ckpt'}"
    evaluate = ["trainer.max_epochs=0", weights, "data.batch_size=auto"]
    run = train(built([*options, *evaluate]))
    assert "auto: 64 images per device and step, the most that a CPU" in capsys.readouterr().out
    assert run.data.batch_size == 64


def test_a_single_training_image_is_refused_before_the_search(sample, tmp_path):
    options = task_options("image_folder", tmp_path, sample)
    with pytest.raises(InputError, match="with one image per step and device, batch norm"):
        built([*options, "data.batch_size=auto", "data.limit=1"])


def test_memory_for_one_image_where_batch_norm_needs_two(sample, tmp_path, monkeypatch):
    def one_fits(step, most, memory):
        step(2)
        step(1)

    monkeypatch.setattr(batch_size, "largest_that_fits", one_fits)
    options = [*task_options("image_folder", tmp_path, sample), "data.batch_size=auto"]
    with pytest.raises(InputError, match="memory runs out with two images per step, and one is"):
        train(built(options))
