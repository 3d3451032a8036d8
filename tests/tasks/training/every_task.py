"""Every task on a tiny data set of its own: the options of a run that takes a second or two."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tasks.cli.configuration import check_config, compose_config
from tasks.distillation.objective import build_distillation
from tasks.runs.directory import RunDirectory
from tasks.training.fit import Run, build_run, fit_and_test
from tests.tasks.conftest import write_images
from tests.tasks.faces import attribute_files, face_files
from tests.tasks.geolocation.conftest import write_places


def classes(root: Path, sample: Path) -> list[str]:
    folders = [f"{split}/{name}" for split in ("train", "val") for name in "ab"]
    files = [f"{folder}/{number}.jpg" for folder in folders for number in range(4)]
    return [f"data.root={write_images(root, files)}"]


def coco(root: Path, sample: Path) -> list[str]:
    return [f"data.root={sample}"]


def regions(root: Path, sample: Path) -> list[str]:
    """Fewer and smaller ones, for float16 is slow on a CPU."""
    few = {"proposals": 16, "regions": 8, "crop": 4, "rpn_depth": 32}
    return [*coco(root, sample), *(f"task.head.{name}={value}" for name, value in few.items())]


def pyramid(root: Path, sample: Path) -> list[str]:
    """A shallow one, for float16 is slow on a CPU."""
    return [*coco(root, sample), "task.head.depth=64", "task.head.tower=1"]


def attributes(root: Path, sample: Path) -> list[str]:
    labels, parts = 2 * attribute_files.LABELS, [0] * 8 + [1, 1, 2, 2]
    return [f"data.root={attribute_files.write_celeba(root, labels, parts)}"]


def identities(root: Path, sample: Path) -> list[str]:
    people = face_files.write_folders(root / "faces/train", {f"p{i}": 2 for i in range(20)})
    pairs = face_files.write_lfw(root / "lfw", folds=2, count=2)
    return [
        "data=face_folders",
        f"data.root={people.parent}",
        f"data.verification.root={pairs}",
        "data.verification.box=null",
        "data.val_fraction=0.3",
    ]


def places(root: Path, sample: Path) -> list[str]:
    write_places(root, {"train": 12, "val": 5})
    return [f"data.root={root}", "data.t_max=8", "data.t_min=2"]


# task -> (the input's side in pixels, its data)
TASKS: dict[str, tuple[int, Callable[[Path, Path], list[str]]]] = {
    "image_folder": (32, classes),
    "ssd_coco": (64, coco),
    "ssdlite_coco": (64, coco),
    "ssdlite_fpn_coco": (64, pyramid),
    "picodet_coco": (64, pyramid),
    "faster_rcnn_coco": (64, regions),
    "face_attributes": (32, attributes),
    "face_embedding": (32, identities),
    "planet": (32, places),
}


def task_options(name: str, root: Path, sample: Path) -> list[str]:
    """Options of a run of `name`: two steps in each of two epochs, all written below `root`.

    Args:
        root: a folder of the test's own, or one that holds the task's data already.
        sample: the drawn detection set, see tests/conftest.py.
    """
    size, data = TASKS[name]
    return [
        f"task={name}",
        *data(root / "data" / data.__name__, sample),
        f"size={size}",
        "backbone.alpha=0.25",
        "optimizer=adamw",
        "optimizer.ema_decay=0.9",
        "data.workers=0",
        "data.batch_size=4",
        "trainer.max_epochs=2",
        "trainer.limit_train_batches=2",
        "trainer.limit_val_batches=1",
        "trainer.limit_test_batches=1",
        "trainer.log_every_n_steps=1",
        "trainer.enable_progress_bar=false",
        f"paths.runs={root / 'runs'}",
        f"paths.cache={root / 'cache'}",
    ]


class Stopped(BaseException):
    """The end of a run between two steps."""


def built(options: list[str]) -> Run:
    """A run that is ready to go on from where it stands."""
    config = check_config(compose_config(options), options)
    return build_run(config, RunDirectory(config), build_distillation(config))


def train(run: Run, stop: int | None = None) -> Run:
    """Train up to step `stop`; or to the end, and score, without pictures."""
    usual = run.task.on_train_batch_start

    def start(batch: Any, number: int) -> None:
        if run.trainer.global_step == stop:
            raise Stopped
        usual(batch, number)

    run.task.on_train_batch_start = start
    with run.directory.open(fresh=False), nullcontext() if stop is None else pytest.raises(Stopped):
        fit_and_test(run)
    return run
