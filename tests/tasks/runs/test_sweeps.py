"""The runs of a folder as a table: best first, what differs, and what failed."""

import json
from pathlib import Path

import pytest
import yaml

from tasks import sweeps
from tasks.runs.sweeps import runs_below, sweep_records, sweep_table
from tests.conftest import call

CONFIG = {
    "task": {"name": "image_folder"},
    "seed": 0,
    "optimizer": {"lr": 0.1},
    "backbone": {"_target_": "backbone.mobilenet_v1.MobileNetV1"},
    "data": {"batch_size": 4, "module": {"batch_size": 4}},
    "paths": {"runs": "runs"},
}


def write_run(folder: Path, name: str, top1: float | None = None, **changes) -> Path:
    path = folder / "image_folder" / name
    path.mkdir(parents=True)
    config = json.loads(json.dumps(CONFIG))
    for key, value in changes.items():
        config[key] = config[key] | value if isinstance(value, dict) else value
    (path / "config.yaml").write_text(yaml.safe_dump(config))
    (path / "status.json").write_text('{"state": "finished"}')
    if top1 is not None:
        ends = {"top1": [top1 - 0.1, top1 + 0.1]}
        result = {"metrics": {"top1": top1, "error": 1 - top1}, "intervals": ends, "paper": None}
        (path / "result.json").write_text(json.dumps(result | {"monitor": "top1"}))
    return path


@pytest.fixture
def swept(tmp_path) -> Path:
    write_run(tmp_path, "a", 0.5)
    write_run(tmp_path, "b", 0.7, optimizer={"lr": 0.3})
    batch = {"batch_size": 8, "module": {"batch_size": 8}}
    write_run(tmp_path, "c", 0.6, data=batch, paths={"runs": "elsewhere"})
    failed = write_run(tmp_path, "d", seed=13)
    (failed / "status.json").write_text('{"state": "failed", "error": "thirteen\\nis unlucky"}')
    damaged = write_run(tmp_path, "e", 0.9)
    (damaged / "result.json").write_text("{")
    write_run(tmp_path, "f", optimizer={"lr": 0.3}, seed=2)
    (tmp_path / "config.yaml").write_text("- no run's")
    return tmp_path


def test_best_first_with_what_differs_then_the_failures(swept):
    lines = sweep_table(runs_below(swept)).splitlines()
    assert lines[0] == "task=image_folder: 6 runs, 3 finished"
    rows = [" ".join(line.split()) for line in lines[1:8]]
    assert rows == [
        "top1 95% interval seed data.batch_size optimizer.lr run",
        "70.0 60.0 to 80.0 0 4 0.3 b",
        "60.0 50.0 to 70.0 0 8 0.1 c",
        "50.0 40.0 to 60.0 0 4 0.1 a",
        "failed 13 4 0.1 d",
        "damaged 0 4 0.1 e",
        "without a result 2 4 0.3 f",
    ]
    assert lines[8] == "failed: d: thirteen is unlucky"
    assert lines[9].startswith("damaged: e: ")
    assert len(lines) == 10


def test_where_less_is_better_the_least_is_first(swept):
    for path in swept.glob("*/*/result.json"):
        text = path.read_text().replace('"paper"', '"lower_is_better": ["top1"], "paper"')
        path.write_text(text)
    lines = sweep_table(runs_below(swept)).splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["50.0", "60.0", "70.0"]


def test_the_command_prints_the_table_of_a_sweep(swept):
    assert call(sweeps.main, swept).out == sweep_table(runs_below(swept)) + "\n"
    rows = json.loads(call(sweeps.main, swept, "--json").out)
    assert rows == sweep_records(runs_below(swept))
    assert rows[0]["options"] == {"seed": 0, "data.batch_size": 4, "optimizer.lr": 0.3}
    for folder, said in ((swept / "no", "no such folder"), (swept / "image_folder/d", "")):
        if not said:
            (folder / "config.yaml").unlink()
            said = "holds no run directory"
        assert said in call(sweeps.main, folder, code=2).err


def test_a_run_is_running_only_while_a_process_holds_it(tmp_path, monkeypatch):
    path = write_run(tmp_path, "a")
    (path / "status.json").write_text('{"state": "running"}')
    assert [run.state for run in runs_below(tmp_path)] == ["killed"]
    (path / ".lock").touch()
    assert [run.state for run in runs_below(tmp_path)] == ["killed"]

    def held(*_):
        raise BlockingIOError

    monkeypatch.setattr("tasks.runs.directory.fcntl.lockf", held)
    assert [run.state for run in runs_below(tmp_path)] == ["running"]
