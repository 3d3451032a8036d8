"""Whatever happens to the files of a run, the same command works or says what to do."""

import json
import random
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tasks.tables.__main__ import tables as print_tables
from tasks.tables.finding import finished
from tests.conftest import tiny_options

pytestmark = pytest.mark.slow
FILES = ("config.yaml", "status.json", "metrics.csv", "last.ckpt", "best.ckpt", "result.json")


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 20])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.choice([0, 1, chance.randrange(10_000)])])


def noise(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    at = chance.randrange(len(data))
    path.write_bytes(data[:at] + chance.randbytes(50) + data[at:])


def folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path, chance: random.Random) -> None:
    path.unlink()


def dangling(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def others(path: Path, chance: random.Random) -> None:
    """Another file of the run in its place."""
    files = sorted(other for other in path.parent.iterdir() if other.name in FILES)
    content = chance.choice([file for file in files if file.is_file()]).read_bytes()
    path.write_bytes(content)


def part(path: Path, chance: random.Random) -> None:
    """One value of a checkpoint is missing, or another."""
    if path.suffix != ".ckpt":
        return
    content = torch.load(path, weights_only=True)
    key = chance.choice(sorted(content))
    content[key] = chance.choice([None, {}, [], "text", -1])
    torch.save(content, path)


DAMAGE = (flip, cut, noise, folder, gone, dangling, others, part)


@pytest.mark.parametrize("seed", range(10))
def test_the_same_command_works_or_says_what_to_do(run, detector, sample, tmp_path, seed):
    chance = random.Random(seed)
    shutil.copytree(detector.runs, tmp_path / "runs")
    (path,) = (tmp_path / "runs/ssd_coco").iterdir()
    if chance.random() < 0.7:
        (path / "result.json").unlink()
    present = [name for name in FILES if (path / name).exists()]
    done = []
    for name in chance.sample(present, chance.choice([1, 1, 2])):
        damage = chance.choice(DAMAGE)
        if (path / name).exists():
            damage(path / name, chance)
            done.append(f"{damage.__name__} {name}")
    answer = run(*tiny_options(sample, tmp_path), code=None)
    assert answer.code in (0, 2), (done, answer.err)
    assert answer.code == 0 or str(path) in answer.err, (done, answer.err)
    finished.cache_clear()
    print_tables(["13"], tmp_path / "runs", "text", None)
    if answer.code == 2:
        run(*tiny_options(sample, tmp_path), "fresh=true")


@pytest.fixture
def small_files() -> Iterator[None]:
    """The test cannot write files beyond 1 MB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_cannot_be_written_is_named(run, tiny, tmp_path, small_files):
    answer = run(*tiny, code=2)
    (path,) = (tmp_path / "runs/ssd_coco").iterdir()
    (line,) = (line for line in answer.err.splitlines() if line.startswith("error"))
    assert f"error: cannot write {path}/" in line
    assert "too large" in line
    assert "Traceback" not in answer.err
    assert not list(path.glob(".*.partial"))
    assert json.loads((path / "status.json").read_text())["state"] == "failed"


def test_a_folder_of_runs_that_cannot_be_made_is_named(run, tiny):
    answer = run(*tiny, "paths.runs=/proc/runs", code=2)
    assert answer.err.startswith("error: cannot write /proc/runs/")
    assert answer.err.count("\n") == 1


def test_without_a_cache_a_run_goes_on(run, tiny, tmp_path):
    (tmp_path / "cache").touch()
    answer = run(*tiny, "trainer.max_epochs=1")
    warnings = [line for line in answer.err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 1
    assert str(tmp_path / "cache") in warnings[0]
