"""A run of several processes: who speaks, who starts whom, and each one's share."""

import json
from types import SimpleNamespace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.data.batches import TrainBatches
from tasks.data.module import DataModule
from tasks.faces.pairs import Pairs
from tasks.faces.verification import Verification
from tasks.runs.directory import RunDirectory
from tasks.runs.processes import is_main_process, reports_errors
from tasks.training.distributed import check_world, cluster_environment
from tasks.training.progress import Throughput

pytestmark = pytest.mark.usefixtures("alone")


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
    assert reports_errors() == main, "before they meet, errors are the main process's to tell"


def environment_of(trainer) -> type:
    return type(trainer.strategy.cluster_environment)


def two_processes():
    options = {"accelerator": "cpu", "devices": 2, "strategy": "ddp", "logger": False}
    return pl.Trainer(**options, enable_checkpointing=False, plugins=cluster_environment())


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
    answer = run(*tiny, code=2)
    assert "torchrun started 2 processes, but trainer.devices=1" in answer.err
    assert not list(tmp_path.glob("runs/*/*/last.ckpt"))


def error(directory: RunDirectory) -> str:
    return json.loads((directory.path / "status.json").read_text())["error"]


@pytest.mark.slow
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
    assert error(directory) == "mine"
    monkeypatch.setenv("RANK", "0")  # the next run of the folder begins anew
    with pytest.raises(InputError, match="again"):
        fail("again")
    assert error(directory) == "again"


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
    """Shares differ in size and batches, and all processes count the same images."""
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


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_STEP_NUM_TASKS"])
def test_a_launchers_variable_that_is_no_number_is_named(name, alone, monkeypatch):
    monkeypatch.setenv(name, "first")
    with pytest.raises(InputError, match=f"unset {name}"):
        is_main_process()
    assert reports_errors()
