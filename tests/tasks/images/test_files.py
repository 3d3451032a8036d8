import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.images.files import PADDING, fit, open_image
from tasks.images.headers import look
from tasks.images.loading import crop_resize, load_view


@pytest.fixture
def photo():
    """A smooth picture of 200 x 120, no two quarters alike."""
    y, x = np.mgrid[0:120, 0:200]
    return Image.fromarray(np.stack([x, y * 2, 255 - x], axis=2).astype(np.uint8))


def difference(a, b):
    return np.abs(np.asarray(a, float) - np.asarray(b, float)).mean()


def saved(path, image, **options):
    image.save(path, **options)
    return path


def test_png_named_jpg_is_read(tmp_path, photo):
    path = tmp_path / "photo.jpg"
    photo.save(path, format="PNG")
    assert difference(open_image(path), photo) == 0
    assert look(path).fault is None


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "RGBA"])
def test_every_mode_becomes_rgb_and_keeps_its_picture(tmp_path, photo, mode):
    image = photo.convert(mode)
    path = saved(tmp_path / ("x.tif" if mode == "CMYK" else "x.png"), image)
    decoded = open_image(path)
    assert decoded.mode == "RGB"
    assert difference(decoded, image.convert("RGB")) < 1
    assert load_view(path, (30, 40)).shape == (30, 40, 3)


def test_cmyk_jpeg_is_not_inverted(tmp_path, photo):
    path = saved(tmp_path / "x.jpg", photo.convert("CMYK"), quality=95)
    assert difference(open_image(path), photo) < 3


@pytest.mark.parametrize("dtype", [np.uint16, ">u2"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, dtype):
    ramp = np.linspace(0, 65535, 256).astype(dtype).repeat(4).reshape(32, 32)
    path = saved(tmp_path / ("x.png" if dtype == np.uint16 else "x.tif"), Image.fromarray(ramp))
    assert np.array_equal(np.asarray(open_image(path))[..., 0], (ramp >> 8).astype(np.uint8))


def test_transparent_pixels_are_white(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:2, :, 3] = 255
    path = saved(tmp_path / "x.png", Image.fromarray(rgba))
    decoded = np.asarray(open_image(path))
    assert (decoded[:2] == 0).all()
    assert (decoded[2:] == 255).all()
    palette = Image.new("P", (4, 4))
    path = saved(tmp_path / "palette.png", palette, transparency=0)
    assert (np.asarray(open_image(path)) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_photographs_are_turned_by_their_exif_orientation(tmp_path, photo, orientation, suffix):
    # the stored pixels that, turned as the tag says, give the photo back
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = photo if undo is None else photo.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"x.{suffix}", stored, exif=exif, quality=95)
    assert difference(open_image(path), photo) < 2
    assert difference(open_image(path, exif=False), stored) < 2
    # a crop that shrinks fourfold, so the reduced decode and the turn have to agree
    box = (20.0, 10.0, 180.0, 110.0)
    assert difference(load_view(path, (25, 40), box), crop_resize(photo, box, (25, 40))) < 2
    assert difference(load_view(path, (50, 90)), crop_resize(photo, None, (50, 90))) < 2
    # annotations were made on pixels of 200 x 120: the stored ones, if those have that size
    expected = photo if orientation >= 5 else stored
    got = load_view(path, (25, 40), box, frame=(120, 200))
    assert difference(got, crop_resize(expected, box, (25, 40))) < 2
    frame = (stored.height, stored.width)
    assert (
        difference(load_view(path, (30, 30), frame=frame), crop_resize(stored, None, (30, 30))) < 2
    )


def test_a_box_may_depend_on_the_size_of_the_turned_picture(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photo.transpose(Image.Transpose.ROTATE_90)
    path = saved(tmp_path / "x.png", turned, exif=exif)
    asked = []

    def left_half(width, height):
        asked.append((width, height))
        return 0.0, 0.0, width / 2, float(height)

    got = load_view(path, (60, 50), left_half)
    assert asked == [(200, 120)]
    assert np.array_equal(got, crop_resize(photo, (0.0, 0.0, 100.0, 120.0), (60, 50)))
    # the reduced decode scales what the function returned
    path = saved(tmp_path / "x.jpg", turned, exif=exif, quality=95)
    small = load_view(path, (15, 12), left_half)
    assert difference(small, crop_resize(photo, (0.0, 0.0, 100.0, 120.0), (15, 12))) < 2


def test_malformed_exif_does_not_spoil_a_good_picture(tmp_path, photo):
    path = saved(
        tmp_path / "x.jpg", photo, exif=b"Exif\x00\x00nonsense, no TIFF header", quality=95
    )
    assert difference(open_image(path), photo) < 2
    assert load_view(path, (10, 10)).shape == (10, 10, 3)


@pytest.mark.parametrize("shrink", [1.0, 1.9, 2.0, 3.3, 4.0, 7.9, 8.0, 11.0])
def test_reduced_decode_gives_the_same_crop(tmp_path, shrink):
    # odd sides: the decoder rounds them up, and a box scaled by the rounded size would be shifted
    y, x = np.mgrid[0:403, 0:601]
    stripes = (np.sin(x / 40) * 60 + np.cos(y / 50) * 60 + 128).astype(np.uint8)
    photo = Image.fromarray(np.stack([stripes, 255 - stripes, stripes], axis=2))
    path = saved(tmp_path / "x.jpg", photo, quality=95)
    box = (33.3, 21.7, 587.9, 389.2)
    size = (int((box[3] - box[1]) / shrink), int((box[2] - box[0]) / shrink))
    exact = crop_resize(open_image(path), box, size)
    got = load_view(path, size, box)
    assert got.dtype == np.uint8
    assert got.shape == (*size, 3)
    assert np.array_equal(got, exact) == (shrink < 2)  # the cheaper decode is taken where it may be
    assert difference(got, exact) < 1.5
    # a fault of half an output pixel would show
    off = crop_resize(open_image(path), (box[0] + shrink, *box[1:]), size)
    if shrink >= 2:
        assert difference(got, exact) < difference(off, exact)


def test_crop_resize_averages_what_it_shrinks():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    image = Image.fromarray(checks.astype(np.uint8)).convert("RGB")
    assert np.abs(crop_resize(image, None, (8, 8)).astype(int) - 127).max() <= 4


def test_crop_resize_takes_the_box(photo):
    red = crop_resize(photo, (50.0, 20.0, 70.0, 40.0), (20, 20))
    assert np.array_equal(red, np.asarray(photo)[20:40, 50:70])


@pytest.mark.parametrize(
    ("width", "height", "size", "extent"),
    [
        (640, 480, (600, 1024), (600, 800)),  # enlarged to the given height
        (640, 240, (600, 1024), (384, 1024)),  # enlarged to the given width
        (480, 640, (600, 1024), (600, 450)),
        (4000, 3000, (300, 300), (225, 300)),
        (300, 300, (300, 300), (300, 300)),
        (5000, 3, (300, 300), (1, 300)),  # never less than a pixel
        (48.5, 97.25, (300, 300), (300, 150)),  # a crop
    ],
)
def test_fit_scales_by_one_factor(width, height, size, extent):
    assert fit(width, height, size) == extent


def test_a_fitted_picture_is_inside_and_touches_a_side():
    drawn = np.random.default_rng(0).integers(1, 3000, (2000, 4))
    for width, height, *size in drawn.tolist():
        h, w = fit(width, height, tuple(size))
        assert 1 <= h <= size[0]
        assert 1 <= w <= size[1]
        assert h == size[0] or w == size[1]
        # rounding moves an edge by half a pixel at most, but for sides that vanish
        scale = min(size[0] / height, size[1] / width)
        assert abs(h - height * scale) <= 0.5 or h == 1
        assert abs(w - width * scale) <= 0.5 or w == 1


def test_what_the_extent_leaves_is_padding(photo):
    box = (20.5, 10.0, 180.0, 110.0)
    got = crop_resize(photo, box, (64, 80), (50, 80))
    assert got.shape == (64, 80, 3)
    assert np.array_equal(got[:50], crop_resize(photo, box, (50, 80)))
    assert (got[50:] == PADDING).all()
    upright = crop_resize(photo, None, (60, 200), (60, 100))
    assert np.array_equal(upright[:, :100], crop_resize(photo, None, (60, 100)))
    assert (upright[:, 100:] == PADDING).all()


@pytest.mark.parametrize("shrink", [1.5, 2.0, 4.5, 9.0])
def test_reduced_decode_goes_by_the_extent(tmp_path, shrink):
    """By the size of the padded input, a picture that shrinks would be taken for one that grows."""
    y, x = np.mgrid[0:203, 0:1001]
    waves = (np.sin(x / 40) * 60 + np.cos(y / 30) * 60 + 128).astype(np.uint8)
    path = saved(tmp_path / "x.jpg", Image.fromarray(np.stack([waves] * 3, axis=2)), quality=95)
    extent = (int(203 / shrink), int(1001 / shrink))
    size = (500, extent[1])
    exact = crop_resize(open_image(path), None, size, extent)
    got = load_view(path, size, extent=extent)
    assert np.array_equal(got, exact) == (shrink < 2)
    assert difference(got[: extent[0]], exact[: extent[0]]) < 1.5
    assert (got[extent[0] :] == PADDING).all()


def test_size_other_than_annotated_is_refused(tmp_path, photo):
    path = saved(tmp_path / "x.jpg", photo)
    with pytest.raises(InputError, match=r"x\.jpg: .* 200 x 120 .* 120 x 200"):
        load_view(path, (10, 10), frame=(200, 120))


def test_bad_files_say_what_is_wrong(tmp_path, photo):
    whole = saved(tmp_path / "whole.jpg", photo, quality=95).read_bytes()
    whole_png = saved(tmp_path / "whole.png", photo).read_bytes()
    bad = {
        "empty.jpg": (b"", r"empty \(0 bytes\)"),
        "cut.jpg": (whole[: len(whole) // 2], rf"cut short.* \({len(whole) // 2} bytes"),
        "cut.png": (whole_png[: len(whole_png) // 2], "cut short"),
        "page.jpg": (b"\n<!DOCTYPE html><html>404</html>", "web page"),
        "text.jpg": (b"hello, world", r"not an image .*12 bytes.*hello"),
        "head.jpg": (b"\xff\xd8\xff\xe0", "not an image|cut short"),
    }
    for name, (content, message) in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        for read in (open_image, lambda p: load_view(p, (10, 10))):
            with pytest.raises(InputError, match=message) as error:
                read(path)
            assert str(path) in str(error.value)
        assert look(path).fault is not None, name
    with pytest.raises(InputError, match="no such file"):
        open_image(tmp_path / "absent.jpg")
    with pytest.raises(InputError, match="directory"):
        open_image(tmp_path)


def test_damage_inside_a_png_is_an_input_error(tmp_path, photo):
    whole = bytearray(saved(tmp_path / "x.png", photo).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "x.png").write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        open_image(tmp_path / "x.png")


def test_floating_point_pixels_are_refused(tmp_path):
    path = saved(tmp_path / "x.tif", Image.fromarray(np.ones((4, 4), np.float32)))
    with pytest.raises(InputError, match=r"x\.tif: .*floating-point"):
        open_image(path)
