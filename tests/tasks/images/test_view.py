"""What of an image evaluation looks at."""

import math

import pytest

from backbone.errors import InputError
from tasks.images.view import View, check_box, inside

SIZE = (100, 200)  # (h, w)


def test_by_default_the_whole_image_fills_the_input():
    view = View()
    assert view.region(640, 480, SIZE) == (0, 0, 640, 480)
    assert view.extent(640, 480, SIZE) == SIZE


def test_a_share_of_the_largest_central_box_of_the_inputs_shape():
    # the largest 2:1 box in 640 x 480 is 640 x 320; half of it is 320 x 160, in the middle
    view = View(crop_fraction=0.5)
    assert view.region(640, 480, SIZE) == pytest.approx((160, 160, 480, 320))
    assert view.extent(640, 480, SIZE) == SIZE


def test_a_frame_inside_the_image():
    view = View(box=[0.25, 0.5, 0.75, 1.0])
    assert view.region(640, 480, SIZE) == (160, 240, 480, 480)
    # an image's own frame goes before the view's
    assert view.region(640, 480, SIZE, [0.0, 0.0, 0.5, 0.5]) == (0, 0, 320, 240)


def test_a_crop_is_central_in_the_frame():
    view = View(crop_fraction=1.0, box=[0.5, 0.0, 1.0, 1.0])
    # the frame is 320 x 480, the largest 2:1 box in it 320 x 160
    assert view.region(640, 480, SIZE) == pytest.approx((320, 160, 640, 320))


def test_an_image_that_keeps_its_aspect_is_padded():
    view = View(keep_aspect=True)
    assert view.region(300, 600, SIZE) == (0, 0, 300, 600)
    assert view.extent(300, 600, SIZE) == (100, 50)
    assert view.extent(400, 100, SIZE) == (50, 200)


def test_rounding_stays_inside_the_image():
    over = math.nextafter(0.5, 1.0)
    assert inside(0.5, 0.5, (-over, -over, over, over), 1.0, 1.0) == (0, 0, 1, 1)


@pytest.mark.parametrize("fraction", [0, -0.1, 1.2, math.nan])
def test_a_fraction_out_of_range(fraction):
    with pytest.raises(InputError, match=r"data\.view\.crop_fraction="):
        View(crop_fraction=fraction)


@pytest.mark.parametrize(
    "box", [[0.5, 0, 0.5, 1], [0, 0.8, 1, 0.2], [-0.1, 0, 1, 1], [0, 0, 1.1, 1], [0, 0, 1], []]
)
def test_a_box_that_is_no_part_of_an_image(box):
    with pytest.raises(InputError, match=r"data\.view\.box="):
        View(box=box)
    with pytest.raises(InputError, match=r"data\.box="):
        check_box(box, "data.box")


@pytest.mark.parametrize("options", [{"crop_fraction": 0.875}, {"box": [0, 0, 0.5, 1]}])
def test_padding_goes_with_the_whole_image_only(options):
    with pytest.raises(InputError, match="leave out"):
        View(keep_aspect=True, **options)
