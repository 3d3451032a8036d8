"""A run directory: its lock, its leftovers, and what is damaged in it."""

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.runs.directory import RunDirectory

RESULT = {"metrics": {"top1": 0.5}, "paper": None}


@pytest.fixture
def directory(tmp_path, alone) -> RunDirectory:
    config = {
        "backbone": {"name": "net"},
        "size": 32,
        "mode": "full",
        "task": {"name": "t"},
        "paths": {"runs": str(tmp_path)},
    }
    return RunDirectory(OmegaConf.create(config))


def run(directory: RunDirectory, fresh: bool = False) -> None:
    with directory.open(fresh):
        pass


def damage(path: Path, how: str) -> None:
    contents = {"empty": b"", "binary": bytes(range(256)), "list": b"[]", "object": b"{}"}
    contents |= {"cut": b'{"metrics": {"top1": 0.', "deep": b"[" * 100_000}
    contents |= {"no scores": b'{"metrics": {}, "paper": null}'}
    contents |= {"words": b'{"metrics": {"top1": "x"}, "paper": null}'}
    if how == "folder":
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        path.write_bytes(contents[how])


HOW = ("empty", "binary", "list", "object", "cut", "deep", "no scores", "words", "folder")


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_result_is_named(directory, how):
    with directory.open(fresh=False):
        directory.finish(RESULT)
    assert directory.result() == RESULT
    path = directory.path / "result.json"
    damage(path, how)
    with pytest.raises(InputError, match=r"result\.json is damaged.*move it away.*fresh=true"):
        directory.result()
    run(directory, fresh=True)
    assert directory.result() is None


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_status_is_none_and_is_written_again(directory, how):
    run(directory)
    assert directory.state() == "finished"
    damage(directory.path / "status.json", how)
    assert directory.state() is None
    run(directory)
    assert directory.state() == "finished"


@pytest.mark.parametrize("name", ["config.yaml", "status.json", "metrics.csv"])
def test_a_folder_in_place_of_a_record_is_set_aside(directory, name, capsys):
    run(directory)
    for times in (1, 2):
        damage(directory.path / name, "folder")
        (directory.path / name / "kept").touch()
        run(directory)
        aside = f"{name}.damaged" + ("" if times == 1 else "-2")
        assert (directory.path / aside / "kept").exists()
        assert f"renamed to {aside}" in capsys.readouterr().err
    assert directory.state() == "finished"


def test_a_file_in_place_of_the_plots_is_set_aside(directory):
    run(directory)
    directory.plots.touch()
    run(directory)
    assert (directory.path / "plots.damaged").is_file()


@pytest.mark.parametrize("name", ["last.ckpt", "best.ckpt"])
def test_a_folder_in_place_of_a_checkpoint_is_named(directory, name):
    run(directory)
    damage(directory.path / name, "folder")
    with pytest.raises(InputError, match=rf"{name} is not a file.*move it away"):
        run(directory)
    run(directory, fresh=True)
    assert not (directory.path / name).exists()


def test_what_a_killed_run_left_half_written_is_removed(directory):
    run(directory)
    directory.plots.mkdir()
    left = [directory.path / ".last.ckpt.partial", directory.plots / ".curves.png.7.partial"]
    for path in (*left, directory.path / ".failed"):
        path.touch()
    (directory.plots / "curves.png").touch()
    run(directory)
    names = {path.name for path in directory.path.rglob("*")}
    assert names == {".lock", "config.yaml", "status.json", "plots", "curves.png"}


def test_a_fresh_start_follows_no_link(directory, tmp_path):
    run(directory)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photograph").touch()
    (directory.path / "link").symlink_to(tmp_path / "mine")
    run(directory, fresh=True)
    assert (tmp_path / "mine" / "photograph").exists()
    assert not (directory.path / "link").is_symlink()


def test_a_file_in_place_of_the_folder_is_named(directory):
    directory.path.parent.mkdir(parents=True)
    directory.path.touch()
    with pytest.raises(InputError, match=str(directory.path)):
        run(directory)
    assert directory.path.is_file()


def test_a_folder_in_place_of_the_lock_is_named(directory):
    (directory.path / ".lock").mkdir(parents=True)
    with pytest.raises(InputError, match=r"cannot write .*is a directory"):
        run(directory)


def test_a_file_system_without_locks_is_named(directory, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(InputError, match=r"cannot be locked.*paths\.runs"):
        run(directory)


def test_on_a_full_disk_the_first_error_is_told(directory, monkeypatch):
    """The state cannot be written either, and that is not what the user should read."""

    def fail():
        with directory.open(fresh=False):
            monkeypatch.setattr(os, "replace", full)
            raise InputError("the cause")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="the cause"):
        fail()


def test_a_failed_run_keeps_its_state(directory):
    def fail(error: BaseException):
        with directory.open(fresh=False):
            raise error

    with pytest.raises(InputError):
        fail(InputError("x"))
    assert directory.state() == "failed"
    with pytest.raises(SystemExit):
        fail(SystemExit(143))
    left = json.loads((directory.path / "status.json").read_text())
    assert (left["state"], left.get("error")) == ("interrupted", None)
