"""Where a photograph was taken, according to its EXIF data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from backbone.errors import InputError
from tasks.images.files import DECODING_ERRORS
from tasks.images.headers import look

GPS = ExifTags.GPS


class PhotographError(InputError):
    """A photograph that cannot be used.

    Args:
        message: what is wrong with which file.
        reason: the fault in a few words, the same for all photographs with the same fault.
    """

    def __init__(self, message: str, reason: str = ""):  # a default, so that it can be unpickled
        super().__init__(message)
        self.reason = reason


class NoPositionError(PhotographError):
    """A photograph that does not say where it was taken."""


def gps_position(path: str | Path) -> tuple[float, float]:
    """Latitude and longitude, in degrees, of a JPEG or any other file whose EXIF Pillow reads.

    Only the header is decoded.

    Raises:
        NoPositionError: there is no EXIF, or no position in it; a hemisphere or an angle is
            missing; an angle is not a number; the position is out of range, or 0, 0, which cameras
            without a fix write.
        InputError: the file is not an image.
    """
    try:
        with Image.open(path) as image:
            exif = image.getexif()
            position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except DECODING_ERRORS as error:
        wrong = look(path).fault
        if wrong is not None:
            raise InputError(f"{path}: {wrong}") from error
        raise _no_position(path, "EXIF is damaged", f" ({error})") from error
    if not exif:
        raise _no_position(path, "no EXIF", "; an editor or a web site has removed it")
    if GPS.GPSLatitude not in position and GPS.GPSLongitude not in position:
        raise _no_position(path, "no position in EXIF")
    latitude = _degrees(path, position, "latitude", GPS.GPSLatitude, GPS.GPSLatitudeRef, "NS")
    longitude = _degrees(path, position, "longitude", GPS.GPSLongitude, GPS.GPSLongitudeRef, "EW")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise _no_position(path, "EXIF position out of range", f": {latitude}, {longitude}")
    if latitude == 0 and longitude == 0:
        raise _no_position(path, "EXIF position is 0, 0", ", as cameras without a fix write it")
    return latitude, longitude


def _no_position(path: str | Path, reason: str, detail: str = "") -> NoPositionError:
    return NoPositionError(f"{path}: {reason}{detail}", reason)


def _degrees(
    path: str | Path, position: Mapping[int, Any], what: str, tag: int, ref_tag: int, signs: str
) -> float:
    """One signed angle, from degrees and, if given, minutes and seconds."""
    if tag not in position:
        raise _no_position(path, f"EXIF has no {what}")
    given, hemisphere = position[tag], position.get(ref_tag)
    parts = [float(part) for part in given] if isinstance(given, tuple) else []
    # Pillow reads a rational with denominator zero as NaN; 60 seconds are 59.999, rounded
    usable = all(0 <= part < float("inf") for part in parts) and max(parts[1:], default=0) <= 60
    if not 1 <= len(parts) <= 3 or not usable:
        raise _no_position(path, f"EXIF {what} is not an angle", f": {str(given)[:60]}")
    # text or bytes, upper or lower case, possibly padded with zeros, or only zeros
    letter = hemisphere.decode("latin-1") if isinstance(hemisphere, bytes) else str(hemisphere)
    letter = letter.strip("\0 ").upper()[:1] if hemisphere is not None else ""
    if not letter or letter not in signs:
        either = " or ".join(signs)
        raise _no_position(path, f"EXIF does not say {either}", f": {str(hemisphere)[:60]}")
    angle = sum((part / 60**k for k, part in enumerate(parts)), 0.0)
    return angle if letter == signs[0] else -angle
