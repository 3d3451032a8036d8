"""A drawn set appears complete or not at all, and a killed drawing leaves nothing for long."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.samples.publishing import publish

STAMP = {"sample": "s", "version": 1, "seed": 0, "train": 1, "val": 1, "size": [64, 64]}
DRAW = """
import sys
from pathlib import Path
from tasks.samples.publishing import publish
def draw(folder):
    folder.mkdir()
    (folder / "half").touch()
    print("drawing", flush=True)
    sys.stdin.read()
stamp = {"sample": "s", "version": 1, "seed": 0, "train": 1, "val": 1, "size": [64, 64]}
publish(Path(sys.argv[1]), "s", stamp, draw)
"""


def draw(folder: Path) -> None:
    folder.mkdir()
    (folder / "picture").touch()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_set_and_nothing_else_is_left(tmp_path):
    publish(tmp_path / "a" / "set", "s", STAMP, draw)
    assert names(tmp_path / "a") == {"set"}
    assert names(tmp_path / "a" / "set") == {"picture", "sample.json"}


@pytest.mark.parametrize("content", ["", "[]", "{", '"s"'])
def test_a_damaged_record_is_named(tmp_path, content):
    publish(tmp_path / "set", "s", STAMP, draw)
    (tmp_path / "set" / "sample.json").write_text(content)
    with pytest.raises(InputError, match="holds something other than a drawn s sample"):
        publish(tmp_path / "set", "s", STAMP, draw)
    assert (tmp_path / "set" / "picture").exists()


def test_a_full_disk_is_named(tmp_path):
    def full(folder: Path) -> None:
        folder.mkdir()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match=r"cannot write .*set \(no space left"):
        publish(tmp_path / "set", "s", STAMP, full)
    assert names(tmp_path) == set()


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        publish(tmp_path / "file" / "set", "s", STAMP, draw)


@pytest.mark.slow
def test_what_a_killed_drawing_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".set-mine.lock").touch()
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", DRAW, str(tmp_path / "set")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=root, **pipes) as process:
        assert process.stdout.readline() == "drawing\n"
        began = names(tmp_path)
        publish(tmp_path / "set", "s", STAMP | {"seed": 1}, draw)
        assert names(tmp_path) == began | {"set"}, "a living process is drawing"
        process.kill()
    publish(tmp_path / "set", "s", STAMP, draw)
    assert names(tmp_path) == {"set", ".set-mine.lock"}
