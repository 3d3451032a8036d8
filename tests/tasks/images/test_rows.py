"""Rows below a box are not decoded, and no pixel changes."""

import io

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.images.files import open_image
from tasks.images.loading import crop_resize, load_view
from tasks.images.rows import ending_at


@pytest.fixture
def noise():
    """A picture 240 wide and 320 high whose neighbouring pixels and rows all differ."""
    pixels = np.random.default_rng(0).integers(0, 256, (320, 240, 3), np.uint8)
    return Image.fromarray(pixels)


def written(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file


@pytest.mark.parametrize("subsampling", [0, 1, 2], ids=["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("restart", [0, 3])
def test_the_rows_that_are_left_are_those_of_the_whole_picture(noise, subsampling, restart):
    file = written(noise, subsampling=subsampling, restart_marker_blocks=restart)
    whole = np.asarray(Image.open(file))
    for bottom in (0.5, 15.9, 16, 17, 100, 255.5):
        part = Image.open(io.BytesIO(ending_at(Image.open(file), bottom)))
        assert bottom + 8 <= part.height < 320
        rows = int(np.ceil(bottom))
        assert np.array_equal(np.asarray(part)[:rows], whole[:rows])


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
@pytest.mark.parametrize("size", [(60, 60), (20, 31), (4, 5)])
@pytest.mark.parametrize("box", [(10.3, 0.7, 200.0, 91.5), (0.0, 30.0, 240.0, 320.0)])
def test_a_view_is_what_it_is_of_the_whole_picture(noise, options, size, box, monkeypatch):
    file = written(noise, **options)
    found = load_view(file, size, box)
    monkeypatch.setattr("tasks.images.loading.ending_at", lambda *_: None)
    assert np.array_equal(found, load_view(file, size, box))


def test_a_turned_picture_is_decoded_whole(noise):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down: its first rows are the last ones of the file
    file, box = written(noise, exif=exif), (0.0, 0.0, 240.0, 80.0)
    assert np.array_equal(
        load_view(file, (80, 240), box), crop_resize(open_image(file), box, (80, 240))
    )


def test_what_saves_nothing_is_left(noise):
    png = io.BytesIO()
    noise.save(png, "PNG")
    assert ending_at(Image.open(png), 10) is None
    assert ending_at(Image.open(written(noise, progressive=True)), 10) is None
    assert ending_at(Image.open(written(noise)), 290) is None
    assert ending_at(Image.open(written(noise)), 275) is None, "with the rows kept below it"


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_file_cut_short_is_named_wherever_it_ends(noise, tmp_path, share):
    content = written(noise).getvalue()
    path = tmp_path / "cut.jpg"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cut\.jpg: damaged or cut short"):
        load_view(path, (20, 20), (0.0, 0.0, 200.0, 60.0))
