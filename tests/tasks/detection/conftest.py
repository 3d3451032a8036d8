"""A set of three photographs in COCO's format, written to a temporary folder."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tasks.detection.coco.splits import Files
from tasks.detection.coco.splits import coco_files as layout_of


def content(first: int = 1) -> dict:
    """Images `first` to `first + 2`: two boxes; one box and a crowd; none. Ids 10 x first on."""
    box = {"area": 50.5, "iscrowd": 0, "segmentation": [[1, 2, 3, 4, 5, 6]]}
    return {
        "images": [
            {"id": first, "file_name": f"{first:012}.jpg", "width": 96, "height": 64},
            {"id": first + 1, "file_name": f"{first + 1:012}.jpg", "width": 60, "height": 80},
            {"id": first + 2, "file_name": f"{first + 2:012}.jpg", "width": 80, "height": 80},
        ],
        "annotations": [
            box
            | {"id": first * 10, "image_id": first + 1, "category_id": 3, "bbox": [10, 20, 30, 40]},
            box
            | {"id": first * 10 + 1, "image_id": first, "category_id": 1, "bbox": [8, 8, 40, 32]},
            box
            | {"id": first * 10 + 2, "image_id": first, "category_id": 90, "bbox": [60, 4, 24, 48]},
            box
            | {"id": first * 10 + 3, "image_id": first + 1, "category_id": 1, "iscrowd": 1}
            | {"bbox": [0, 0, 60, 20], "segmentation": {"counts": [3, 4], "size": [80, 60]}},
        ],
        "categories": [
            {"id": 1, "name": "person"},
            {"id": 90, "name": "brush"},
            {"id": 3, "name": "car"},
        ],
    }


def write(files: Files, data: dict) -> Files:
    """Write the annotations, and blue photographs with a red rectangle for each object."""
    files.annotations.parent.mkdir(parents=True, exist_ok=True)
    files.images.mkdir(parents=True, exist_ok=True)
    files.annotations.write_text(json.dumps(data))
    for row in data["images"]:
        picture = Image.new("RGB", (row["width"], row["height"]), "blue")
        for box in data["annotations"]:
            if box["image_id"] == row["id"] and not box["iscrowd"]:
                x, y, width, height = box["bbox"]
                # Pillow's rectangle includes its last row and column
                ImageDraw.Draw(picture).rectangle((x, y, x + width - 1, y + height - 1), fill="red")
        picture.save(files.images / row["file_name"], quality=95, subsampling=0)
    return files


@pytest.fixture
def coco_content() -> dict:
    return content()


@pytest.fixture
def coco_write():
    return write


@pytest.fixture
def coco_files(tmp_path: Path) -> Files:
    """One part on disk: `annotations` and `images`."""
    return write(layout_of(tmp_path / "coco", 2017, "train"), content())


@pytest.fixture
def coco_2014(tmp_path: Path) -> Path:
    """A root with train2014 (images 1-3, boxes 10-13) and val2014 (images 5-7, boxes 50-53)."""
    root = tmp_path / "coco2014"
    write(layout_of(root, 2014, "train"), content())
    write(layout_of(root, 2014, "val"), content(first=5))
    return root
