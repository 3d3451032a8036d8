"""A run of several processes: one folder, one voice, one process's scores, and a shared end."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import OmegaConf
from PIL import Image

from backbone.errors import InputError
from tasks.data import DataModule, TrainBatches
from tasks.distributed import check_world, environment
from tasks.faces.pairs import Pairs
from tasks.faces.verification import Verification
from tasks.processes import has_a_say, is_main_process
from tasks.progress import Throughput
from tasks.runs import RunDirectory
from tests.conftest import ROOT, kill_at
from tests.tasks.geolocation.conftest import write_places

TWO = ["trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
LAUNCHED = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID")
COLORS = {"ants": (200, 60, 60), "bees": (60, 60, 200), "cats": (60, 200, 60)}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No test here is itself a process of a run, or a job of SLURM's; and none makes the next one
    a process of another rank, which Lightning notes for good."""
    monkeypatch.setattr(rank_zero_only, "rank", 0)
    for name in [*LAUNCHED, *(name for name in os.environ if name.startswith("SLURM_"))]:
        monkeypatch.delenv(name, raising=False)


def start(options: list[str], launcher: list[str] = ()) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "tasks.run", *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[str, str]:
    """What a run printed, as output and as errors; one that hangs fails here."""
    try:
        said = process.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        process.kill()  # and with it, on Linux, the others
        raise
    assert process.returncode == 0, said
    return said


def only_run(folder: Path) -> Path:
    (path,) = folder.glob("*/*")
    return path


def result(path: Path) -> dict:
    return json.loads((path / "result.json").read_text())


def status(path: Path) -> dict:
    return json.loads((path / "status.json").read_text())


def rows(path: Path) -> list[tuple[str, str]]:
    """(step, name) of metrics.csv."""
    return [(r["step"], r["name"]) for r in csv.DictReader((path / "metrics.csv").open())]


def score_alone(run, options: list[str], folder: Path, runs: Path) -> dict[str, float]:
    """The metrics of a run's best checkpoint, in this one process."""
    answer = run(
        *(option for option in options if not option.startswith("mode=")),
        "mode=evaluate",
        "trainer.max_epochs=0",
        f"backbone.weights={folder / 'best.ckpt'}",
        f"paths.runs={runs}",
    )
    assert answer.code == 0, answer.err
    return result(only_run(runs))["metrics"]


def test_a_detector(run, tiny, tmp_path):
    """Lightning starts the second process: one folder, one report, the scores of one process."""
    options = [*tiny, "data.batch_size=3", "optimizer.lr=1e-3"]
    output, errors = finish(start([*options, *TWO]))
    path = only_run(tmp_path / "runs")
    assert output.count("network: ") == output.count("run directory: ") == 1
    assert errors == "", "nothing of a second process, and none of Lightning's own affairs"
    found = result(path)
    # 24 images: 4 steps of 2 x 3 images an epoch; 9 images are scored: 5 of them by the first
    assert found["steps"] == 8
    assert found["scored_images"] == 9
    names = rows(path)
    assert len(names) == len(set(names)), "one process writes"
    score = score_alone(run, options, path, tmp_path / "alone")
    assert score == pytest.approx(found["metrics"], abs=1e-6)
    assert 0 < found["metrics"]["AR100"] < 1, "or it would not show"


def test_geolocation_under_torchrun(run, tmp_path):
    """Both processes start at once, and draw one partition."""
    places = write_places(tmp_path / "places", {"train": 40, "val": 11})
    options = [
        *("task=planet", "optimizer=adamw", "backbone.alpha=0.25", "size=32"),
        *("data.workers=0", "data.batch_size=4", "data.t_max=8", "data.t_min=2"),
        *("trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
        *(f"data.root={places}", f"paths.cache={tmp_path / 'cache'}"),
        "trainer.enable_progress_bar=false",
    ]
    runs = tmp_path / "runs"
    output, _ = finish(start([*options, *TWO, f"paths.runs={runs}", "fresh=true"], TORCHRUN))
    assert output.count("network: ") == output.count("run directory: ") == 1
    path = only_run(runs)
    found = result(path)
    score = score_alone(run, options, path, tmp_path / "alone")
    assert score == pytest.approx(found["metrics"], rel=1e-6)


def write_images(root: Path) -> None:
    """36 + 13 images of three classes, a colour each."""
    rng = np.random.default_rng(0)
    for split, counts in (("train", (12, 12, 12)), ("val", (5, 4, 4))):
        for (name, color), count in zip(COLORS.items(), counts, strict=True):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                noise = rng.integers(-80, 81, (40, 48, 3))
                pixels = (np.array(color) + noise).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.jpg")


@pytest.fixture
def classifier(tmp_path) -> list[str]:
    write_images(tmp_path / "images")
    return [
        *("task=image_folder", "optimizer=adamw", "optimizer.lr=1e-3", "optimizer.ema_decay=0.9"),
        *("backbone.alpha=0.25", "size=32", "data.workers=0", "data.batch_size=3"),
        *("trainer.max_epochs=4", "trainer.log_every_n_steps=1"),
        *(f"data.root={tmp_path / 'images'}", f"paths.cache={tmp_path / 'cache'}"),
        "trainer.enable_progress_bar=false",
        "trainer.checkpoint_minutes=0.0001",
    ]


def test_a_classifier_killed_and_continued(run, classifier, tmp_path):
    """With its main process the other one ends; both go on at the same step, to the same end."""
    folders = [tmp_path / "unharmed", tmp_path / "killed"]
    finish(start([*classifier, *TWO, f"paths.runs={folders[0]}"]))
    options = [*classifier, *TWO, f"paths.runs={folders[1]}"]
    killed = start(options)
    kill_at(killed, folders[1], step="9")
    killed.communicate(timeout=60)  # the pipes close when the last process is gone
    assert status(only_run(folders[1]))["state"] == "running", "nobody was left to say more"
    output, _ = finish(start(options))
    assert 6 <= int(output.partition("at step ")[2].split()[0]) < 24
    paths = [only_run(folder) for folder in folders]
    assert result(paths[0])["metrics"] == result(paths[1])["metrics"]
    assert result(paths[1])["steps"] == result(paths[0])["steps"]
    assert rows(paths[0]) == rows(paths[1])
    weights = [torch.load(path / "last.ckpt", weights_only=True) for path in paths]
    for key in ("state_dict", "training_state_dict"):
        for name, tensor in weights[0][key].items():
            assert torch.equal(tensor, weights[1][key][name]), f"{key} {name}"
    # 36 images in steps of 2 x 3, so the learning rate of 6
    assert weights[0]["global_step"] == 24
    rate = weights[0]["optimizer_states"][0]["param_groups"][0]["initial_lr"]
    assert rate == pytest.approx(1e-3 * 6 / 32)
    score = score_alone(run, classifier, paths[0], tmp_path / "alone")
    assert score == pytest.approx(result(paths[0])["metrics"], abs=1e-6)


def test_an_error_of_the_second_process_ends_both(classifier, tmp_path):
    """The second image of the validation set is its share: nobody else comes upon the damage."""
    victim = tmp_path / "images/val/ants/1.jpg"
    victim.write_bytes(victim.read_bytes()[:200])
    process = start([*classifier, *TWO, f"paths.runs={tmp_path / 'runs'}"])
    output, errors = process.communicate(timeout=150)
    assert process.returncode != 0
    assert errors.count("error: ") == 1, errors
    assert "ants/1.jpg: damaged" in errors
    assert "Traceback" not in errors
    found = status(only_run(tmp_path / "runs"))
    assert found["state"] == "failed"
    assert "ants/1.jpg: damaged" in found["error"]
    assert "run directory: " not in output


# who speaks


@pytest.mark.parametrize(
    ("environment", "main"),
    [
        ({}, True),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "1", "LOCAL_RANK": "1"}, False),
        ({"RANK": "2", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        # torchrun on each machine, started there by srun
        ({"RANK": "1", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}, False),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}, True),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}, False),
        # a batch script, and the second process that Lightning starts in it
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2"}, True),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "LOCAL_RANK": "1"}, False),
        ({"NODE_RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"NODE_RANK": "1"}, False),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, False),
    ],
)
def test_the_main_process(monkeypatch, environment, main):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_main_process() == main
    assert has_a_say() == main, "before they meet, errors are the main process's to tell"


def environment_of(trainer) -> type:
    return type(trainer.strategy.cluster_environment)


def two_processes():
    options = {"accelerator": "cpu", "devices": 2, "strategy": "ddp", "logger": False}
    return pl.Trainer(**options, enable_checkpointing=False, plugins=environment())


def test_one_process_in_an_allocation_starts_the_others_itself(monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_JOB_NAME", "train")
    monkeypatch.setenv("SLURM_PROCID", "0")
    trainer = two_processes()
    assert environment_of(trainer) is LightningEnvironment
    assert not trainer.strategy.cluster_environment.creates_processes_externally
    check_world(trainer)


def test_processes_of_srun_are_as_many_as_asked_for(monkeypatch):
    slurm = {"NTASKS": 2, "NTASKS_PER_NODE": 2, "STEP_NUM_TASKS": 2, "PROCID": 1, "LOCALID": 1}
    for name, value in (slurm | {"NODEID": 0, "JOB_NAME": "train"}).items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    trainer = two_processes()
    assert environment_of(trainer) is SLURMEnvironment
    check_world(trainer)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "8")
    with pytest.raises(InputError, match="srun started 8 processes"):
        check_world(trainer)


def test_processes_of_torchrun_are_as_many_as_asked_for(run, tiny, tmp_path, monkeypatch):
    for name, value in {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    answer = run(*tiny)
    assert answer.code == 2
    assert "torchrun started 2 processes, and trainer.devices=1" in answer.err
    assert not list(tmp_path.glob("runs/*/*/last.ckpt"))


def test_the_first_process_to_fail_has_the_word(tmp_path, monkeypatch):
    config = OmegaConf.create(
        {
            "backbone": {"name": "net"},
            "size": 32,
            "mode": "full",
            "task": {"name": "t"},
            "data": {"module": {}},
            "trainer": {},
            "paths": {"runs": str(tmp_path)},
        }
    )
    directory = RunDirectory(config)

    def fail(message: str, fresh: bool = False) -> None:
        with directory.open(fresh):
            raise InputError(message)

    with pytest.raises(InputError, match="mine"):
        fail("mine")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SystemExit) as stop:
        fail("the other one is gone")
    assert stop.value.code == 2
    assert status(directory.path)["error"] == "mine"
    monkeypatch.setenv("RANK", "0")  # the next run of the folder begins anew
    with pytest.raises(InputError, match="again"):
        fail("again")
    assert status(directory.path)["error"] == "again"


# shares


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_small_set_gives_every_process_a_batch(count):
    shares = [list(TrainBatches(count, 4, seed=0, rank=r, world=3)) for r in range(3)]
    assert [len(share) for share in shares] == [1, 1, 1]
    drawn = [index for (batch,) in shares for index, _ in batch]
    assert all(len(batch) for (batch,) in shares)
    assert set(drawn) == set(range(count))
    assert len(drawn) == max(count, 3)


def data_of(count: int, rank: int, world: int, batch_size: int = 4) -> DataModule:
    data = DataModule(batch_size, workers=0, seed=0)
    data.datasets["val"] = range(count)
    data.collate = list
    data.trainer = SimpleNamespace(global_rank=rank, world_size=world)
    return data


@pytest.mark.parametrize(("count", "world"), [(9, 2), (17, 2), (23, 3), (3, 3)])
@pytest.mark.parametrize("limit", [None, 1, 2])
def test_what_is_scored_is_known_to_all_processes(count, world, limit):
    """Shares of other sizes and numbers of batches, and the same images in all minds."""
    modules = [data_of(count, rank, world) for rank in range(world)]
    seen = [
        index
        for data in modules
        for batch in list(data.evaluation_loader("val"))[:limit]
        for index in batch
    ]
    assert len(seen) == len(set(seen))
    assert {data.evaluated("val", limit) for data in modules} == {len(seen)}
    assert set(seen) == set(range(len(seen))), "the first of the set"


def test_fewer_images_than_processes_are_refused():
    with pytest.raises(InputError, match="val: 2 images for 3 processes"):
        data_of(2, rank=0, world=3).evaluation_loader("val")


def test_an_agreement_with_a_teacher_does_not_depend_on_the_shares():
    rng = np.random.default_rng(0)
    own, teacher = torch.from_numpy(rng.normal(size=(2, 97, 16))).float()
    own = torch.nn.functional.normalize(own, dim=1)
    pairs = Pairs(
        first=np.arange(0, 96, 2),
        second=np.arange(1, 97, 2),
        same=rng.random(48) < 0.5,
        fold=np.arange(48) % 3,
        title="",
    )

    def taken_in(order: torch.Tensor) -> Verification:
        metric = Verification(pairs)
        for part in order.split(10):
            metric.update({"embedding": own[part], "teacher": teacher[part]}, part)
        return metric

    whole = taken_in(torch.arange(97))
    merged = Verification(pairs)
    merged.merge([taken_in(torch.arange(rank, 97, 3)).state for rank in (2, 0, 1)])
    assert merged.compute().metrics == whole.compute().metrics, "to the last bit"


def test_throughput_counts_every_image_once():
    """Each process counts its own, and their sum is over the slowest one's seconds."""
    throughput = Throughput()
    throughput.test_images, throughput.test_seconds = 8, 2.0

    def reduce(value: torch.Tensor, reduce_op: str) -> torch.Tensor:
        others = torch.tensor({"sum": 5.0, "max": 4.0}[reduce_op])
        return value + others if reduce_op == "sum" else torch.maximum(value, others)

    strategy = SimpleNamespace(root_device=torch.device("cpu"), reduce=reduce)
    throughput.on_test_end(SimpleNamespace(strategy=strategy), None)
    assert throughput.test == (8 + 5) / 4.0
