"""The drawn ImageNet: in the official layout, its devkit true to the pictures, repeatable."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from tasks.samples.imagenet import CLASSES, draw_imagenet, draw_picture
from tasks.samples.single import compose_one
from tests.tasks.samples.sets import SETS

pytestmark = pytest.mark.slow

DEVKIT = "ILSVRC2012_devkit_t12/data"


@pytest.fixture(scope="module")
def drawn(drawn_set) -> Path:
    return drawn_set("imagenet")


def _meta(root: Path) -> list[tuple]:
    """The devkit's rows, as the reference loaders take them apart."""
    return loadmat(root / DEVKIT / "meta.mat", squeeze_me=True)["synsets"].tolist()


def _truth(root: Path) -> list[str]:
    """The wnid of each validation image, in the order of their names."""
    wnids = {row[0]: row[1] for row in _meta(root) if row[4] == 0}
    lines = (root / DEVKIT / "ILSVRC2012_validation_ground_truth.txt").read_text().splitlines()
    return [wnids[int(line)] for line in lines]


def test_classes_are_imagenets():
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    for drawn in CLASSES:
        assert info.label_name_to_description(drawn.wnid) == drawn.words
    wnids = [drawn.wnid for drawn in CLASSES]
    assert len(set(wnids)) == len(wnids) == 24
    assert wnids != sorted(wnids)  # or a reader that numbers them by sorted wnid would pass


@pytest.mark.parametrize("drawn", CLASSES, ids=lambda drawn: drawn.wnid)
def test_every_class_has_a_place_in_its_scenes(drawn):
    for number, scene in enumerate(drawn.scenes):
        rng = np.random.default_rng(number)
        picture = compose_one(drawn.kind, drawn.like, scene, (72, 64), rng)
        (item,) = picture.objects
        assert item.visible.sum() > 0.5 * item.sprite.mask.sum()
        assert item.visible.sum() > 0.02 * 72 * 64
        assert picture.render().shape == (64, 72, 3)


def test_training_images_are_in_their_folders(drawn):
    folders = {path.name: sorted(p.name for p in path.iterdir()) for path in drawn.glob("train/*")}
    assert folders.keys() == {kind.wnid for kind in CLASSES}
    for k, kind in enumerate(CLASSES):
        count = 2 if k < 6 else 1
        assert folders[kind.wnid] == [f"{kind.wnid}_{n + 1}.JPEG" for n in range(count)]
    with Image.open(drawn / "train/n07753592/n07753592_1.JPEG") as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"


def test_devkit_has_the_official_fields(drawn):
    content = loadmat(drawn / DEVKIT / "meta.mat")["synsets"]
    assert content.shape == (25, 1)
    assert content.dtype.names == (
        *("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children"),
        *("wordnet_height", "num_train_images"),
    )
    rows = _meta(drawn)
    assert [row[0] for row in rows] == list(range(1, 26))
    for row in rows[:24]:
        assert row[4] == row[6] == 0
        assert row[7] == len(list((drawn / "train" / row[1]).iterdir()))
    assert rows[24][4] == 24
    assert rows[24][5].tolist() == list(range(1, 25))


def test_ground_truth_is_what_each_picture_shows(drawn, tmp_path):
    files = sorted((drawn / "val").iterdir())
    truth = _truth(drawn)
    assert [path.name for path in files] == [f"ILSVRC2012_val_{n:08d}.JPEG" for n in range(1, 27)]
    assert sorted(Counter(truth).values()) == [1] * 22 + [2] * 2
    labels = {kind.wnid: k for k, kind in enumerate(CLASSES)}
    for i in (0, 7, 25):
        again = tmp_path / "again.JPEG"
        draw_picture(again, labels[truth[i]], SETS["imagenet"].small["size"], (0, 1, i))
        assert again.read_bytes() == files[i].read_bytes()


def test_layouts_hold_the_same_pictures(drawn, tmp_path):
    root = tmp_path / "folders"
    draw_imagenet(root, **SETS["imagenet"].small, layout="folders")
    assert not (root / "ILSVRC2012_devkit_t12").exists()
    truth = _truth(drawn)
    files = sorted((root / "val").glob("*/*"), key=lambda path: path.name)
    assert [path.parent.name for path in files] == truth
    for one, other in zip(files, sorted((drawn / "val").iterdir()), strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert json.loads((root / "sample.json").read_text())["layout"] == "folders"
