"""Checkpoints of every task, as an earlier version wrote them: the models that are exported."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tasks.training.model import Model
from tests.conftest import ROOT

CHECKPOINTS = ROOT / "tests" / "data" / "0.1.0"


@pytest.fixture(scope="session")
def model() -> Callable[[str], Model]:
    """The model of a task."""
    loaded: dict[str, Model] = {}

    def load(task: str) -> Model:
        if task not in loaded:
            loaded[task] = Model.load(CHECKPOINTS / f"{task}.ckpt")
        return loaded[task]

    return load


def noise(model: Model, count: int) -> np.ndarray:
    """Images of coloured noise, coarse enough to look like something: uint8[count, h, w, 3]."""
    height, width = model.size
    cells = np.random.default_rng(count).integers(0, 256, (count, 9, 9, 3), np.uint8)
    rows, columns = np.arange(height) * 9 // height, np.arange(width) * 9 // width
    return np.ascontiguousarray(cells[:, rows][:, :, columns])


@pytest.fixture(scope="session")
def detector_file(model, tmp_path_factory) -> Path:
    """An SSD as ONNX; a test that uses it is slow."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra `onnx`")
    from tasks.export.onnx import write_onnx

    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    write_onnx(model("ssd_coco"), path, described={"model.json": "{}"})
    return path
