"""A tiny folder of images, for the tests of more than one room."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image


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
