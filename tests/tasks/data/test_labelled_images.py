import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from backbone.errors import InputError
from tasks.data.image_index import ImageIndex
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.images.crops import RandomResizedCrop, central_box
from tasks.images.files import open_image
from tasks.images.loading import crop_resize
from tasks.images.view import View

SIZES = [(120, 90), (64, 100), (80, 80)]


@pytest.fixture
def index(tmp_path):
    """Three photographs without two equal quarters, of classes 1, 0, 1."""
    for i, (width, height) in enumerate(SIZES):
        y, x = np.mgrid[0:height, 0:width]
        pixels = np.stack([x * 2, y * 2, 255 - x - y], axis=2).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    files = np.array([b"0.png", b"1.png", b"2.png"])
    return ImageIndex(str(tmp_path), files, np.array([1, 0, 1]), (("a", "A"), ("b", "B")))


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_a_plain_item_is_the_centre(index):
    data = LabelledImages(index, (32, 48), RandomResizedCrop(), View(crop_fraction=0.8))
    for i, (width, height) in enumerate(SIZES):
        item = data[i]
        box = central_box(width, height, 0.8, (32, 48))
        expected = crop_resize(open_image(index.path(i)), box, (32, 48))
        assert np.array_equal(item["image"], expected)
        assert item["label"] == index.labels[i]
        assert item["image_id"] == i
        assert item["size"].tolist() == [height, width]


def test_crops_stay_inside_the_objects_box(index):
    boxes = np.tile(np.array([0.25, 0.5, 0.75, 1.0], np.float32), (3, 1))
    boxed = ImageIndex(index.root, index.files, index.labels, index.classes, boxes)
    data = LabelledImages(boxed, (32, 32), RandomResizedCrop(), View(crop_fraction=1.0))
    assert data.box(0, None, 120, 90) == (37.5, 45, 82.5, 90)  # the centre of 60 x 45
    drawn = np.array([data.box(0, epoch, 120, 90) for epoch in range(200)])
    assert (drawn >= [30, 45, 30, 45]).all()
    assert (drawn <= [90, 90, 90, 90]).all()
    assert drawn[:, 0].min() < 33
    assert drawn[:, 2].max() > 87
    assert data[0, 3]["image"].shape == (32, 32, 3)


def test_augmentation_is_a_function_of_seed_epoch_and_index(index):
    first = LabelledImages(index, (24, 24), RandomResizedCrop(), seed=1)
    again = LabelledImages(index, (24, 24), RandomResizedCrop(), seed=1)
    other = LabelledImages(index, (24, 24), RandomResizedCrop(), seed=2)
    later = [again[0, epoch] for epoch in reversed(range(6))][::-1]
    assert all(equal(first[0, epoch], later[epoch]) for epoch in range(6))
    draws = {
        data.box(i, epoch, 90, 90) for data in (first, other) for i in (0, 1) for epoch in (0, 1)
    }
    assert len(draws) == 8
    assert equal(first[0], other[0])


def test_without_a_crop_training_sees_the_centre(index):
    data = LabelledImages(index, (24, 24))
    assert equal(data[1, 5], data[1])


def test_a_batch_stacks_its_images_in_channels_last(index):
    data = LabelledImages(index, (32, 48))
    batch = collate_labelled([data[i] for i in (2, 0)])
    assert batch["image"].shape == (2, 3, 32, 48)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(batch["image"][0].permute(1, 2, 0), data[2]["image"])
    assert batch["label"].tolist() == [1, 1]
    assert batch["image_id"].tolist() == [2, 0]
    assert batch["size"].tolist() == [[80, 80], [90, 120]]
    assert {batch[key].dtype for key in ("label", "image_id", "size")} == {torch.int64}


def test_workers_give_the_same_batches(index):
    data = LabelledImages(index, (32, 48), RandomResizedCrop())
    keys = [[(0, 3), (1, 3)], [(2, 3)]]
    loader = DataLoader(data, batch_sampler=keys, collate_fn=collate_labelled, num_workers=1)
    for batch, key in zip(loader, keys, strict=True):
        expected = collate_labelled([data[k] for k in key])
        assert batch.keys() == expected.keys()
        assert all(torch.equal(batch[name], expected[name]) for name in batch)
        assert batch["image"].is_contiguous(memory_format=torch.channels_last)


def test_a_file_that_is_no_image_is_named(index):
    index.path(1).write_bytes(b"")
    with pytest.raises(InputError, match=r"1\.png: the file is empty"):
        LabelledImages(index, (32, 32), RandomResizedCrop())[1, 0]


def test_images_of_extreme_shapes_can_be_cropped(tmp_path, index):
    """Rounding never asks for pixels beyond the image."""
    shapes = [(1, 1), (1000, 3), (3, 700), (777, 333)]
    for i, shape in enumerate(shapes):
        Image.new("RGB", shape, "red").save(tmp_path / f"x{i}.png")
    files = np.array([f"x{i}.png".encode() for i in range(len(shapes))])
    boxes = np.tile(np.array([0.1, 1 / 3, 1.0, 1.0], np.float32), (len(shapes), 1))
    labels = np.zeros(len(shapes), np.int64)
    for given in (None, boxes):
        data = LabelledImages(
            ImageIndex(str(tmp_path), files, labels, index.classes, given),
            (32, 32),
            RandomResizedCrop(),
            View(crop_fraction=1.0),
        )
        for i in range(len(shapes)):
            assert (data[i]["image"] == [255, 0, 0]).all()
            for epoch in range(20):
                assert (data[i, epoch]["image"] == [255, 0, 0]).all()
