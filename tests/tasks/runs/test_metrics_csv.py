"""metrics.csv: continued where a run continues, and set aside where it is damaged."""

import errno
import os

import pytest

from backbone.files import WriteError
from tasks.runs.metrics_csv import MetricsCsv, read_metrics


@pytest.fixture
def path(tmp_path, alone):
    path = tmp_path / "metrics.csv"
    log = MetricsCsv(path)
    for step in range(4):
        log.log_metrics({"train/loss": 1.5 - step, 'a "name", with a comma': 2.0, "epoch": 1}, step)
    return path


def steps(path) -> list[int]:
    return [row["step"] for row in read_metrics(path)]


def test_rows_are_read_as_they_were_written(path):
    row = {"step": 0, "epoch": 1, "name": 'a "name", with a comma', "value": 2.0}
    assert row in read_metrics(path)
    assert steps(path) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_continued_run_repeats_the_rows_past_its_checkpoint(path, capsys):
    MetricsCsv(path, step=2)
    assert steps(path) == [0, 0, 1, 1]
    assert not capsys.readouterr().err


@pytest.mark.parametrize("cut", [2, 5, 12])
def test_a_last_line_that_a_kill_cut_short_is_left_out(path, cut, capsys):
    path.write_bytes(path.read_bytes()[:-cut])
    MetricsCsv(path, step=4)
    assert steps(path) == [0, 0, 1, 1, 2, 2, 3]
    assert not capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\n", b"step,epoch,name,value\r\n"])
def test_an_empty_file_is_begun_anew(path, content):
    path.write_bytes(content)
    MetricsCsv(path, step=4).log_metrics({"x": 1.0}, 4)
    assert steps(path) == [4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"1,1,", b"\xff\x00,", 1),
        lambda data: bytes(range(256)) * 10 + data,
        lambda data: data.replace(b"step", b"\x80tep"),
        lambda data: data[:40] + b'"' + data[40:],
        lambda data: data[:40] + b"9" * 5000 + b"," * 200_000 + data[40:],
        lambda data: b"<html>\n</html>\n",
    ],
)
def test_damaged_lines_are_set_aside_and_the_others_kept(path, damage, capsys):
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    MetricsCsv(path, step=4)
    assert "metrics.csv.damaged" in capsys.readouterr().err
    assert path.with_name("metrics.csv.damaged").read_bytes() == damaged
    assert b"3,1,train/loss" not in damaged or 3 in steps(path)
    MetricsCsv(path, step=4)
    assert not capsys.readouterr().err, "what was kept is whole"


def test_a_full_disk_is_named(path, monkeypatch):
    log = MetricsCsv(path)

    class Full:
        def writerows(self, rows):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("csv.writer", lambda file: Full())
    with pytest.raises(WriteError, match=r"metrics\.csv.*no space left"):
        log.log_metrics({"x": 1.0}, 0)
