"""RoI Align against torchvision's, and the samples of regions by count."""

import pytest
import torch
from torchvision import ops

from tasks.detection.regions import (
    balanced_sample,
    by_torchvision,
    croppable,
    from_table,
    roi_align,
)

SIZE = (90, 130)


def boxes_inside(count: int) -> torch.Tensor:
    """Boxes inside the image, including the whole image and one without area."""
    generator = torch.Generator().manual_seed(0)
    limit = torch.tensor([SIZE[1], SIZE[0]])
    two = torch.rand(count, 2, 2, generator=generator) * limit
    boxes = torch.cat([two.amin(1), two.amax(1)], -1)
    boxes[0] = torch.tensor([0.0, 0, SIZE[1], SIZE[0]])
    boxes[1] = torch.tensor([SIZE[1], SIZE[0], SIZE[1], SIZE[0]])
    return boxes


@pytest.mark.parametrize("shape", [(6, 9), (1, 9), (6, 1)], ids=str)
@pytest.mark.parametrize("cells", [7, 14])
def test_it_is_torchvisions_with_one_sample_per_cell(shape, cells):
    torch.manual_seed(0)
    maps = torch.randn(3, 5, *shape, requires_grad=True)
    boxes, image = boxes_inside(20), torch.arange(20) % 3
    mine = roi_align(maps, boxes, image, SIZE, cells)
    scale = torch.tensor([shape[1] / SIZE[1], shape[0] / SIZE[0]]).repeat(2)
    regions = torch.cat([image[:, None].float(), boxes * scale], 1)
    theirs = ops.roi_align(maps, regions, cells, sampling_ratio=1, aligned=True)
    torch.testing.assert_close(mine, theirs)
    direction = torch.randn_like(mine)
    (ours,) = torch.autograd.grad((mine * direction).sum(), maps)
    (reference,) = torch.autograd.grad((theirs * direction).sum(), maps)
    torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_both_ways_to_crop_agree(count):
    """The CPU's and the GPU's: outputs, gradients and layout, without any region too."""
    torch.manual_seed(1)
    boxes, image = boxes_inside(40)[:count], torch.arange(count) % 2
    found = []
    for crop in (from_table, by_torchvision):
        maps = torch.linspace(-3, 3, 2 * 4 * 6 * 9).sin().view(2, 4, 6, 9).requires_grad_()
        regions = crop(maps, boxes, image, SIZE, 7)
        weight = torch.linspace(-1, 1, regions.numel()).view(regions.shape)
        (gradient,) = torch.autograd.grad((regions * weight).sum(), maps)
        assert regions.shape == (count, 4, 7, 7)
        assert regions.is_contiguous(memory_format=torch.channels_last)
        found.append((regions, gradient))
    torch.testing.assert_close(*found, rtol=0, atol=1e-4)


@pytest.mark.parametrize("crop", [from_table, by_torchvision])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_regions_are_sampled_in_float32_under_autocast(crop, dtype):
    maps, boxes = torch.randn(2, 8, 6, 9).to(dtype), boxes_inside(6)
    image = torch.arange(6) % 2
    exact = crop(maps.float(), boxes, image, SIZE, 7)
    with torch.autocast("cpu", dtype):
        regions = crop(croppable(maps), boxes, image, SIZE, 7)
    assert regions.dtype == torch.float32
    assert torch.equal(regions, exact)


def test_a_deterministic_run_adds_gradients_in_one_order(monkeypatch):
    monkeypatch.setattr("torchvision.ops.roi_align", None)
    maps = torch.randn(1, 2, 6, 9, device="meta")
    box, image = torch.zeros(1, 4, device="meta"), torch.zeros(1, dtype=torch.int64, device="meta")
    with pytest.raises(TypeError, match="not callable"):
        roi_align(maps, box, image, SIZE, 7)
    torch.use_deterministic_algorithms(True)
    try:
        assert roi_align(maps, box, image, SIZE, 7).shape == (1, 2, 7, 7)
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.cuda
def test_a_gpu_crops_what_a_cpu_does():
    maps, boxes, image = torch.randn(3, 16, 6, 9), boxes_inside(20), torch.arange(20) % 3
    expected = roi_align(maps, boxes, image, SIZE, 14)
    found = roi_align(maps.cuda(), boxes.cuda(), image.cuda(), SIZE, 14)
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=1e-4)


def test_regions_of_a_bf16_map_are_channels_last_and_float32():
    maps = torch.randn(2, 8, 6, 9).to(torch.bfloat16)
    region = roi_align(maps, boxes_inside(4), torch.tensor([0, 1, 1, 0]), SIZE, 7)
    assert region.dtype == torch.float32
    assert region.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("positives", "negatives", "drawn"),
    [
        (40, 60, (8, 24)),
        (3, 60, (3, 29)),
        (3, 29, (3, 29)),
        (40, 10, (8, 10)),
        (0, 100, (0, 32)),
        (0, 0, (0, 0)),
    ],
    ids=str,
)
def test_negatives_fill_up_a_sample_that_lacks_positives(positives, negatives, drawn):
    positive = (torch.arange(100) < positives).expand(2, -1)
    negative = (torch.arange(100) >= 100 - negatives).expand(2, -1)
    index, chosen = balanced_sample(positive, negative, 32, 0.25)
    assert index.shape == chosen.shape == (2, 32)
    for i in range(2):
        rows = index[i][chosen[i]]
        assert len(rows.unique()) == len(rows)
        assert (positive[i][rows].sum(), negative[i][rows].sum()) == drawn


def test_a_sample_of_fewer_rows_than_wanted_takes_them_all():
    positive = torch.tensor([[True, False, False]])
    index, chosen = balanced_sample(positive, ~positive, 8, 0.5)
    assert sorted(index[0].tolist()) == [0, 1, 2]
    assert chosen.all()


def test_every_row_is_as_likely_as_any_other():
    torch.manual_seed(0)
    positive = (torch.arange(40) < 20).expand(4000, -1)
    index, _ = balanced_sample(positive, ~positive, 16, 0.5)
    share = torch.bincount(index.flatten(), minlength=40) / 4000
    assert (share - 8 / 20).abs().max() < 0.05
