import numpy as np
import pytest
from torch import from_numpy
from torchvision.ops import box_iou

from tasks.detection.crop import RandomCrop

HEIGHT, WIDTH = 480, 640


def random_boxes(rng, number):
    corners = np.sort(rng.random((number, 2, 2)), axis=1)
    return (corners * (WIDTH, HEIGHT)).reshape(number, 4).astype(np.float32)


def draws(crop, number=300, boxes=6):
    for seed in range(number):
        objects = random_boxes(np.random.default_rng(seed), boxes)
        yield objects, crop(objects, HEIGHT, WIDTH, np.random.default_rng([7, seed]))


def is_whole(box):
    return np.array_equal(box, [0, 0, WIDTH, HEIGHT])


def test_crop_stays_in_the_image_and_has_the_area_and_aspect_asked_for():
    areas = []
    for _, (box, _, _) in draws(RandomCrop()):
        assert (box[:2] >= 0).all()
        assert box[2] <= WIDTH
        assert box[3] <= HEIGHT
        width, height = (box[2] - box[0]) / WIDTH, (box[3] - box[1]) / HEIGHT
        areas.append(width * height)
        assert 0.1 - 1e-9 <= areas[-1] <= 1 + 1e-9
        assert 0.5 - 1e-9 <= width / height <= 2 + 1e-9
    assert min(areas) < 0.2
    assert max(areas) == 1


def test_no_patch_is_trimmed_to_fit():
    boxes = [box for _, (box, _, _) in draws(RandomCrop(area=(0.64, 0.64)))]
    cropped = [box for box in boxes if not is_whole(box)]
    assert cropped
    for box in cropped:
        assert np.isclose((box[2] - box[0]) * (box[3] - box[1]) / (WIDTH * HEIGHT), 0.64)


def test_kept_boxes_have_their_centre_inside_and_are_clipped():
    lost = 0
    for objects, (box, boxes, kept) in draws(RandomCrop()):
        centres = (objects[:, :2] + objects[:, 2:]) / 2
        inside = ((centres > box[:2]) & (centres < box[2:])).all(axis=1)
        assert np.array_equal(kept, np.flatnonzero(inside))
        assert len(kept) >= 1
        expected = np.clip(objects[kept], np.tile(box[:2], 2), np.tile(box[2:], 2))
        assert np.allclose(boxes, expected)
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        lost += len(objects) - len(kept)
    assert lost > 0


@pytest.mark.parametrize("min_iou", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_best_kept_box_overlaps_as_asked(min_iou):
    cropped = 0
    crop = RandomCrop(min_ious=(min_iou,), attempts=1000)
    for objects, (box, _, kept) in draws(crop, number=150):
        if is_whole(box):
            continue
        cropped += 1
        iou = box_iou(from_numpy(box[None]), from_numpy(objects[kept].astype(float)))
        assert iou.max() >= min_iou
    assert cropped > 3


def test_options_are_drawn_evenly_among_those_that_can_be_met():
    # one box over the whole image: the IoU of a crop is its area, so every option can be met
    whole = np.array([[0, 0, WIDTH, HEIGHT]], np.float32)
    crop = RandomCrop(min_ious=(0.0, 0.5, 0.9), attempts=200)
    boxes = [crop(whole, HEIGHT, WIDTH, np.random.default_rng(seed)).box for seed in range(600)]
    uncropped = np.mean([is_whole(box) for box in boxes])
    assert 0.2 < uncropped < 0.3  # one of four
    # a box of a thousandth of the image, which no crop of at least a tenth overlaps by 0.1
    small = np.array([[300, 200, 316, 218]], np.float32)
    crop = RandomCrop(min_ious=(0.1, 0.9))
    for seed in range(50):
        assert is_whole(crop(small, HEIGHT, WIDTH, np.random.default_rng(seed)).box)


def test_same_generator_same_crop():
    objects = random_boxes(np.random.default_rng(0), 5)
    first, again, other = (
        RandomCrop()(objects, HEIGHT, WIDTH, np.random.default_rng(seed)) for seed in (1, 1, 3)
    )
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(first.box, other.box)


def test_image_without_boxes():
    none = np.zeros((0, 4), np.float32)
    boxes = [RandomCrop()(none, HEIGHT, WIDTH, np.random.default_rng(s)) for s in range(40)]
    assert {len(kept) for _, _, kept in boxes} == {0}
    assert {boxes.shape for _, boxes, _ in boxes} == {(0, 4)}
    assert 10 < sum(is_whole(box) for box, _, _ in boxes) < 30
