"""The drawn faces' files: CelebA's and LFW's own formats, repeatable, complete or absent."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.samples import faces
from tasks.samples.portraits.attributes import ATTRIBUTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn(drawn_set) -> Path:
    return drawn_set("faces")


def _rows(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_attributes_are_in_celebas_format(drawn):
    lines = (drawn / "list_attr_celeba.txt").read_text().splitlines()
    assert lines[0] == "22"
    assert tuple(lines[1].split()) == ATTRIBUTES
    assert len(set(ATTRIBUTES)) == 40
    assert list(ATTRIBUTES) == sorted(ATTRIBUTES)  # as CelebA's are
    assert len(lines) == 2 + 22
    for n, line in enumerate(lines[2:], 1):
        assert line.startswith(f"{n:06d}.jpg ")
        values = [line[10 + 3 * k : 13 + 3 * k] for k in range(40)]  # three characters each
        assert set(values) <= {" -1", "  1"}
        assert len(line) == 10 + 3 * 40


def test_every_row_has_its_picture(drawn):
    names = [f"{n:06d}.jpg" for n in range(1, 23)]
    assert sorted(path.name for path in drawn.glob("img_align_celeba/*")) == names
    for name in names:
        with Image.open(drawn / "img_align_celeba" / name) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (89, 109))
    for file in ("list_eval_partition.txt", "identity_CelebA.txt"):
        assert [row[0] for row in _rows(drawn / file)] == names
        assert all(len(row) == 2 for row in _rows(drawn / file))
    for file, columns in (("list_landmarks_align_celeba.txt", 10), ("list_bbox_celeba.txt", 4)):
        rows = _rows(drawn / file)
        assert rows[0] == ["22"]
        assert [row[0] for row in rows[2:]] == names
        assert all(len(row) == 1 + columns for row in rows[2:])


def test_nobody_is_in_two_partitions(drawn):
    partitions = [int(row[1]) for row in _rows(drawn / "list_eval_partition.txt")]
    assert partitions == 12 * [0] + 5 * [1] + 5 * [2]
    people = [int(row[1]) for row in _rows(drawn / "identity_CelebA.txt")]
    assert len({(one, split) for one, split in zip(people, partitions, strict=True)}) == len(
        set(people)
    )
    assert min(people) >= 1


def test_a_person_has_several_pictures_in_each_partition():
    for split, (least, most) in enumerate(((4, 9), (2, 4), (2, 3))):
        counts = Counter(faces._in_turn(0, split, 1000))
        full = [counts[person] for person in sorted(counts)[:-24]]  # the last ones are cut short
        assert (min(full), max(full)) == (least, most)
        # who is in a picture does not depend on the number of pictures
        assert faces._in_turn(0, split, 200) == faces._in_turn(0, split, 1000)[:200]


def test_eyes_are_where_celebas_are(tmp_path):
    for index in range(6):
        _, places = faces.draw_picture(tmp_path / "1.jpg", 0, 0, index, index, (178, 218))
        assert np.abs(places[:2] - [(69.5, 111), (107.5, 111)]).max() < 3.5
        eyes, nose, mouth = places[:2, 1].mean(), places[2, 1], places[3:5, 1].mean()
        assert eyes + 10 < nose < mouth - 5
        assert (places[5] < places[:5].min(0)).all()
        assert (places[6] > places[:5].max(0)).all()


def test_pairs_are_in_lfws_format(drawn):
    lines = (drawn / "lfw/pairs.txt").read_text().splitlines()
    folds, count = map(int, lines[0].split("\t"))
    assert folds == 10
    assert len(lines) == 1 + folds * 2 * count
    people = []
    for fold in range(folds):
        block = [line.split("\t") for line in lines[1 + 2 * count * fold :][: 2 * count]]
        named = [(row[0], row[1], row[0], row[2]) for row in block[:count]]
        assert all(len(row) == 3 and row[1] != row[2] for row in block[:count])
        assert all(len(row) == 4 and row[0] != row[2] for row in block[count:])
        named += [tuple(row) for row in block[count:]]
        assert len(set(named)) == len(named)
        for one, i, other, j in named:
            for name, number in ((one, i), (other, j)):
                path = drawn / f"lfw/{name}/{name}_{int(number):04d}.jpg"
                with Image.open(path) as image:
                    assert (image.mode, image.size) == ("RGB", (128, 128))
        people.append({row[0] for row in named} | {row[2] for row in named})
    assert sum(map(len, people)) == len(set.union(*people))  # no one is in two folds
    folders = {path.name for path in drawn.glob("lfw/*") if path.is_dir()}
    assert len(folders) == 20
    assert set.union(*people) <= folders
