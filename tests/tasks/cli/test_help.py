"""What `--help` of the commands with arguments says."""

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("tasks.predict", "folder to write; default: predictions"),
        ("tasks.tables.__main__", "folder of run directories; default: runs"),
        ("tasks.join", "Wherever a checkpoint is named"),
        ("tasks.teacher", "distill=cached distill.outputs="),
        ("tasks.export.__main__", "\n  tolerance=      points of its score"),
        ("tasks.bench", "compares the runtimes of a checkpoint's exported files"),
    ],
)
def test_help_explains_the_command_and_names_defaults(command, said, monkeypatch, capsys):
    main = importlib.import_module(command).main
    monkeypatch.setattr(sys, "argv", [command, "best.ckpt", "--help"])
    if command == "tasks.bench":
        main()
    else:
        with pytest.raises(SystemExit, match="0"):
            main()
    said_now = capsys.readouterr().out
    assert said in said_now
    assert "default: None" not in said_now
