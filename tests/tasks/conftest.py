"""A tiny folder of images, and exported models, for the tests of more than one room."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from tests.conftest import ROOT

# Of tests of random damage that write files: the same examples each time, as many as are given.
REPEATABLE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CHECKPOINTS = ROOT / "tests" / "data" / "0.1.0"  # of every task
# What any DataModule is told, beside its view.
LOADING: dict[str, Any] = {
    **{"size": 32, "batch_size": 4, "workers": 0, "seed": 0},
    **{"crop": False, "limit": None, "validate_on_train": False},
}


def write_images(root: Path, files: Iterable[str], size: tuple[int, int] = (40, 30)) -> Path:
    """Write pictures of one colour each, JPEG whatever the suffix; returns `root`."""
    for number, file in enumerate(files):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (40 * number % 256, 100, 200)).save(path, "JPEG")
    return root


@pytest.fixture
def images() -> Callable[..., Path]:
    return write_images


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two classes: five and three training images, two validation images each."""
    counts = {("train", "ant"): 5, ("train", "bee"): 3, ("val", "ant"): 2, ("val", "bee"): 2}
    files = [f"{s}/{name}/{i}.jpg" for (s, name), n in counts.items() for i in range(n)]
    return write_images(tmp_path / "insects", files)


@pytest.fixture(scope="session")
def model() -> Callable[[str], Any]:
    """The model of a task, from a checkpoint of an earlier version."""
    from tasks.training.model import Model

    loaded: dict[str, Model] = {}

    def load(task: str) -> Model:
        if task not in loaded:
            loaded[task] = Model.load(CHECKPOINTS / f"{task}.ckpt")
        return loaded[task]

    return load


@pytest.fixture(scope="session")
def detector_file(model, tmp_path_factory) -> Path:
    """An SSD as ONNX; a test that uses it is slow."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra `onnx`")
    from tasks.export.onnx import write_onnx

    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    write_onnx(model("ssd_coco"), path, described={"model.json": "{}"})
    return path
