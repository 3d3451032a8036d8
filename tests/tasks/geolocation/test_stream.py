import io
import json
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from backbone.errors import InputError
from tasks.geolocation.cells import build_partition
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.dataset import collate_places
from tasks.geolocation.shards import Shards
from tasks.geolocation.stream import DROPPED, ShardStream, StreamBatches
from tasks.images.crops import RandomResizedCrop
from tasks.images.decoding import BatchDecoder
from tasks.images.view import View
from tests.tasks.geolocation.conftest import TOWNS, add_member, picture, write_shards

SIZE = (12, 16)


@pytest.fixture(scope="module")
def partition():
    return build_partition([Coordinates(None, *np.repeat(TOWNS, 5, axis=0).T)], 5, 1, 6)


@pytest.fixture
def shards(tmp_path):
    """50 shards of 1 to 5 photographs, 150 in all."""
    return Shards(write_shards(tmp_path, [1 + i % 5 for i in range(50)]), None, 20)


def stream(shards, partition, rank=0, world=1, **options):
    options = {"crop": None, "view": View(crop_fraction=1.0), "seed": 0, "size": SIZE} | options
    return ShardStream(shards, partition, rank=rank, world=world, **options)


def all_ids(shards):
    count = [1 + i % 5 for i in range(len(shards.urls))]
    return [1_000_000 * shard + i for shard, n in enumerate(count) for i in range(n)]


def ids(batches):
    return [int(i) for batch in batches for i in batch["image_id"]]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_two_processes_see_every_photograph_exactly_once_an_epoch(shards, partition, workers):
    seen = []
    for rank in range(2):
        loader = torch.utils.data.DataLoader(
            stream(shards, partition, rank, 2), 4, collate_fn=collate_places, num_workers=workers
        )
        seen.append(ids(loader))
    assert sorted(seen[0] + seen[1]) == all_ids(shards)
    assert min(map(len, seen)) > 50


def test_an_item_is_the_photograph_with_its_place(shards, partition):
    found = {item["image_id"]: item for item in stream(shards, partition)}
    item = found[7_000_001]  # after 1+2+3+4+5+1+2 others: photograph 18 + 1
    assert item["image"].shape == (*SIZE, 3)
    assert np.abs(item["image"].mean((0, 1)) - (50 * (19 % 5), 90, 120)).max() < 3
    assert item["position"] == pytest.approx(np.add(TOWNS[4], (7e-3, 1e-3)))
    assert item["label"] == partition.cell_of(*item["position"])[0] >= 0
    assert item["size"].tolist() == [18, 24]


@pytest.mark.slow
def test_the_order_is_a_function_of_seed_and_epoch(shards, partition):
    def order(seed, epoch):
        one = stream(shards, partition, seed=seed)
        one.begin(epoch)
        return [item["image_id"] for item in one]

    assert order(0, 0) == order(0, 0)
    orders = [order(0, 0), order(0, 1), order(1, 0)]
    assert len({tuple(o) for o in orders}) == 3
    assert len({tuple(sorted(o)) for o in orders}) == 1
    first = [i // 1_000_000 for i in orders[0]]
    assert first != sorted(first, key=first.index), "the buffer mixes the shards"


def test_the_random_crop_is_a_function_of_seed_epoch_and_photograph(tmp_path, partition):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    content = io.BytesIO()
    noise.save(content, "PNG")
    url = tmp_path / "a.tar"
    with tarfile.open(url, "w") as archive:
        for key in "ab":
            place = {"latitude": TOWNS[0][0], "longitude": TOWNS[0][1]}
            add_member(archive, f"{key}.png", content.getvalue())
            add_member(archive, f"{key}.json", json.dumps(place).encode())

    def crops(epoch):
        crop = RandomResizedCrop((0.1, 0.5))
        one = stream(Shards([str(url)], None, 1), partition, crop=crop)
        one.begin(epoch)
        return {item["image_id"]: item["image"] for item in one}

    first, again, next_epoch = crops(0), crops(0), crops(1)
    assert (first[0] == again[0]).all()
    assert (first[0] != first[1]).any()
    assert (first[0] != next_epoch[0]).any()


def test_the_buffer_is_bounded(shards, partition):
    one = stream(shards, partition)
    taken = []
    source = one.members
    one.members = lambda *given: (taken.append(m) or m for m in source(*given))
    ahead = [len(taken) - given for given, _ in enumerate(one)]
    assert max(ahead) <= shards.shuffle + 1
    assert np.median(ahead) >= shards.shuffle - 1


def test_a_broken_member_is_skipped_and_counted(tmp_path, partition, capsys):
    place = {"latitude": TOWNS[0][0], "longitude": TOWNS[0][1]}
    good = json.dumps(place).encode()
    sea = json.dumps({"latitude": -60, "longitude": -120}).encode()
    photo = picture((9, 9, 9))
    files = [
        *(("a.jpg", photo), ("a.json", good)),
        *(("b.jpg", photo[:200]), ("b.json", good)),
        *(("c.jpg", b"<html>"), ("c.json", good)),
        *(("d.jpg", photo), ("d.json", b"{}")),
        ("e.jpg", photo),
        ("f.json", good),
        *(("g.jpg", photo), ("g.json", b'{"lat": 95, "lon": 1}')),
        *(("h.jpg", photo), ("h.json", sea)),
        *(("i.jpg", photo), ("i.json", good), ("i.json", good)),
    ]
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name, content in files:
            add_member(archive, name, content)
    one = stream(Shards([str(tmp_path / "x.tar")], None, 10), partition)
    assert sorted(item["image_id"] for item in one) == [0, 8]
    assert one.counts == {
        "image cannot be decoded": 2,
        "no position": 2,
        "no image": 1,
        "position out of range": 1,
        "named twice": 1,
        DROPPED: 1,
    }
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3, "the first ones only"
    assert all("x.tar: " in line for line in told)
    one.begin(1)
    assert not one.counts


def batches(shards, partition, steps, batch_size=4, workers=0, done=(0, 0), **options):
    one = stream(shards, partition, **options)
    return StreamBatches(one, batch_size, steps, workers, collate_places, done)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_full_and_the_epoch_is_every_photograph(shards, partition, workers):
    """Workers end with incomplete batches, which are put together."""
    found = batches(shards, partition, steps=150 // 4, workers=workers)
    for epoch in range(2):
        found.set_epoch(epoch)
        drawn = list(found)
        assert len(drawn) == len(found) == 37
        assert {len(batch["image_id"]) for batch in drawn} == {4}
        assert drawn[0]["image"].shape == (4, 3, *SIZE)
        assert drawn[0]["position"].dtype == torch.float32
        seen = ids(drawn)
        assert len(set(seen)) == len(seen) == 148
        assert found.stream.counts == {}


@pytest.mark.slow
def test_a_process_with_too_few_photographs_repeats_some(shards, partition):
    found = batches(shards, partition, steps=50)
    seen = ids(found)
    assert len(seen) == 200
    assert len(set(seen[:148])) == 148
    assert len(set(seen[148:])) == 52
    assert found.stream.counts == {"repeated": 52}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_continued_epoch_goes_on_where_it_was(shards, partition, workers):
    whole = batches(shards, partition, steps=30, workers=workers)
    whole.set_epoch(3)
    rest = batches(shards, partition, steps=30, workers=workers, done=(3, 11))
    rest.set_epoch(3)
    assert len(rest) == 30, "Lightning counts the whole epoch"
    assert ids(rest) == ids(list(whole)[11:])
    rest.set_epoch(4)
    whole.set_epoch(4)
    assert ids(rest) == ids(whole)


def test_iterating_changes_nothing(shards, partition):
    """Lightning makes an iterator more than it uses."""
    found = batches(shards, partition, steps=10)
    unused = iter(found)
    begun = iter(found)
    next(begun)
    assert ids(found) == ids(found)
    del unused


def test_shards_without_a_batch_are_refused(tmp_path, partition):
    shards = Shards(write_shards(tmp_path, [3]), None, 10)
    with pytest.raises(
        InputError, match=r"do not fill one batch of 4 photographs .*left out: none"
    ):
        list(batches(shards, partition, steps=1))


def test_a_shard_that_ends_early_stops_the_epoch(tmp_path, partition):
    shards = Shards(write_shards(tmp_path, [4, 4]), None, 1)
    with open(shards.urls[1], "r+b") as file:
        file.truncate(2048)
    with pytest.raises(InputError, match=r"train-001\.tar: the shard ends early"):
        list(batches(shards, partition, steps=2))


def test_lightning_finds_the_epoch():
    found = StreamBatches(SimpleNamespace(seed=0, __iter__=None), 1, 1, 0, collate_places)
    found.sampler.set_epoch(5)
    assert found.epoch == 5


def test_a_stream_whose_images_a_device_decodes(tmp_path, partition):
    """The same photographs in the same order, and the same ones left out."""
    shards = Shards(write_shards(tmp_path, [9, 7]), None, 4)
    found = []
    for decoder in (None, BatchDecoder(SIZE, torch.device("cpu"))):
        photographs = stream(shards, partition, crop=RandomResizedCrop())
        if decoder is not None:
            photographs = photographs.undecoded()
        loader = StreamBatches(photographs, 4, 3, 0, collate_places, decoder=decoder)
        found.append((list(loader), photographs.counts))
    (plain, left_out), (decoded, also_left_out) = found
    assert left_out == also_left_out
    for one, two in zip(plain, decoded, strict=True):
        assert one.keys() == two.keys()
        assert (one["image"].int() - two["image"].int()).abs().max() <= 2
        assert all(torch.equal(one[key], two[key]) for key in one if key != "image")
