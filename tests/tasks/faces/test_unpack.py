import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.faces import unpack as module
from tasks.faces.celeba import CelebA
from tasks.faces.celeba_mirror import NAMES
from tasks.faces.unpack import unpack
from tests.conftest import ROOT

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
COUNTS = {"train": 5, "valid": 2, "test": 2}


def picture(number, kind="JPEG"):
    data = io.BytesIO()
    Image.new("RGB", (17, 21), (number * 20, 90, 90)).save(data, kind)
    return data.getvalue()


def write_mirror(folder, named=True, minus=False, kind="JPEG", as_list=False, **more):
    """Write nine images in shards of at most two rows; returns their attributes, bool[9, 40]."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = np.random.default_rng(0).random((9, len(NAMES))) < 0.4
    begin = 0
    for split, count in COUNTS.items():
        shards = -(-count // 2)
        for shard in range(shards):
            rows = range(begin + 2 * shard, begin + min(2 * shard + 2, count))
            values = truth[list(rows)]
            if minus:
                values = np.where(values, 1, -1)
            elif as_list:
                values = values.astype(int)
            table = {
                "image": [
                    {"bytes": picture(i, kind), "path": f"{i + 1:06d}.jpg" if named else None}
                    for i in rows
                ],
                "celeb_id": [100 + i for i in rows],
                "prompt_string": ["a face" for _ in rows],
            }
            if as_list:
                table["attributes"] = values.tolist()
            else:
                table |= {name: values[:, k].tolist() for k, name in enumerate(NAMES)}
            table |= {name: value[: len(rows)] for name, value in more.items()}
            path = folder / f"{split}-{shard:05d}-of-{shards:05d}.parquet"
            pq.write_table(pa.table(table), path)
        begin += count
    return truth


@pytest.mark.parametrize(
    "options",
    [{}, {"minus": True}, {"named": False, "kind": "PNG"}, {"as_list": True, "named": False}],
    ids=str,
)
def test_a_mirror_is_unpacked_into_celebas_own_files(tmp_path, options):
    truth = write_mirror(tmp_path / "mirror/data", **options)
    root = tmp_path / "celeba"
    assert unpack(tmp_path / "mirror", root) == 9
    splits = CelebA(str(root)).load().splits
    assert [len(index) for index in splits.values()] == [5, 2, 2]
    assert [id for id, _ in splits["val"].classes] == NAMES
    got = np.concatenate([index.labels for index in splits.values()])
    assert np.array_equal(got, truth)
    files = np.concatenate([index.files for index in splits.values()]).tolist()
    suffix = ".png" if options.get("kind") == "PNG" else ".jpg"
    assert files == [f"{i:06d}{suffix}".encode() for i in range(1, 10)]
    assert splits["val"].path(0).read_bytes() == picture(5, options.get("kind", "JPEG"))
    identities = (root / "identity_CelebA.txt").read_text().splitlines()
    assert identities[:2] == [f"000001{suffix} 100", f"000002{suffix} 101"]
    assert not list(root.rglob("*.partial"))


def test_an_interrupted_call_continues_and_leaves_no_list(tmp_path, monkeypatch):
    write_mirror(tmp_path / "data")
    root = tmp_path / "celeba"
    written, rows = [], module._unpack_rows

    def fails_at_the_second(*arguments):
        if written:
            raise KeyboardInterrupt
        written.append(arguments)
        rows(*arguments)

    monkeypatch.setattr(module, "_unpack_rows", fails_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "data", root)
    assert sorted(p.name for p in root.rglob("*.*")) == ["000001.jpg", "000002.jpg"]
    with pytest.raises(InputError, match="not complete"):
        CelebA(str(root)).check()
    first = root / "img_align_celeba/000001.jpg"
    stamp = first.stat().st_mtime_ns
    (root / "img_align_celeba/000002.jpg").write_bytes(b"cut")
    monkeypatch.setattr(module, "_unpack_rows", rows)
    assert unpack(tmp_path / "data", root) == 9
    assert first.stat().st_mtime_ns == stamp, "what is there is not written again"
    assert (root / "img_align_celeba/000002.jpg").read_bytes() == picture(1)
    with pytest.raises(InputError, match="already"):
        unpack(tmp_path / "data", root)


def refused(folder, root, match):
    with pytest.raises(InputError, match=match):
        unpack(folder, root)
    assert not (root / "list_attr_celeba.txt").exists()


def test_shards_that_are_missing_or_strange(tmp_path):
    folder, root = tmp_path / "data", tmp_path / "celeba"
    refused(folder, root, "no .parquet file here or one folder down")
    write_mirror(folder)
    shard = folder / "train-00001-of-00003.parquet"
    shard.rename(tmp_path / "kept")
    refused(folder, root, "shards are missing: train-00001-of-00003.parquet")
    shard.write_bytes(b"PAR1 cut short")
    refused(folder, root, "train-00001-of-00003.parquet: not a complete parquet file")
    (tmp_path / "kept").rename(shard)
    (folder / "test-00000-of-00001.parquet").rename(tmp_path / "kept")
    refused(
        folder,
        root,
        r"train, valid and test, found train-\*-of-00003, valid-\*-of-00001",
    )
    (tmp_path / "kept").rename(folder / "celeba.parquet")
    refused(folder, root, r"celeba.parquet: expected a name such as train-00000")


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"Bald": [1, 2]}, "the values 0, 1, 2"),
        ({"Bald": [0, -1]}, "the values -1, 0, 1"),
        ({"Bald": [True, None]}, "column Bald: a value is missing"),
        ({"attributes": [[0, 1], [1, 0]]}, "column attributes: not 40 values per row"),
        ({"image": [b"x", b"y"]}, "no column image with bytes"),
        ({"image": [{"bytes": b"GIF89a"}] * 2}, "image 1: neither JPEG nor PNG"),
        (
            {"image": [{"bytes": b"\xff\xd8\xff", "path": "a.jpg"}] * 2},
            "several images the same name: a",
        ),
    ],
    ids=str,
)
def test_columns_that_no_mirror_has(tmp_path, more, match):
    write_mirror(tmp_path / "data", **more)
    refused(tmp_path / "data", tmp_path / "celeba", match)


@pytest.mark.parametrize(
    ("image", "match"),
    [
        (None, "image 1: the row has no image"),
        ({"bytes": picture(1), "path": "a\0b.jpg"}, "image 1: .* cannot be the name of a file"),
        ({"bytes": picture(1), "path": "x/.."}, "image 1: .* cannot be the name of a file"),
        ({"bytes": picture(1), "path": "a b.jpg"}, "image 1: .* cannot be the name of a file"),
        ({"bytes": picture(1), "path": "a" * 300 + ".jpg"}, r"image 1: .*\(304 characters\)"),
    ],
    ids=["null", "NUL", "dots", "blank", "long"],
)
def test_images_that_cannot_be_written(tmp_path, image, match):
    write_mirror(tmp_path / "mirror", image=[image, {"bytes": picture(1), "path": "b.jpg"}])
    with pytest.raises(InputError, match=match):
        unpack(tmp_path / "mirror", tmp_path / "celeba")
    assert not list(tmp_path.rglob("*.jpg"))


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    refused(tmp_path, tmp_path / "celeba", "pip install pyarrow")


def test_the_command_unpacks_once(tmp_path):
    write_mirror(tmp_path / "data")
    command = [sys.executable, "-m", "tasks.faces.unpack", tmp_path / "data", tmp_path / "celeba"]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert "9 images in" in first.stdout
    assert second.returncode == 2
    assert second.stderr.startswith("error: ")
    assert "Traceback" not in second.stderr
