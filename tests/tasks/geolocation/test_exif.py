import csv
import pickle

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from backbone.errors import InputError
from tasks.geolocation.exif import NoPositionError, gps_position
from tasks.geolocation.sphere import great_circle_km

GPS = ExifTags.GPS
RATIONAL = TiffImagePlugin.IFDRational
VALUES = {
    GPS.GPSLatitudeRef: "S",
    GPS.GPSLatitude: (33.0, 51.0, 54.0),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (151.0, 12.0, 36.0),
}


@pytest.fixture
def photo(tmp_path):
    """Write a JPEG whose GPS values are `VALUES` but for the given ones; None leaves one out."""

    def write(changed=None):
        image, exif = Image.new("RGB", (8, 8)), Image.Exif()
        exif[ExifTags.Base.Make] = "maker"
        if changed is not None:
            values = {key: value for key, value in (VALUES | changed).items() if value is not None}
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(values)
        image.save(tmp_path / "photo.jpg", exif=exif)
        return tmp_path / "photo.jpg"

    return write


@pytest.mark.parametrize("north", ["N", "S", "n", "S\0"])
@pytest.mark.parametrize("east", ["E", "W"])
def test_the_hemisphere_gives_the_sign(photo, north, east):
    path = photo({GPS.GPSLatitudeRef: north, GPS.GPSLongitudeRef: east})
    latitude, longitude = gps_position(path)
    assert latitude == pytest.approx(33.865 if north in "Nn" else -33.865)
    assert longitude == pytest.approx(151.21 if east == "E" else -151.21)


def test_decimal_minutes_and_one_zero_angle(photo):
    path = photo({GPS.GPSLatitude: (51.0, 28.6785, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)})
    assert gps_position(path) == (pytest.approx(-51.477975), 0)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (None, "no position in EXIF"),
        ({GPS.GPSLatitude: None, GPS.GPSLongitude: None}, "no position in EXIF"),
        ({GPS.GPSLongitude: None}, "EXIF has no longitude"),
        ({GPS.GPSLatitudeRef: None}, "EXIF does not say N or S"),
        ({GPS.GPSLongitudeRef: "\0"}, "EXIF does not say E or W"),
        ({GPS.GPSLongitudeRef: "N"}, "EXIF does not say E or W"),
        ({GPS.GPSLatitude: (RATIONAL(1, 0), 0.0, 0.0)}, "EXIF latitude is not an angle"),
        ({GPS.GPSLatitude: (48.0, 8.0, 5999.0)}, "EXIF latitude is not an angle"),
        ({GPS.GPSLatitude: (48.0, 75.0, 0.0)}, "EXIF latitude is not an angle"),
        ({GPS.GPSLatitude: (33.0, RATIONAL(0, 0), 0.0)}, "EXIF latitude is not an angle"),
        ({GPS.GPSLongitude: (1.0, 2.0, 3.0, 4.0)}, "EXIF longitude is not an angle"),
        ({GPS.GPSLatitude: (91.0, 0.0, 0.0)}, "EXIF position out of range"),
        ({GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0,) * 3}, "EXIF position is 0, 0"),
    ],
)
def test_why_there_is_no_position(photo, changed, reason):
    path = photo(changed)
    with pytest.raises(NoPositionError) as caught:
        gps_position(path)
    assert caught.value.reason == reason
    assert str(caught.value).startswith(f"{path}: {reason}")
    # loader processes send it to their parent
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (str(sent), sent.reason) == (str(caught.value), reason)


def test_no_exif_at_all(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(NoPositionError, match="no EXIF; an editor"):
        gps_position(tmp_path / "a.png")


def test_what_is_no_image(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"<html>not found")
    with pytest.raises(InputError, match="a web page, not an image"):
        gps_position(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="there is no such file"):
        gps_position(tmp_path / "b.jpg")


def test_damaged_exif_of_a_good_picture(photo):
    path = photo({})
    content = path.read_bytes()
    start = content.index(b"Exif\0\0") + 6
    path.write_bytes(content[:start] + b"\xff" * 8 + content[start + 8 :])
    with pytest.raises(NoPositionError, match="EXIF"):
        gps_position(path)


def test_positions_of_real_photographs(shared):
    folder = shared / "geo_exif"
    with (folder / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 29
    for row in rows:
        position = gps_position(folder / "images" / row["file"])
        stated = float(row["latitude"]), float(row["longitude"])
        assert great_circle_km(*position, *stated) < 1e-3  # the list has six decimals
