"""The small drawn sets, each drawn once in a test process."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.tasks.samples.sets import SETS


@pytest.fixture(scope="session")
def drawn_set(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a set by its name, for tests that change nothing in it."""

    @cache
    def draw(name: str) -> Path:
        root = tmp_path_factory.mktemp("sample") / name
        SETS[name].draw(root, **SETS[name].small)
        return root

    return draw
