"""Small photographs, and the options of a set whose annotations are its own."""

from pathlib import Path

import pytest
from PIL import Image

from tasks.detection.coco.splits import BoxSets


def photograph(path: Path, width: int = 100, height: int = 50, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), "teal").save(path, **options)
    return path


@pytest.fixture
def sets(tmp_path):
    """Build the sets of `tmp_path` and load both splits."""

    def load(train: str, val: str | None = None, **options):
        options = {"num_classes": None, "val_fraction": None if val else 0.5} | options
        made = BoxSets(tmp_path, tmp_path / "cache", train=train, val=val, **options)
        made.check()
        return {split: made.load(split) for split in ("train", "val")}

    return load
