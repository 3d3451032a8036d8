"""The drawn COCO sample: valid, exact, repeatable, and published complete or not at all."""

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.samples import coco
from tasks.samples.coco import CATEGORIES, draw_coco
from tests.tasks.samples.sets import SETS, digests

pytestmark = pytest.mark.slow

SMALL = SETS["coco"].small


def _siblings(root: Path) -> list[str]:
    return sorted(path.name for path in root.parent.iterdir())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """A set large enough to hold every kind of picture, in small frames."""
    root = tmp_path_factory.mktemp("sample") / "coco"
    draw_coco(root, train=220, val=20, size=(128, 96), workers=1)
    return root


@pytest.fixture(scope="module")
def train(drawn):
    pycoco = pytest.importorskip("pycocotools.coco")
    with contextlib.redirect_stdout(io.StringIO()):
        return pycoco.COCO(str(drawn / "annotations/instances_train2017.json"))


def test_categories_are_cocos_own():
    ids = [category["id"] for category in CATEGORIES]
    assert len(ids) == 80
    assert ids == sorted(set(ids))
    assert set(range(1, 91)) - set(ids) == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}


def test_categories_equal_the_real_files(shared):
    real = json.loads((shared / "coco/annotations/instances_val2017.json").read_text())
    assert real["categories"] == CATEGORIES


def test_every_annotation_is_exact(drawn, train):
    """Box, area and frame all agree with the encoded mask, as pycocotools decodes it."""
    from pycocotools import mask as rle

    assert len(train.anns) > 300
    for annotation in train.anns.values():
        image = train.imgs[annotation["image_id"]]
        x, y, w, h = annotation["bbox"]
        assert min(x, y) >= 0
        assert x + w <= image["width"]
        assert y + h <= image["height"]
        encoded = train.annToRLE(annotation)
        assert rle.area(encoded) == annotation["area"] > 0
        assert rle.toBbox(encoded).tolist() == annotation["bbox"]


def test_images_match_their_records(drawn, train):
    for image in train.imgs.values():
        with Image.open(drawn / "train2017" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])
            assert picture.mode == "RGB"
    assert len({(image["width"], image["height"]) for image in train.imgs.values()}) >= 4


def test_crowds_empty_images_sizes_and_categories_occur(train):
    annotations = list(train.anns.values())
    per_image = [len(train.getAnnIds(imgIds=[i])) for i in train.imgs]
    assert 0.01 < sum(n == 0 for n in per_image) / len(per_image) < 0.08
    crowded = {a["image_id"] for a in annotations if a["iscrowd"]}
    assert 0.01 < len(crowded) / len(per_image) < 0.12
    single = [a for a in annotations if not a["iscrowd"]]
    assert len({a["category_id"] for a in single}) == 20
    # areas as shares of a 320 x 240 frame: COCO's "small" is a minority, and there are large ones
    scale = 320 * 240 / (128 * 96)
    areas = np.array([a["area"] for a in single]) * scale
    assert 0.03 < (areas < 32**2).mean() < 0.25
    assert (areas > 96**2).mean() > 0.04


def test_splits_share_no_picture_and_no_id(drawn):
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in drawn.rglob("*.jpg")]
    assert len(set(digests)) == len(digests) == 240
    sets = [
        json.loads((drawn / f"annotations/instances_{name}.json").read_text())
        for name in ("train2017", "val2017")
    ]
    for key in ("images", "annotations"):
        ids = [record["id"] for content in sets for record in content[key]]
        assert len(set(ids)) == len(ids)


def test_several_processes_draw_the_same_bytes(drawn_set, tmp_path):
    draw_coco(tmp_path / "coco", **SMALL | {"workers": 2})
    assert digests(tmp_path / "coco") == digests(drawn_set("coco"))


def test_another_version_and_another_number_of_pictures_replace_the_set(tmp_path, monkeypatch):
    root = tmp_path / "coco"
    draw_coco(root, **SMALL)
    monkeypatch.setattr(coco, "VERSION", coco.VERSION + 1)
    draw_coco(root, **SMALL)
    assert json.loads((root / "sample.json").read_text())["version"] == coco.VERSION
    draw_coco(root, **SMALL | {"train": 2})
    assert len(list((root / "train2017").iterdir())) == 2
    assert _siblings(root) == ["coco"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_an_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch, stop):
    drawn, whole = [], coco.draw_picture

    def interrupted(*job):
        if len(drawn) == 4:
            raise stop
        drawn.append(job)
        return whole(*job)

    monkeypatch.setattr(coco, "draw_picture", interrupted)
    with pytest.raises(stop):
        draw_coco(tmp_path / "coco", **SMALL)
    assert _siblings(tmp_path / "coco") == []
    monkeypatch.setattr(coco, "draw_picture", whole)
    draw_coco(tmp_path / "coco", **SMALL)
    assert _siblings(tmp_path / "coco") == ["coco"]


@pytest.mark.slow
def test_two_processes_at_once_leave_one_whole_set(drawn_set, tmp_path):
    call = f"from tasks.samples.coco import draw_coco; draw_coco('coco', **{SMALL!r})"
    root = Path(__file__).resolve().parents[3]
    code = f"import sys; sys.path.insert(0, {str(root)!r}); {call}"
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert _siblings(tmp_path / "coco") == ["coco"]
    assert digests(tmp_path / "coco") == digests(drawn_set("coco"))


def test_the_slower_of_two_keeps_the_set_of_the_faster(tmp_path, monkeypatch):
    """The slower process finds the folder filled, at whatever moment that happened."""
    root, whole = tmp_path / "coco", coco._draw_set

    def overtaken(*arguments):
        monkeypatch.setattr(coco, "_draw_set", whole)
        draw_coco(root, **SMALL)  # another process, start to end, while this one draws
        (root / "theirs").touch()
        whole(*arguments)

    monkeypatch.setattr(coco, "_draw_set", overtaken)
    draw_coco(root, **SMALL)
    assert (root / "theirs").exists()
    assert _siblings(root) == ["coco"]


def test_what_it_did_not_draw_is_never_touched(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/mine.jpg").write_bytes(b"mine")
    with pytest.raises(InputError, match="photos holds something other than a drawn COCO sample"):
        draw_coco(tmp_path / "photos", **SMALL)
    assert (tmp_path / "photos/mine.jpg").read_bytes() == b"mine"
    (tmp_path / "empty").mkdir()
    draw_coco(tmp_path / "empty", **SMALL)
    assert (tmp_path / "empty/sample.json").is_file()


def test_drawing_needs_no_torch():
    root = Path(__file__).resolve().parents[3]
    code = "import sys, tasks.samples.coco; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
