"""A class folder damaged at random is read, each of its files counted, or refused by name."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from backbone.errors import InputError
from tasks.classification.image_folder import ImageFolder
from tasks.data.image_data import ImageData
from tasks.images.view import View
from tests.tasks.conftest import LOADING, REPEATABLE

pytestmark = pytest.mark.slow


def cut(path: Path, rng) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def flip(path: Path, rng) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 9) if content else 0):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def replace(path: Path, rng) -> None:
    contents = [b"", b"<html>404</html>", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\nIEND", b"GIF89a"]
    path.write_bytes(rng.choice(contents))


def rename(path: Path, rng) -> None:
    name = rng.choice(["x.txt", "x", "._x.jpg", "x.jfif", "é\u0301 $x$.PNG", "x.heic", "a.jpg.tmp"])
    path.rename(path.with_name(name))


def deepen(path: Path, rng) -> None:
    folder = path.parent / rng.choice(["inner", "inner.jpg", ".hidden", "a b"])
    folder.mkdir(exist_ok=True)
    shutil.move(path, folder / path.name)


def link(path: Path, rng) -> None:
    path.unlink()
    path.symlink_to(rng.choice([path.name, "nowhere.jpg", "..", "../../val"]))


def remove(path: Path, rng) -> None:
    path.unlink() if rng.random() < 0.5 else shutil.rmtree(path.parent)


DAMAGES = [cut, flip, replace, rename, deepen, link, remove]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            (root / split / name).mkdir(parents=True)
            for i, suffix in enumerate(("jpg", "png", "webp", "gif")):
                picture = Image.fromarray(rng.integers(0, 255, (9, 11, 3), np.uint8))
                picture.save(root / split / name / f"{i}.{suffix}")
    return root


def visible(folder: Path) -> int:
    """Files in a folder and below that are images or not hidden; links are followed once."""
    count = 0
    for _, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += sum(not name.startswith(".") or name.endswith(".jpg") for name in names)
    return count


@settings(REPEATABLE, max_examples=50)
@given(
    st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=4), st.randoms(use_true_random=False)
)
def test_each_file_is_used_or_counted(whole, tmp_path, damages, rng):
    root = tmp_path / "set"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(whole, root)
    for damage in damages:
        files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
        damage(rng.choice(files), rng)
    links = [p for p in root.rglob("*") if p.is_symlink() and p.is_dir()]
    said = ""
    try:
        data = ImageData(
            ImageFolder(str(root)),
            **LOADING | {"size": 8, "batch_size": 2, "crop": True},
            **{"crop_scale": (0.5, 1.0), "view": View()},
            **{"skip_unreadable": True, "cache": tmp_path / "cache"},
        )
        data.setup("fit")
    except InputError as error:
        said = str(error)
    if said:
        assert str(root) in said
        return
    for split, index in data.indices.items():
        if not links:
            left_out = sum(data.left_out[split].values())
            assert len(index) + left_out == visible(root / split)
        for row in range(len(index)):
            try:
                shape = data.datasets[split][row]["image"].shape
            except InputError as error:  # whole at both ends, damaged between them
                said = str(error)
                shape = (8, 8, 3)
            assert shape == (8, 8, 3)
            assert not said or str(index.path(row)) in said
            said = ""
