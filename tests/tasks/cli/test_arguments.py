"""How a command ends that takes arguments rather than a configuration."""

import signal
import subprocess
import sys

import pytest

from tasks.cli.arguments import command_parser

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


def test_options_may_stand_between_the_arguments():
    parser = command_parser("tasks.predict", None)
    parser.add_argument("checkpoint")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--output")
    given = parser.parse_args(["a.ckpt", "1.jpg", "--output", "there", "2.jpg"])
    assert (given.images, given.output) == (["1.jpg", "2.jpg"], "there")
