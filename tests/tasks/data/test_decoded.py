"""Loaders whose images a device decodes, here the CPU, beside those that decode themselves."""

import time
from multiprocessing import active_children
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from backbone.errors import InputError
from tasks.data import module as data_module
from tasks.data.batches import TrainBatches
from tasks.data.decoded import DecodedBatches
from tasks.data.image_index import ImageIndex
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.data.module import DataModule
from tasks.images.crops import RandomResizedCrop
from tasks.images.decoding import BatchDecoder
from tasks.runs.processes import usable_cores

CPU = torch.device("cpu")


@pytest.fixture
def index(tmp_path):
    """Nine photographs of different sizes, one of them no JPEG."""
    names = []
    for i in range(9):
        y, x = np.mgrid[0 : 70 + 9 * i, 0 : 120 - 5 * i]
        pixels = np.stack([x * 2, y, 255 - x - y // 2], axis=2).astype(np.uint8)
        names.append(f"{i}.png" if i == 4 else f"{i}.jpg")
        Image.fromarray(pixels).save(tmp_path / names[-1], quality=95)
    files = np.array([name.encode() for name in names])
    return ImageIndex(str(tmp_path), files, np.arange(9) % 2, (("a", "A"), ("b", "B")))


def module(workers=0, decode="auto", devices=1, device=CPU):
    data = DataModule(4, workers, seed=0, decode=decode)
    data.size, data.collate = (32, 48), collate_labelled
    data.trainer = SimpleNamespace(
        num_devices=devices, strategy=SimpleNamespace(root_device=device)
    )
    return data


def epochs(index, decoder, workers=0, done=(0, 0), count=2):
    data = module(workers)
    dataset = LabelledImages(index, data.size, RandomResizedCrop(), seed=1)
    order = TrainBatches(len(index), 4, seed=3, done=done)
    loader = data.loader(dataset, order, decoder)
    assert isinstance(loader, DecodedBatches) == (decoder is not None)
    seen = []
    for epoch in range(done[0], done[0] + count):
        loader.batch_sampler.sampler.set_epoch(epoch)  # as Lightning does
        seen.append(list(loader))
    return seen


def same(one, two, pixels=0):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys()
        off = (a["image"].int() - b["image"].int()).abs()
        assert off.max() <= pixels
        assert all(torch.equal(a[key], b[key]) for key in a if key != "image")


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_loader_processes(index, workers):
    plain = epochs(index, None)
    decoder = BatchDecoder((32, 48), CPU)
    for one, two in zip(plain, epochs(index, decoder, workers), strict=True):
        same(one, two, pixels=2)
    assert decoder.by_device + decoder.by_cpu == 2 * 8


def test_the_number_of_workers_changes_nothing_and_a_continued_epoch_goes_on(index):
    whole = epochs(index, BatchDecoder((32, 48), CPU))
    for one, two in zip(whole, epochs(index, BatchDecoder((32, 48), CPU), 1), strict=True):
        same(one, two)
    (rest,) = epochs(index, BatchDecoder((32, 48), CPU), done=(1, 1), count=1)
    same(whole[1][1:], rest)


def test_a_pass_that_is_left_does_not_disturb_the_next(index):
    loader = module().loader(
        LabelledImages(index, (32, 48)), [[0, 1], [2, 3], [5]], BatchDecoder((32, 48), CPU)
    )
    first = next(iter(loader))
    again = list(loader)
    assert [batch["image_id"].tolist() for batch in again] == [[0, 1], [2, 3], [5]]
    same([first], again[:1])


def test_a_batch_that_takes_long_keeps_its_place(index):
    class Slow(BatchDecoder):
        def __call__(self, images):
            time.sleep(0.2 if 0 in images.rows and len(images.files) == 2 else 0)
            return super().__call__(images)

    order = [[0, 1], [2], [3], [5, 6], [7]]
    loader = module().loader(LabelledImages(index, (32, 48)), order, Slow((32, 48), CPU))
    assert [batch["image_id"].tolist() for batch in loader] == order
    assert loader.decoder.by_device == 7


def test_what_the_cpu_decodes_is_counted(index, capsys):
    loader = module().loader(
        LabelledImages(index, (32, 48)), [[3, 4], [4], [5]], BatchDecoder((32, 48), CPU)
    )
    for _ in range(2):
        assert len(list(loader)) == 3
    said = capsys.readouterr().out
    assert said.count("2 image files decoded on the GPU, 1 on the CPU") == 1


def test_a_loader_that_lightning_has_left_is_ended(index, capsys):
    """It asks for as many batches as there are, so the pass never comes to its end by itself."""
    data = module(workers=1)
    loader = data.loader(
        LabelledImages(index, (32, 48)), [[3, 4], [5]], BatchDecoder((32, 48), CPU)
    )
    batches = iter(loader)
    assert [next(batches)["image_id"].tolist() for _ in range(2)] == [[3, 4], [5]]
    assert active_children()
    data.teardown("fit")
    assert not active_children()
    assert "2 image files decoded on the GPU, 1 on the CPU" in capsys.readouterr().out


def test_a_damaged_file_is_named_where_it_is_decoded(index):
    index.path(2).write_bytes(b"")
    loader = module().loader(
        LabelledImages(index, (32, 48)), [[0, 1], [2, 3]], BatchDecoder((32, 48), CPU)
    )
    with pytest.raises(InputError, match=r"2\.jpg: the file is empty"):
        list(loader)


def test_where_files_are_decoded(monkeypatch):
    assert module(decode="cpu").decoder() is None
    with pytest.raises(InputError, match=r"data\.decode=cuda: this run is on a CPU"):
        module(decode="cuda").decoder()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert module().decoder() is None  # a run on the CPU of a machine with a GPU
    gpu = torch.device("cuda")
    monkeypatch.setattr(data_module, "decoding_fault", lambda device: None)
    assert module(device=gpu).decoder().device == gpu
    monkeypatch.setattr(data_module, "decoding_fault", lambda device: "built without nvJPEG")
    assert module(device=gpu).decoder() is None
    with pytest.raises(InputError, match="built without nvJPEG"):
        module(decode="cuda", device=gpu).decoder()


def test_processes_of_a_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(data_module, "usable_cores", lambda: 24)
    assert module(workers=None).workers == 24
    assert module(workers=None, devices=4).workers == 6
    assert module(workers=None, devices=50).workers == 1
    assert module(workers=3, devices=4).workers == 3
    assert DataModule(4, None, seed=0).workers == 24  # before there is a trainer
    assert usable_cores() >= 1


@pytest.mark.cuda
def test_a_gpu_gives_the_same_batches_ahead_of_the_step(index):
    gpu = BatchDecoder((32, 48), torch.device("cuda"))
    plain = epochs(index, None)
    for one, two in zip(plain, epochs(index, gpu, 2), strict=True):
        assert all(batch["image"].device.type == "cuda" for batch in two)
        moved = [batch | {"image": batch["image"].cpu()} for batch in two]
        for a, b in zip(one, moved, strict=True):
            assert torch.equal(a["image_id"], b["image_id"])
            assert (a["image"].float() - b["image"].float()).abs().mean() < 2
