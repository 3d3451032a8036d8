"""ExecuTorch programs, run by ExecuTorch."""

import numpy as np
import pytest

from backbone.errors import InputError
from tests.tasks.export.conftest import noise

pytest.importorskip("executorch", reason="needs the extra `executorch`")

from tasks.export.comparing import compare
from tasks.export.executorch import ExecutorchFile, write_executorch
from tasks.export.gate import answers


def off(model, path) -> float:
    """The largest difference in probability between a file and its model."""
    write_executorch(model, path, batch=1)
    pixels = noise(model, 1)
    expected = answers(model, pixels)
    found = ExecutorchFile(path, list(expected)).run(pixels)
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in expected.items()}
    assert all(part["passed"] for part in compare(expected, found).values())
    return float(np.abs(found["probabilities"] - expected["probabilities"]).max())


@pytest.mark.slow
def test_a_classifier_and_the_trap_of_channels_last(model, tmp_path):
    """A model whose weights are channels_last, as all are here, is written right all the same."""
    exported = model("image_folder")
    strided = [p for p in exported.task.parameters() if not p.is_contiguous()]
    assert strided
    assert off(exported, tmp_path / "model.pte") <= 1e-6


def test_what_it_cannot_hold(model, tmp_path):
    with pytest.raises(InputError, match="no RoI Align"):
        write_executorch(model("faster_rcnn_coco"), tmp_path / "model.pte")
    with pytest.raises(InputError, match="fixed number"):
        write_executorch(model("image_folder"), tmp_path / "model.pte", batch=None)
    assert not any(tmp_path.iterdir())
