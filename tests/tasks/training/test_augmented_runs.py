"""Runs with all that is random in training: interrupted, they end with the same weights."""

import pytest

from tasks.training.task import Task
from tests.conftest import assert_same_weights, quick_options, tiny_options

CHANGES = ["augment=true", "preprocess.erase=0.5"]
DETECTOR = ["data.scale_jitter=[0.5,1.5]", "task.module.mosaic=0.5"]
CLASSES = ["data.balance=1", "task.module.mixup=0.2", "task.module.cutmix=1"]


def options(kind: str, sample, images, folder) -> list[str]:
    if kind == "detector":
        return [*tiny_options(sample, folder), *CHANGES, *DETECTOR]
    if kind == "picodet":
        task, *rest = tiny_options(sample, folder)
        assert task.startswith("task=")
        return ["task=picodet_coco", *rest, "task.head.depth=64", "task.head.tower=1"]
    counts = {("train", "ant"): 20, ("train", "bee"): 4, ("val", "ant"): 2, ("val", "bee"): 2}
    files = [f"{s}/{name}/{i}.jpg" for (s, name), n in counts.items() for i in range(n)]
    return [
        *("task=image_folder", "preprocess=randaugment", "backbone.alpha=0.25", "size=32"),
        *(f"data.root={images(folder / 'insects', files)}", "data.batch_size=4"),
        *("trainer.max_epochs=2", "trainer.log_every_n_steps=1", *quick_options(folder)),
        *(*CHANGES, *CLASSES),
    ]


def report(output: str) -> list[str]:
    """What is said of the second epoch but for its speed: losses, score, and the best so far."""
    (line,) = (line for line in output.splitlines() if line.startswith("epoch 2 of 2: "))
    return [part for part in line.split("; ") if not part.endswith("images/s")]


@pytest.mark.parametrize("kind", ["detector", "picodet", "classes"])
def test_an_interrupted_run_goes_on_alike(run, sample, images, tmp_path, monkeypatch, kind):
    whole, parts = (options(kind, sample, images, tmp_path / name) for name in ("whole", "parts"))
    unbroken = run(*whole)
    step, made = Task.training_step, []

    def interrupted(self, batch, batch_idx):
        made.append(self.trainer.global_step)
        if len(made) > 8:  # of 12
            raise KeyboardInterrupt
        return step(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(Task, "training_step", interrupted)
        run(*parts, code=130)
    answer = run(*parts)
    assert "at step 6" in answer.out
    assert report(answer.out) == report(unbroken.out)
    first, second = (next((tmp_path / x / "runs").glob("*/*")) for x in ("whole", "parts"))
    assert_same_weights(first, second)
