"""Mosaics: every box that is left frames what it framed."""

import pytest
import torch

from tasks.detection.mosaic import mosaic
from tasks.detection.scale_jitter import moved

SIDE = 96


@pytest.fixture
def batch():
    """Twelve black images with two bright squares each, of a value that is the label's."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(12, 3, SIDE, SIDE, dtype=torch.uint8)
    boxes, labels = torch.zeros(12, 8, 4), torch.zeros(12, 8, dtype=torch.int64)
    for k in range(12):
        for j, half in enumerate((0, SIDE // 2)):  # one above the other
            x, y = torch.randint(2, SIDE // 2 - 30, (2,), generator=generator).tolist()
            w, h = torch.randint(16, 28, (2,), generator=generator).tolist()
            labels[k, j] = 10 + 2 * k + j
            boxes[k, j] = torch.tensor([x, y + half, x + w, y + half + h])
            images[k, :, y + half : y + half + h, x : x + w] = 50 + 5 * int(labels[k, j])
    count = torch.full((12,), 2)
    return {"image": images, "boxes": boxes, "labels": labels, "count": count}


def test_boxes_frame_what_they_framed(batch):
    torch.manual_seed(1)
    images, found = mosaic(batch["image"], batch, 1.0)
    assert found["boxes"].shape == (12, 32, 4)
    kept = found["count"]
    assert kept.sum() > 12, "some of the 24 squares are shown, others several times"
    for k in range(12):
        for box, label in zip(
            found["boxes"][k, : kept[k]], found["labels"][k, : kept[k]], strict=True
        ):
            x0, y0, x1, y1 = box.round().int().tolist()
            assert 0 <= x0 < x1 <= SIDE
            inner = images[k, 0, y0 + 1 : y1 - 1, x0 + 1 : x1 - 1]
            assert (inner - (50 + 5 * label)).abs().max() < 1e-2
    beyond = torch.arange(32) >= kept[:, None]
    assert not found["boxes"][beyond].any()
    assert not found["labels"][beyond].any()


def test_nothing_bright_is_unlabelled_but_what_is_cut(batch):
    """Of every square that shows more than half of its sides there is a box."""
    torch.manual_seed(1)
    images, found = mosaic(batch["image"], batch, 1.0)
    shown = (images[:, 0] > 45).float().sum()
    framed = torch.zeros_like(images[:, 0])
    for k in range(12):
        for box in found["boxes"][k, : found["count"][k]]:
            x0, y0, x1, y1 = box.round().int().tolist()
            framed[k, y0:y1, x0:x1] = 1
    assert ((images[:, 0] > 45) * framed).sum() > 0.75 * shown


def test_images_that_are_not_chosen_keep_what_they_have(batch):
    torch.manual_seed(0)
    images, found = mosaic(batch["image"], batch, 0.0)
    assert torch.equal(images, batch["image"].float())
    assert torch.equal(found["count"], batch["count"])
    assert torch.equal(found["boxes"][:, :8], batch["boxes"])
    assert torch.equal(found["labels"][:, :8], batch["labels"])


def test_some_are_chosen(batch):
    torch.manual_seed(0)
    images, _ = mosaic(
        batch["image"].repeat(20, 1, 1, 1),
        {
            name: batch[name].repeat(20, *[1] * (batch[name].ndim - 1))
            for name in ("boxes", "labels", "count")
        },
        0.3,
    )
    kept = (images == batch["image"].repeat(20, 1, 1, 1)).flatten(1).all(1)
    assert 0.6 < kept.float().mean() < 0.8


def test_an_image_without_boxes_and_a_batch_of_one(batch):
    one = {name: values[:1] for name, values in batch.items()}
    _, found = mosaic(one["image"], one | {"count": torch.zeros(1, dtype=torch.int64)}, 1.0)
    assert found["count"].tolist() == [0]


def test_moving_takes_the_boxes_along(batch):
    images = torch.full((12, 3, 128, 160), 128, dtype=torch.uint8)
    images[:, :, :SIDE, :SIDE] = batch["image"]
    corners = torch.stack([torch.arange(12) * 2, torch.arange(12) * 5], 1)
    placed, boxes = moved(images, batch["boxes"], corners)
    for k, (top, left) in enumerate(corners.tolist()):
        assert torch.equal(placed[k, :, top : top + SIDE, left : left + SIDE], batch["image"][k])
        x0, y0, x1, y1 = boxes[k, 0].int().tolist()
        assert (placed[k, 0, y0:y1, x0:x1] == 50 + 5 * batch["labels"][k, 0]).all()
    assert (placed == 128).sum() == (images == 128).sum()


@pytest.mark.cuda
def test_a_gpu_does_not_wait(batch):
    batch = {name: values.cuda() for name, values in batch.items()}
    mosaic(batch["image"], batch, 0.5)  # what is set up once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        mosaic(batch["image"], batch, 0.5)
    finally:
        torch.cuda.set_sync_debug_mode("default")
