"""How a command ends that takes arguments rather than a configuration."""

import errno
import io
import os
import signal
import subprocess
import sys

import pytest
from hydra.errors import InstantiationException

from backbone.errors import InputError
from tasks.cli.arguments import command_parser, mistakes_exit, show_progress
from tasks.cli.command import run_command
from tasks.cli.mistakes import is_mistake, messages

COMMAND = """
import sys, time
from pathlib import Path
from backbone.files import folder_for_results, write_atomically
from tasks.cli.arguments import mistakes_exit
folder = Path(sys.argv[1])
with mistakes_exit(), folder_for_results(folder), write_atomically(folder / "file") as partial:
    partial.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_command_that_is_stopped_leaves_nothing(tmp_path, number, code, words):
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, tmp_path / "new" / "folder"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "writing\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, f"{words}\n")
    assert not list(tmp_path.iterdir())


PRINTS = """
from tasks.cli.arguments import mistakes_exit
with mistakes_exit():
    print("line\\n" * {lines})
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 100_000], ids=["written at the exit", "written at once"])
def test_a_command_whose_reader_has_left_ends_silently(lines):
    process = subprocess.Popen(
        [sys.executable, "-c", PRINTS.format(lines=lines)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE


def test_a_command_without_streams_ends_as_with_them(monkeypatch):
    """They are None if a shell has closed them: >&- 2>&-."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with mistakes_exit():
        show_progress(1, 2, "image")


def test_options_may_stand_between_the_arguments():
    parser = command_parser("tasks.predict", None)
    parser.add_argument("checkpoint")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--output")
    given = parser.parse_args(["a.ckpt", "1.jpg", "--output", "there", "2.jpg"])
    assert (given.images, given.output) == (["1.jpg", "2.jpg"], "there")
    given = parser.parse_args(["--output", "there", "--", "a.ckpt", "-1.jpg"])
    assert (given.images, given.output) == (["-1.jpg"], "there")


def test_a_message_does_not_command_the_terminal(capsys):
    with pytest.raises(SystemExit, match="2"), mistakes_exit():
        raise InputError("a\x1b[2Jb.jpg: no such file")
    assert capsys.readouterr().err == "error: a\\x1b[2Jb.jpg: no such file\n"


def test_a_path_that_is_too_long_is_a_mistake(capsys):
    """Every question about it raises an error, even whether it exists."""
    name = "a" * 5000
    with pytest.raises(SystemExit, match="2"), mistakes_exit():
        os.stat(name)
    assert "this name is too long for a file" in capsys.readouterr().err
    with pytest.raises(OSError, match="too long") as raised:
        os.stat(name)
    assert is_mistake(raised.value)
    assert messages(raised.value, [])[0].endswith("give another path")
    wrapped = InstantiationException("in data.check")  # as Hydra's, around a data set's own check
    wrapped.__cause__ = raised.value
    assert is_mistake(wrapped)
    assert messages(wrapped, []) == messages(raised.value, [])
    assert not is_mistake(OSError(errno.ENOEXEC, "no program", name))


def test_a_path_without_permission_is_a_mistake(capsys):
    """A folder that may not be entered does not even tell whether a file is in it."""
    denied = PermissionError(errno.EACCES, "Permission denied", "runs/a/best.ckpt")
    with pytest.raises(SystemExit, match="2"), mistakes_exit():
        raise denied
    said = "runs/a/best.ckpt: permission denied; give yourself permission, or name another path"
    assert capsys.readouterr().err == f"error: {said}\n"
    assert is_mistake(denied)
    assert messages(denied, []) == [said]


@pytest.mark.parametrize("name", ["mistakes_exit", "run_command"])
def test_a_name_that_is_no_text_is_printed(name, monkeypatch):
    """A file's name is bytes; on Linux they need not be text."""
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "argv", ["tasks.run", "--help"])
    if name == "mistakes_exit":
        with mistakes_exit():
            pass
    else:
        run_command(lambda config: None)
    print("a\udcff.jpg")
    stream.flush()
    assert stream.buffer.getvalue().endswith(b"a\\udcff.jpg\n")
