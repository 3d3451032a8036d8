"""The command, and images for the models that are exported."""

from functools import partial

import numpy as np
import pytest

from tasks.export import __main__ as command
from tasks.training.model import Model
from tests.conftest import call


def noise(model: Model, count: int) -> np.ndarray:
    """Images of coloured noise, coarse enough to look like something: uint8[count, h, w, 3]."""
    height, width = model.size
    cells = np.random.default_rng(count).integers(0, 256, (count, 9, 9, 3), np.uint8)
    rows, columns = np.arange(height) * 9 // height, np.arange(width) * 9 // width
    return np.ascontiguousarray(cells[:, rows][:, :, columns])


@pytest.fixture
def export():
    """`python -m tasks.export ...`, see `call`."""
    return partial(call, command.main)
