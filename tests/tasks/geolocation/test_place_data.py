import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backbone.errors import InputError
from tasks.geolocation.partition import PARTITION, Partition
from tasks.geolocation.place_sources import PlaceLists, ShardedPlaces
from tasks.geolocation.stream import StreamBatches
from tests.tasks.geolocation.conftest import TOWNS, write_places, write_shards


def alone(data, rank=0, world=1):
    """What Lightning gives a data module."""
    data.trainer = SimpleNamespace(
        global_rank=rank,
        world_size=world,
        global_step=0,
        limit_train_batches=1.0,
        accumulate_grad_batches=1,
    )
    return data


def test_batches_have_cells_and_positions(place_data):
    data = alone(place_data({"train": 30, "val": 10}, t_max=6, t_min=1))
    data.setup("fit")
    assert len(data.partition) == 5
    seen = []
    for batch in data.train_dataloader():
        assert batch["image"].shape == (4, 3, 32, 32)
        assert batch["position"].dtype == torch.float32
        cells = data.partition.cell_of(*batch["position"].double().numpy().T)
        assert (cells == batch["label"].numpy()).all()
        seen += batch["image_id"].tolist()
    assert len(set(seen)) == 28
    (val,) = (torch.cat([b["position"] for b in data.val_dataloader()]),)
    assert np.abs(val[:5].numpy() - TOWNS).max() < 0.31


def test_labels_hold_the_partition(place_data):
    data = place_data({"train": 30, "val": 10}, t_max=6, t_min=1, coarser=[2.5])
    data.setup("fit")
    labels = data.labels
    cells = len(data.partition)
    assert labels.num_classes == len(labels.ids) == len(labels.names) > cells
    assert len(set(labels.ids[:cells])) == cells
    assert all(label.startswith(f"partition {data.partition.hash[:12]} ") for label in labels.ids)
    assert {name.split(".")[0] for name in labels.names[:cells]} == {"1", "33", "40", "48", "64"}
    assert Partition.from_dict(labels.to_dict()["details"][PARTITION]).hash == data.partition.hash


def test_photographs_in_dropped_cells_are_left_out_and_counted(place_data, capsys):
    data = place_data({"train": 18, "val": 10}, t_max=4, t_min=4)
    data.setup("fit")  # of five towns the last two have three photographs
    assert len(data.datasets["train"]) == 12
    assert "6 in dropped cells left out" in capsys.readouterr().out
    assert (data.indices["train"].labels >= 0).all()
    assert (data.indices["val"].labels < 0).sum() == 4, "they count in a score"
    assert data.describe().startswith("places: 3 cells of at most level ")
    assert "trained on 12 photographs, left out of train: 6 in a dropped cell" in data.describe()
    assert data.describe().endswith("evaluated 10 of 10 (val.csv)")


def test_a_result_states_the_number_of_photographs(place_data, tmp_path):
    first = place_data({"train": 30, "val": 10})
    (tmp_path / "places/val.csv").rename(tmp_path / "places/im2gps.csv")
    (tmp_path / "places/images/val3.jpg").unlink()
    source = PlaceLists(tmp_path / "places", "train.csv", "im2gps.csv", "images", "images", True)
    first.source = source
    first.setup("fit")
    assert first.describe().endswith(
        "evaluated 9 of 237 (Im2GPS) (1 of the 10 in im2gps.csv missing)"
    )


def test_a_limit_takes_photographs_of_all_cells_in_turn(place_data):
    data = place_data({"train": 30, "val": 5}, t_max=6, t_min=1, limit=10, validate_on_train=True)
    data.setup("fit")
    assert np.bincount(data.indices["train"].labels).tolist() == [2] * 5
    assert data.indices["val"] is data.indices["train"]
    assert data.describe().endswith("evaluated the 10 training photographs")


def test_cells_can_be_drawn_alike(place_data):
    seen = []
    for balance in (0.0, 1.0):
        data = alone(place_data({"train": 33, "val": 10}, t_max=100, t_min=1, balance=balance))
        data.setup("fit")
        data.indices["train"].labels[:] = [0] * 30 + [1] * 3
        labels = torch.cat([batch["label"] for batch in data.train_dataloader()])
        seen.append(labels.bincount(minlength=2))
    assert seen[0][1] <= 3
    assert (seen[1] >= 12).all()


def test_a_partition_of_other_places_is_refused(place_data, tmp_path):
    from tasks.geolocation.cells import build_partition
    from tasks.geolocation.coordinates import Coordinates

    build_partition([Coordinates(None, np.full(9, -70.0), np.full(9, 10.0))], 9, 1, 6).save(
        tmp_path / "c"
    )
    with pytest.raises(InputError, match="none of the 30 training photographs lies in a cell"):
        place_data({"train": 30, "val": 5}, partition=tmp_path / "c").setup("fit")


def test_options_about_training_need_training_photographs(place_data):
    with pytest.raises(InputError, match="need a list or a folder"):
        place_data({"val": 5}, limit=3).setup("fit")


@pytest.fixture
def sharded(place_data, tmp_path):
    def make(counts, photographs=None, **options):
        root = write_places(tmp_path / "places", {"val": 5})
        write_shards(root, counts)
        pattern = f"train-{{000..{len(counts) - 1:03d}}}.tar"
        source = ShardedPlaces(root, pattern, "val.csv", "images", photographs, 10)
        return place_data({"val": 5}, source=source, t_max=30, t_min=1, **options)

    return make


def test_two_processes_train_on_every_sharded_photograph_once(sharded):
    seen = []
    for rank in range(2):
        data = alone(sharded([4] * 10), rank, 2)
        data.setup("fit")
        assert data.photographs == 40
        loader = data.train_dataloader()
        assert isinstance(loader, StreamBatches)
        assert len(loader) == data.steps_per_epoch() == 5
        seen += [i for batch in loader for i in batch["image_id"].tolist()]
        assert not loader.stream.counts
    assert sorted(seen) == [1_000_000 * shard + i for shard in range(10) for i in range(4)]


def test_the_steps_of_an_epoch_may_be_stated(sharded, capsys):
    data = alone(sharded([4, 4], photographs=100))
    data.setup("fit")
    assert data.steps_per_epoch() == 25
    assert "2 shards, 100 photographs per epoch" in capsys.readouterr().out


def test_what_shards_do_not_support(sharded):
    with pytest.raises(InputError, match="of shards, name fewer"):
        sharded([4], limit=2).setup("fit")
    with pytest.raises(InputError, match=r"data\.balance=0\.5: photographs in shards"):
        sharded([4], balance=0.5).setup("fit")
    data = alone(sharded([4, 4]), 0, 3)
    data.setup("fit")
    with pytest.raises(InputError, match="2 shards for 3 processes"):
        data.train_dataloader()


def test_small_photographs_of_a_stream(sharded):
    data = sharded([4, 4])
    data.setup("fit")
    (batch,) = data.thumbnails("train", (8, 8))
    assert batch["image"].shape == (8, 3, 8, 8)


def test_unreadable_photographs_are_counted(place_data):
    data = place_data({"train": 30, "val": 10}, t_max=6, t_min=1)
    loaded = data.source.load()
    for found in (loaded.train, loaded.val):
        Path(found.root, os.fsdecode(found.files[0])).write_bytes(b"")
    with pytest.raises(InputError, match=r"train: 1 of the 30 images .*empty"):
        data.setup("fit")
    data.skip_unreadable = True
    data.setup("fit")
    assert len(data.val) == 9
    assert data.val.official == 10
    assert data.left_out["train"]["unreadable"] == data.left_out["val"]["unreadable"] == 1
    assert "evaluated 9 of 10" in data.describe()
