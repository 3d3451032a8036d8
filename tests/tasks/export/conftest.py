"""The command, and images for the models that are exported."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.export import __main__ as command
from tasks.training.model import Model


def noise(model: Model, count: int) -> np.ndarray:
    """Images of coloured noise, coarse enough to look like something: uint8[count, h, w, 3]."""
    height, width = model.size
    cells = np.random.default_rng(count).integers(0, 256, (count, 9, 9, 3), np.uint8)
    rows, columns = np.arange(height) * 9 // height, np.arange(width) * 9 // width
    return np.ascontiguousarray(cells[:, rows][:, :, columns])


@pytest.fixture
def export(monkeypatch, capsys):
    """`python -m tasks.export ...` in this process."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["export", *map(str, arguments)])
        code = 0
        try:
            command.main()
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return call
