import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backbone import files
from backbone.files import (
    WriteError,
    folder_for_results,
    hold,
    keep,
    make_folder,
    remove_leftovers,
    require_writable,
    write_atomically,
)

HOLD = """
import sys, time
from pathlib import Path
from backbone.files import write_atomically
with write_atomically(Path(sys.argv[1])) as partial:
    partial.write_text("half")
    print(partial, flush=True)
    sys.stdin.read()
"""


def write(path: Path, text: str) -> None:
    with write_atomically(path) as partial:
        partial.write_text(text)


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    with write_atomically(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        partial.write_text("all")
    assert path.read_text() == "all"
    assert list(path.parent.iterdir()) == [path]


def test_after_an_error_everything_is_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with write_atomically(path) as partial:
            partial.write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def writer(tmp_path):
    """A process that is writing `a.txt`, and its temporary file."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "a.txt")]
    root = Path(__file__).parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=root, env=os.environ, **pipes) as process:
        yield process, Path(process.stdout.readline().strip())
        process.stdin.close()


@pytest.mark.slow
def test_what_a_killed_write_left_is_used_again_or_removed(tmp_path, writer):
    process, partial = writer
    process.kill()
    process.wait()
    assert partial.read_text() == "half"
    write(tmp_path / "a.txt", "all")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]
    assert (tmp_path / "a.txt").read_text() == "all"
    partial.write_text("half")
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


@pytest.mark.slow
def test_two_processes_write_one_file_and_each_is_whole(tmp_path, writer):
    process, partial = writer
    write(tmp_path / "a.txt", "mine")
    assert (tmp_path / "a.txt").read_text() == "mine"
    remove_leftovers(tmp_path)
    assert partial.read_text() == "half", "it is being written"
    process.communicate("")
    assert process.returncode == 0
    assert (tmp_path / "a.txt").read_text() == "half"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_held_file_is_not_held_twice(tmp_path):
    first = hold(tmp_path / "lock")
    assert first is not None
    assert hold(tmp_path / "lock") is None
    os.close(first)
    second = hold(tmp_path / "lock")
    assert second is not None
    os.close(second)


def test_leftovers_alone_are_removed(tmp_path):
    (tmp_path / ".a.txt.partial").write_text("half")
    kept = [tmp_path / "a.partial", tmp_path / ".b.txt", tmp_path / ".folder.partial"]
    kept[0].touch()
    kept[1].touch()
    kept[2].mkdir()
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "no such folder")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space left.*make room"),
        (errno.EDQUOT, "quota.*make room"),
        (errno.EFBIG, "too large.*ulimit"),
        (errno.EROFS, "read-only"),
    ],
)
def test_a_full_or_read_only_disk_is_named(tmp_path, number, said):
    """Even where a library raises an error of its own while it handles the system's."""
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with write_atomically(path) as partial:
            partial.write_text("new")
            try:
                raise OSError(number, os.strerror(number))
            finally:
                raise RuntimeError("unexpected position")

    with pytest.raises(WriteError, match=rf"cannot write .*a\.txt \({said}|{said}"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_that_is_full_is_named(tmp_path):
    def fail():
        with write_atomically(tmp_path / "a.txt"), open("/dev/full", "w") as file:
            file.write("x" * 100_000)

    with pytest.raises(WriteError, match=r"a\.txt.*no space left"):
        fail()


def test_errors_about_other_files_pass(tmp_path):
    def read_another():
        with write_atomically(tmp_path / "a.txt"):
            (tmp_path / "source").read_text()

    with pytest.raises(FileNotFoundError):
        read_another()


@pytest.mark.parametrize("path", ["file/a.txt", "file/b/a.txt"])
def test_a_file_in_place_of_a_folder_is_named(tmp_path, path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"file"):
        write(tmp_path / path, "text")
    with pytest.raises(WriteError, match="file"):
        make_folder((tmp_path / path).parent)
    assert (tmp_path / "file").is_file()


def test_a_folder_that_cannot_be_made_is_named():
    with pytest.raises(WriteError, match="cannot write /proc/none"):
        make_folder(Path("/proc/none"))
    with pytest.raises(WriteError, match="cannot write /proc/none"):
        write(Path("/proc/none/a"), "text")


def test_folders_pipes_and_devices_are_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "folder", tmp_path / "pipe", Path("/dev/null"), Path("/dev/stdout")):
        before = path.lstat()
        for call in (require_writable, lambda path: write(path, "text")):
            with pytest.raises(WriteError, match=str(path)):
                call(path)
        assert os.path.samestat(before, path.lstat())


def test_without_a_cache_the_work_goes_on_after_one_warning(tmp_path, capsys):
    (tmp_path / "file").touch()
    files._told.clear()
    for name in ("a", "b"):
        assert not keep(tmp_path / "file" / name, lambda path: write(path, "text"))
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("warning: ")
    assert str(tmp_path / "file") in said
    (tmp_path / ".old.partial").touch()
    assert keep(tmp_path / "c", lambda path: write(path, "text"))
    assert not (tmp_path / ".old.partial").exists()


def test_a_path_is_tried_before_long_work(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    require_writable(path)
    assert list(path.parent.iterdir()) == []
    path.write_text("old")
    require_writable(path)
    assert path.read_text() == "old"
    with pytest.raises(WriteError, match="is a file where a folder is needed"):
        require_writable(path / "b.txt")


def test_a_folder_for_results_goes_again_if_there_are_none(tmp_path):
    folder = tmp_path / "a" / "b"

    def fail(*names):
        with folder_for_results(folder):
            for name in names:
                (folder / name).write_text("")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())
    with pytest.raises(RuntimeError):
        fail("report")
    assert (folder / "report").is_file()
    with pytest.raises(RuntimeError):
        fail()
    assert (folder / "report").is_file()
