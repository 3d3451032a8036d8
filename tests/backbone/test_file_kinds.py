"""Files that are something else than their names say."""

import gzip
from pathlib import Path

import pytest

from backbone.errors import InputError
from backbone.file_kinds import in_its_place
from backbone.weight_files import read_file
from tasks.detection.coco.json_file import parse_instances
from tasks.faces.csv_rows import read_rows
from tasks.geolocation.coordinates import read_coordinates
from tasks.geolocation.shards import find_shards
from tasks.images.files import open_image
from tasks.training.checkpoints import read_checkpoint

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html><html>404</html>"


@pytest.mark.parametrize("content", [b"", b"{}", b"file,Hat\n", b"versions", b"<xml/>", b"\x1f"])
def test_most_files_are_none_of_these(content):
    assert in_its_place(content) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *[(POINTER, "git lfs pull"), (PAGE, "web page"), (gzip.compress(b"x"), "gzip")],
        (b"PAR1" + bytes(40), "a Parquet table; convert it"),
    ],
    ids=["pointer", "page", "packed", "table"],
)
@pytest.mark.parametrize(
    "read",
    [
        read_file,
        parse_instances,
        open_image,
        lambda path: list(read_rows(path)[1]),
        lambda path: list(read_coordinates(path)),
        read_checkpoint,
        lambda path: find_shards(path.parent, path.name),
    ],
    ids=["weights", "annotations", "image", "attributes", "places", "checkpoint", "shard"],
)
def test_readers_say_what_they_were_given(tmp_path, read, content, message):
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_is_no_list(tmp_path, begin):
    path = tmp_path / "list.csv"
    path.write_bytes(begin + bytes(40))
    with pytest.raises(InputError, match="a spreadsheet or an archive; save it as CSV"):
        read_rows(path)


@pytest.mark.parametrize(
    "read", [lambda path: read_rows(path), lambda path: list(read_coordinates(path))]
)
def test_a_device_is_no_list(read):
    with pytest.raises(InputError, match="a folder, a pipe or a device"):
        read(Path("/dev/zero"))
