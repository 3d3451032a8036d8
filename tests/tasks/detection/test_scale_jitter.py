"""Images scaled at random: what is seen of them, where, and which objects are left."""

import numpy as np
import pytest

from tasks.detection.scale_jitter import ScaleJitter

BOXES = np.array([[10.0, 20, 110, 120], [300, 200, 420, 310], [5, 5, 8, 9]])
HEIGHT, WIDTH = 320, 480


def draws(scale=(0.1, 2.0), fill=(200, 300), size=(300, 300), count=300):
    jitter = ScaleJitter(scale)
    for seed in range(count):
        yield jitter(BOXES, HEIGHT, WIDTH, fill, size, np.random.default_rng(seed))


def test_parts_lie_in_the_image_and_in_the_input():
    for (box, _, _), extent, corner in draws():
        assert (box[:2] >= 0).all()
        assert (box[2:] <= (WIDTH + 1e-9, HEIGHT + 1e-9)).all()
        assert (corner >= 0).all()
        assert (corner + extent <= 300).all()


def test_both_sides_are_scaled_by_one_factor():
    """Relative to the image that fills the input, up to a pixel; factors fill their range."""
    factors = []
    for (box, _, _), extent, _ in draws():
        seen = (box[2:] - box[:2])[::-1]  # (h, w)
        by_side = np.array(extent) / seen / (200 / HEIGHT, 300 / WIDTH)
        assert by_side[0] == pytest.approx(by_side[1], abs=1 / min(extent))
        factors.append(by_side.mean())
    assert 0.08 < min(factors) < 0.2
    assert 1.9 < max(factors) < 2.05


def test_objects_whose_centres_are_seen_stay_and_are_clipped():
    for (box, boxes, kept), extent, _ in draws(scale=(0.8, 2.0)):
        centres = (BOXES[:, :2] + BOXES[:, 2:]) / 2
        seen = ((centres > box[:2]) & (centres < box[2:])).all(1)
        assert kept.tolist() == np.flatnonzero(seen).tolist()
        limits = np.tile(box[:2], 2), np.tile(box[2:], 2)
        assert np.allclose(boxes, BOXES[kept].clip(*limits))
        assert min(extent) > 0


def test_what_is_shorter_than_a_pixel_is_no_object():
    (crop, _, _), *_ = draws(scale=(0.2, 0.2))
    assert crop.kept.tolist() == [0, 1]


def test_at_one_the_whole_image_fills_what_it_fills():
    (crop, extent, corner), *others = draws(scale=(1.0, 1.0))
    assert crop.box.tolist() == [0, 0, WIDTH, HEIGHT]
    assert extent == (200, 300)
    assert len({int(one.corner[0]) for one in others}) > 50, "anywhere along the padding"
    assert corner[1] == 0
