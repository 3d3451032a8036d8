"""RandAugment of a batch, against torchvision's own class, which takes one image."""

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import RandAugment

from tasks.images import rand_augment as room
from tasks.images.files import PADDING
from tasks.images.rand_augment import CHANGES, MOVES, NAMES, SIGNED, moved_by, rand_augment


@pytest.fixture
def pictures():
    """Six smooth pictures, in channels_last as loaders give them."""
    coarse = torch.rand(6, 3, 5, 6, generator=torch.Generator().manual_seed(0)) * 255
    fine = torch.nn.functional.interpolate(coarse, (40, 48), mode="bilinear")
    return fine.to(torch.uint8).to(memory_format=torch.channels_last)


def changed_by(name, pictures, strength):
    if name in CHANGES:
        return CHANGES[name](pictures, strength)
    matrix = torch.tensor(MOVES[name](strength, *pictures.shape[2:])).view(1, 2, 3)
    return moved_by(pictures, matrix.expand(len(pictures), -1, -1))


@pytest.mark.parametrize(
    ("name", "sign"),
    [(name, 1) for name in NAMES] + [(name, -1) for name in NAMES if name in {*SIGNED, *MOVES}],
)
def test_each_operation_is_that_of_torchvision(pictures, name, sign):
    moves = InterpolationMode.NEAREST if name.startswith("Trans") else InterpolationMode.BILINEAR
    theirs = RandAugment(num_ops=1, magnitude=9, fill=PADDING)
    if not hasattr(theirs, "_apply_image_or_video_transform"):
        pytest.skip("this torchvision keeps it elsewhere")
    magnitudes, _ = theirs._AUGMENTATION_SPACE[name]
    bins = magnitudes(31, 40, 48)
    magnitude = 0.0 if bins is None else float(bins[9]) if bins.ndim else float(bins)
    expected = theirs._apply_image_or_video_transform(
        pictures[:1].contiguous(),
        name,
        magnitude * (sign if name in {*SIGNED, *MOVES} else 1),
        interpolation=moves,
        fill={torch.Tensor: [PADDING] * 3},
    )
    ours = changed_by(name, pictures, sign * 9 / 30)
    assert ours.dtype == torch.uint8
    # torchvision darkens the edge of what it moves, where the picture meets the padding
    inside = torch.ones_like(pictures[:1], dtype=torch.bool)
    if name in MOVES:
        inside = changed_by(name, torch.full_like(pictures[:1], 255), sign * 9 / 30) == 255
        assert inside.float().mean() > 0.6
        outside = changed_by(name, torch.full_like(pictures[:1], 0), sign * 9 / 30) == PADDING
        assert (expected[outside] == PADDING).all()
    torch.testing.assert_close(ours[:1][inside], expected[inside], rtol=0, atol=1)


def test_each_image_draws_its_own(pictures, monkeypatch):
    """What is done to a batch is what is done to each image of it."""
    drawn = {
        "choices": torch.tensor([0, 4, 4, 9, 13, 11]),
        "signs": torch.tensor([0, 0, 1, 1, 0, 1]),
    }
    monkeypatch.setattr(
        torch, "randint", lambda high, shape: drawn["choices" if high > 2 else "signs"]
    )
    changed = rand_augment(pictures, 1, 12.0)
    for k, (choice, sign) in enumerate(zip(*drawn.values(), strict=True)):
        name = NAMES[choice]
        strength = 0.4 * ((2 * sign - 1) if name in {*SIGNED, *MOVES} else 1)
        alone = changed_by(name, pictures[k : k + 1], float(strength))[0]
        torch.testing.assert_close(changed[k], alone, rtol=0, atol=1)


def test_the_same_seed_draws_the_same_and_the_batch_is_left_alone(pictures):
    before = pictures.clone()
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(rand_augment(pictures, 2, 9.0))
    assert torch.equal(pictures, before)
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    assert results[0].is_contiguous(memory_format=torch.channels_last)


def test_calls_do_not_grow_with_the_batch(pictures, monkeypatch):
    calls = []
    for name, change in CHANGES.items():
        counted = lambda x, m, change=change: calls.append(1) or change(x, m)  # noqa: E731
        monkeypatch.setitem(room.CHANGES, name, counted)
    rand_augment(pictures.repeat(50, 1, 1, 1), 2, 9.0)
    assert len(calls) <= 2 * (2 * len(SIGNED) + 4)


@pytest.mark.cuda
def test_a_gpu_does_not_wait(pictures):
    images = pictures.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        changed = rand_augment(images, 2, 9.0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert changed.shape == images.shape
