"""Batches decoded as a whole beside images decoded one by one."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.io import decode_jpeg

from backbone.errors import InputError
from tasks.images.decoding import BatchDecoder, decoding_fault, size_groups
from tasks.images.encoded import Encoded, encoded_view, stack_views
from tasks.images.loading import load_view

CPU = torch.device("cpu")
SIZE = (60, 80)
BOX = (11.3, 5.5, 150.2, 101.9)


@pytest.fixture
def photo():
    y, x = np.mgrid[0:120, 0:200]
    return Image.fromarray(np.stack([x, y * 2, 255 - x], axis=2).astype(np.uint8))


@pytest.fixture
def files(tmp_path, photo):
    """A file of each kind; those that a GPU decodes come first."""
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(tmp_path / "plain.jpg", quality=95)
    photo.save(tmp_path / "progressive.jpg", quality=95, progressive=True)
    photo.convert("L").save(tmp_path / "grey.jpg", quality=95)
    photo.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=turned)
    photo.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    photo.save(tmp_path / "photo.png")
    photo.save(tmp_path / "rgb.jpg", quality=95, keep_rgb=True)
    names = ["plain", "progressive", "grey", "turned"]
    return [tmp_path / f"{name}.jpg" for name in names] + [
        tmp_path / name for name in ("cmyk.jpg", "photo.png", "rgb.jpg")
    ]


def pixels_of(batch):
    return batch.permute(0, 2, 3, 1).cpu().numpy().astype(int)


def test_every_kind_of_file_gives_the_loaders_pixels(files):
    views = [encoded_view(path, SIZE, BOX) for path in files]
    assert [isinstance(view, Encoded) for view in views] == [True] * 4 + [False] * 3
    order = [4, 0, 5, 1, 2, 6, 3]
    decoder = BatchDecoder(SIZE, CPU)
    images = decoder(stack_views([views[i] for i in order])["encoded"])
    assert images.dtype == torch.uint8
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert (decoder.by_device, decoder.by_cpu) == (4, 3)
    for i, got in zip(order, pixels_of(images), strict=True):
        off = np.abs(got - load_view(files[i], SIZE, BOX))
        assert off.max() <= 2, files[i]


def test_a_frame_and_padding_are_those_of_the_loaders(files):
    extent = (30, 80)
    for path in (files[0], files[3]):
        view = encoded_view(path, SIZE, BOX, (120, 200), extent)
        (got,) = pixels_of(BatchDecoder(SIZE, CPU)(stack_views([view])["encoded"]))
        assert np.abs(got - load_view(path, SIZE, BOX, (120, 200), extent)).max() <= 2
    with pytest.raises(InputError, match=r"plain\.jpg: the picture is 200 x 120"):
        encoded_view(files[0], SIZE, BOX, (200, 120))


def test_what_the_device_refuses_the_cpu_decodes(files):
    refused = []

    def picky(contents):
        if len(contents[0]) == refused[0] or len(contents) > 1:
            raise RuntimeError("unsupported")
        return [decode_jpeg(content, mode="RGB") for content in contents]

    refused.append(files[1].stat().st_size)
    views = [encoded_view(path, SIZE) for path in files[:4]]
    decoder = BatchDecoder(SIZE, CPU, picky)
    images = decoder(stack_views(views)["encoded"])
    assert (decoder.by_device, decoder.by_cpu) == (3, 1)
    expected = BatchDecoder(SIZE, CPU)(stack_views(views)["encoded"])
    assert torch.equal(images, expected)


def test_damaged_files_are_named(tmp_path, files):
    whole = files[0].read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.jpg: damaged or cut short"):
        encoded_view(cut, SIZE)
    # with an end, but without a picture: found by the decoders alone
    cut.write_bytes(whole[: whole.index(b"\xff\xda")] + b"\xff\xd9")
    view = encoded_view(cut, SIZE)
    assert isinstance(view, Encoded)
    with pytest.raises(InputError, match=r"cut\.jpg: damaged or cut short"):
        BatchDecoder(SIZE, CPU)(stack_views([view])["encoded"])


def test_running_out_of_memory_is_no_refusal(files):
    def full(contents):
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        BatchDecoder(SIZE, CPU, full)(stack_views([encoded_view(files[0], SIZE)])["encoded"])


def test_groups_bound_what_is_decoded_at_once():
    sizes = [(100, 10), (10, 100), (20, 20), (1000, 1000), (5, 5)]
    found = list(size_groups(sizes, 2500))
    assert sorted(i for group in found for i in group) == list(range(5))
    for group in found:
        padded = len(group) * max(sizes[i][0] for i in group) * max(sizes[i][1] for i in group)
        assert padded <= 2500 or len(group) == 1
    assert list(size_groups([(10, 10)] * 4, 1000)) == [[0, 1, 2, 3]]


def test_photographs_agree_with_the_loaders(shared):
    paths = sorted((shared / "coco/val2017").iterdir())[:8]
    boxes = []
    for number, path in enumerate(paths):
        width, height = Image.open(path).size
        left, top, right, bottom = np.random.default_rng(number).uniform([0, 0, 0.5, 0.5], 1)
        left, top = left / 2, top / 2
        boxes.append((left * width, top * height, right * width, bottom * height))
    views = [encoded_view(p, (300, 300), box) for p, box in zip(paths, boxes, strict=True)]
    got = pixels_of(BatchDecoder((300, 300), CPU)(stack_views(views)["encoded"]))
    exact = [load_view(p, (300, 300), box) for p, box in zip(paths, boxes, strict=True)]
    assert np.abs(got - np.array(exact)).mean() < 2


@pytest.mark.cuda
def test_a_gpu_decodes_what_the_cpu_does(files):
    device = torch.device("cuda")
    if fault := decoding_fault(device):
        pytest.skip(f"nvJPEG: {fault}")
    batch = stack_views([encoded_view(path, SIZE, BOX) for path in files])["encoded"]
    decoder = BatchDecoder(SIZE, device)
    images = decoder(batch)
    assert images.device.type == "cuda"
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert decoder.by_device >= 3
    assert np.abs(pixels_of(images) - pixels_of(BatchDecoder(SIZE, CPU)(batch))).mean() < 2
