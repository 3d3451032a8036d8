"""The cache of parsed annotations: a help where it can be kept, and never in the way."""

import numpy as np
import pytest

from backbone import files
from tasks.detection.coco.json_file import cached_instances, parse_instances


def assert_equal(first, second):
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", "folder", "cut"])
def test_a_damaged_cache_is_written_again(coco_files, tmp_path, content):
    parsed = parse_instances(coco_files.annotations)
    cached_instances(coco_files.annotations, tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    whole = path.read_bytes()
    if content == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(whole[:-100] if content == "cut" else content)
    assert_equal(cached_instances(coco_files.annotations, tmp_path / "cache"), parsed)
    if content != "folder":
        assert path.read_bytes() == whole


def test_without_a_cache_the_file_is_parsed_and_one_line_says_so(coco_files, tmp_path, capsys):
    files._told.clear()
    (tmp_path / "cache").touch()
    parsed = parse_instances(coco_files.annotations)
    for _ in range(2):
        assert_equal(cached_instances(coco_files.annotations, tmp_path / "cache"), parsed)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{tmp_path / 'cache'} is a file" in said


def test_what_a_killed_process_left_is_removed(coco_files, tmp_path):
    (tmp_path / ".old.npz.partial").touch()
    cached_instances(coco_files.annotations, tmp_path)
    assert not list(tmp_path.glob(".*.partial"))
