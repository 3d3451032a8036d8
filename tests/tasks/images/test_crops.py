import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from tasks.images.crops import RandomResizedCrop, central_box
from tasks.images.loading import crop_resize


@pytest.mark.parametrize(("width", "height"), [(500, 375), (333, 512), (640, 641), (120, 90)])
def test_central_box_is_resize_256_and_crop_224(width, height):
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = np.stack([np.sin(25 * x), np.cos(19 * y), np.sin(13 * (x + y))], axis=2)
    photo = Image.fromarray((127 + 100 * waves).astype(np.uint8))
    reference = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224)])(photo)

    def difference(fraction):
        box = central_box(width, height, fraction, (224, 224))
        got = crop_resize(photo, box, (224, 224))
        return np.abs(got.astype(float) - np.asarray(reference, float)).mean()

    # torchvision rounds its crop to whole pixels of the resized image, at most half of one
    assert difference(0.875) < 2
    assert difference(0.89) > 1.5 * difference(0.875)
    assert difference(0.86) > 1.5 * difference(0.875)


def test_central_box_keeps_the_shape_of_the_input():
    assert central_box(400, 300, 1.0, (150, 200)) == (0, 0, 400, 300)
    assert central_box(400, 300, 0.5, (150, 200)) == (100, 75, 300, 225)
    assert central_box(400, 300, 1.0, (200, 100)) == (125, 0, 275, 300)
    assert central_box(400, 300, 0.875, (224, 224)) == (68.75, 18.75, 331.25, 281.25)


def draw(width, height, size=(224, 224), count=4000, **options):
    crop, rng = RandomResizedCrop(**options), np.random.default_rng(0)
    return np.array([crop(width, height, size, rng) for _ in range(count)])


def distance(a, b):
    """Largest distance of two samples' distribution functions (Kolmogorov and Smirnov's)."""
    at = np.concatenate([a, b])
    return np.abs(
        np.searchsorted(np.sort(a), at, "right") / len(a)
        - np.searchsorted(np.sort(b), at, "right") / len(b)
    ).max()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(500, 375), (375, 900), (2000, 300)])
def test_random_crops_are_distributed_as_torchvisions(width, height):
    torch.manual_seed(0)
    image = torch.empty(3, height, width)
    reference = v2.RandomResizedCrop(224)
    drawn = []
    for _ in range(4000):
        box = reference.make_params([image])
        drawn.append([box["left"], box["top"], box["width"], box["height"]])
    left, top, w, h = np.array(drawn, float).T
    boxes = draw(width, height)
    x0, y0, x1, y1 = boxes.T
    # of one distribution, two samples of 4,000 lie further apart once in a thousand times
    limit = 1.95 * np.sqrt(2 / 4000)
    assert distance((x1 - x0) * (y1 - y0) / (width * height), w * h / (width * height)) < limit
    assert distance(x1 - x0, w) < limit
    assert distance(y1 - y0, h) < limit
    assert distance(x0, left) < limit
    assert distance(y0, top) < limit


def test_random_crops_lie_inside_with_area_and_ratio_as_asked():
    x0, y0, x1, y1 = draw(500, 375, scale=(0.2, 0.5)).T
    assert min(x0.min(), y0.min()) >= 0
    assert x1.max() <= 500 + 1e-9
    assert y1.max() <= 375 + 1e-9
    area = (x1 - x0) * (y1 - y0) / (500 * 375)
    ratio = (x1 - x0) / (y1 - y0)
    assert 0.2 - 1e-9 <= area.min() < 0.22
    assert 0.48 < area.max() <= 0.5 + 1e-9
    assert 0.75 - 1e-9 <= ratio.min() < 0.78
    assert 1.3 < ratio.max() <= 4 / 3 + 1e-9


def test_ratio_is_how_far_the_resized_image_is_stretched():
    x0, y0, x1, y1 = draw(600, 600, size=(100, 200), scale=(0.1, 0.3)).T
    stretch = (x1 - x0) / (y1 - y0) / 2
    assert 0.75 - 1e-9 <= stretch.min() < 0.78
    assert 1.3 < stretch.max() <= 4 / 3 + 1e-9


def test_where_no_crop_fits_it_is_the_largest_central_one():
    boxes = draw(1000, 10, count=5)
    assert boxes == pytest.approx(np.tile([500 - 20 / 3, 0, 500 + 20 / 3, 10], (5, 1)))
    boxes = draw(9, 1000, count=5, scale=(0.9, 1.0))
    assert boxes == pytest.approx(np.tile([0, 494, 9, 506], (5, 1)))
    # within the allowed ratios: all of it
    assert draw(100, 110, count=1, scale=(1.2, 1.3)) == pytest.approx(np.array([[0, 0, 100, 110]]))


def test_the_whole_image_is_never_a_hair_more_than_the_image():
    """Such as 897 x 457, of which rounding once left a top edge at -2.8e-14."""
    for width in range(400, 900, 7):
        for height in range(401, 900, 11):
            left, top, right, bottom = central_box(width, height, 1.0, (224, 224))
            assert min(left, top) >= 0
            assert right <= width
            assert bottom <= height
