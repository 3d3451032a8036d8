from dataclasses import replace

import pytest
import torch

from backbone.errors import InputError
from tasks.geolocation.cells import build_partition
from tasks.geolocation.data import labels
from tasks.geolocation.partitioning import Partitioning
from tasks.training.checkpoints import FORMAT
from tests.tasks.geolocation.conftest import chunks


@pytest.mark.parametrize(
    ("photographs", "given", "thresholds"),
    [
        (126_000_000, (None, None), (10_000, 50)),  # PlaNet
        (400_000, (None, None), (10_000, 50)),
        (100_000, (None, None), (2_500, 12)),
        (2_000, (None, None), (50, 5)),
        (20, (None, None), (50, 5)),
        (2_000, (30, None), (30, 5)),
        (2_000, (3, None), (3, 3)),
        (2_000, (None, 20), (200, 20)),
        (2_000, (7, 2), (7, 2)),
    ],
)
def test_thresholds_follow_the_options(photographs, given, thresholds):
    assert Partitioning(None, *given, 8).thresholds(photographs) == thresholds


def test_one_that_is_built_is_saved_under_its_hash(places, tmp_path, capsys):
    expected = build_partition(chunks(places), 155, 5, 7)
    partition = Partitioning(None, None, None, 7).partition(iter(chunks(places)), tmp_path)
    assert partition.hash == expected.hash
    path = tmp_path / "partitions" / f"{partition.hash[:16]}.safetensors"
    assert str(path) in capsys.readouterr().out
    assert Partitioning(str(path), None, None, 8).partition(None, tmp_path).hash == partition.hash
    before = path.stat().st_mtime_ns
    Partitioning(None, 155, 5, 7).partition(iter(chunks(places, 500)), tmp_path)
    assert path.stat().st_mtime_ns == before


def test_a_checkpoint_gives_its_own(places, tmp_path):
    partition, path = build_partition(chunks(places), 400, 5), tmp_path / "best.ckpt"
    means = labels(partition)
    checkpoint = {"format": FORMAT, "config": {}, "labels": means.to_dict(), "state_dict": {}}
    torch.save(checkpoint, path)
    partitioning = Partitioning(str(path), None, None, 8)
    assert partitioning.partition(None, tmp_path).hash == partition.hash
    torch.save(checkpoint | {"labels": replace(means, details={}).to_dict()}, path)
    with pytest.raises(InputError, match=r"best.ckpt: a checkpoint of another task"):
        partitioning.partition(None, tmp_path)


def test_without_a_cache_the_run_goes_on(places, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where the folder should be")
    partition = Partitioning(None, 400, 5, 7).partition(iter(chunks(places)), tmp_path / "cache")
    assert len(partition) > 1
    said = capsys.readouterr()
    assert "not kept" in said.out
    assert said.err.startswith("warning: cannot write ")
    assert f"{tmp_path / 'cache'} is a file" in said.err


def test_a_damaged_file_in_the_cache_is_written_again(places, tmp_path):
    partitioning = Partitioning(None, 400, 5, 7)
    partitioning.partition(iter(chunks(places)), tmp_path)
    (path,) = (tmp_path / "partitions").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    partitioning.partition(iter(chunks(places)), tmp_path)
    assert path.read_bytes() == whole


def test_a_damaged_partition_in_a_checkpoint_is_refused(places, tmp_path):
    means, path = labels(build_partition(chunks(places), 400, 5)), tmp_path / "best.ckpt"
    means.details["partition"]["cells"][0] = 0
    content = {"format": FORMAT, "config": {}, "labels": means.to_dict(), "state_dict": {}}
    torch.save(content, path)
    with pytest.raises(InputError, match=r"best.ckpt: the values of the partition are damaged"):
        Partitioning(str(path), None, None, 8).partition(None, tmp_path)


def test_without_photographs_there_is_none_to_build(tmp_path):
    with pytest.raises(InputError, match=r"name the checkpoint .* with data.partition="):
        Partitioning(None, None, None, 8).partition(None, tmp_path)
    with pytest.raises(InputError, match="no such file"):
        Partitioning(str(tmp_path / "x"), None, None, 8).partition(None, tmp_path)
