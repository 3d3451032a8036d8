"""Annotations with a mask and no box: the box around it, as pycocotools finds it."""

import json

import numpy as np
import pytest
from pycocotools import mask as reference

from tasks.detection.coco.json_file import parse_instances
from tasks.detection.coco.masks import box_around
from tests.tasks.detection.coco.loading import load_split


def runs(picture: np.ndarray) -> list[int]:
    """The lengths of the runs outside and inside by turns, down the columns."""
    flat = picture.ravel(order="F")
    starts = np.flatnonzero(np.diff(flat, prepend=0))
    return np.diff(starts, prepend=0, append=len(flat)).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_boxes_of_runs_are_those_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 90, 2)
    picture = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 4)):
        top, left = rng.integers(height), rng.integers(width)
        picture[top : top + rng.integers(1, 70), left : left + rng.integers(1, 70)] = 1
    picture &= rng.random((height, width)) < 0.9
    picture[height // 2, width // 2] = 1
    text = reference.encode(np.asfortranarray(picture))
    expected = reference.toBbox(text).tolist()
    size = [int(height), int(width)]
    assert box_around({"size": size, "counts": text["counts"].decode()}) == expected
    assert box_around({"size": size, "counts": runs(picture)}) == expected


@pytest.mark.parametrize(
    ("mask", "box"),
    [
        ([[10, 20, 30, 20, 30, 45.5]], [10, 20, 20, 25.5]),
        ([[10, 20, 30, 20, 30, 45], [0, 0, 5, 0, 5, 60]], [0, 0, 30, 60]),
        ([10, 20, 30, 20, 30, 45], [10, 20, 20, 25]),
        ({"size": [4, 4], "counts": [5, 9, 2]}, [1, 0, 3, 4]),
    ],
)
def test_masks_and_their_boxes(mask, box):
    assert box_around(mask) == box


@pytest.mark.parametrize(
    "mask",
    [
        [], [[]], [[1]], [[1, 2, 3]], [["a", "b"]], [[float("nan"), 1.0]], [[10**400, 1]], 7, True,
        "text", [None], [{}], {}, {"size": 3, "counts": [1, 2]}, {"size": [4, 4], "counts": None},
        {"size": [4, 4], "counts": []}, {"size": [4, 4], "counts": [16]}, {"size": [0, 4], "counts":
        [0, 1]}, {"size": [4, 4], "counts": [10, 10]}, {"size": [4, 4], "counts": [0, -3, 5]},
        {"size": [2**31, 2**31], "counts": [0, 2**62, 2**62, 2**62]},
        {"size": [4, 4], "counts": "o" * 1_000_000}, {"size": [4, 4], "counts": "Ä€"},
        {"size": [4, 4], "counts": "Q"}, {"size": ["4", "x"], "counts": "0"},
    ],
)  # fmt: skip
def test_what_is_no_mask_has_no_box(mask):
    assert box_around(mask) is None


def test_a_set_of_masks_is_learned_as_boxes(coco_2014, tmp_path):
    path = coco_2014 / "annotations" / "instances_train2014.json"
    content = json.loads(path.read_text())
    for row in content["annotations"]:
        if not row["iscrowd"]:
            x, y, width, height = row.pop("bbox")
            row["segmentation"] = [[x, y, x + width, y, x + width, y + height, x, y + height]]
    content["annotations"][1]["bbox"] = None
    content["annotations"][2]["bbox"] = []
    plain = parse_instances(path)
    path.write_text(json.dumps(content))
    index, counts = load_split(coco_2014, "train", cache_dir=tmp_path, year=2014)
    assert np.array_equal(index.xywh, plain["xywh"])
    assert counts.notes == ("3 annotations have no box: the box around the mask is used",)
    assert counts.faults == {}
