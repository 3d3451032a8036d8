"""Coordinates of photographs from a CSV file, read in chunks so that memory does not grow."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.text_lists import csv_reader

# The column names of the known sets, in lower case; the first one that exists is used.
FILE = (
    "file",  # this suite's own layout
    "img_id",  # MP-16, Im2GPS, Im2GPS3k and YFCC25600 as published with labels
    "id",  # OSV-5M
    "photoid",  # YFCC100M
    *("filename", "file_name", "image", "image_id", "path"),  # as in other lists of images
)
LATITUDE, LONGITUDE = ("latitude", "lat"), ("longitude", "lon", "lng")
ROWS = 1 << 16  # per chunk
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass(frozen=True)
class Coordinates:
    """A chunk of the rows of a file."""

    files: list[str] | None  # the file or id column as written; None if there is none
    latitude: np.ndarray  # float64[N] degrees, -90 to 90
    longitude: np.ndarray  # float64[N] degrees, -180 to 180


@dataclass(frozen=True)
class Columns:
    """The positions of the columns in a row."""

    names: list[str]
    file: int | None
    latitude: int
    longitude: int


def read_coordinates(path: str | Path, rows: int = ROWS) -> Iterator[Coordinates]:
    """Read a CSV file with a header, a chunk of `rows` rows at a time.

    Latitude and longitude are decimal degrees. Besides `file,latitude,longitude`, the column names
    of MP-16, YFCC100M, Im2GPS, Im2GPS3k and OSV-5M are known. Other columns are ignored. A file
    whose header contains tabs is read as tab-separated.

    Raises:
        InputError: the file is missing, empty or damaged; it lacks a column; a row has more or
            fewer fields than the header; a value is blank, not a number, not finite or out of
            range; or latitude and longitude are exchanged. The message names the file and, if it
            can, the line.
    """
    path, seen = Path(path), 0
    for columns, chunk in _chunks(path, rows):
        try:
            latitude, longitude = (
                _degrees([row[at] for row in chunk]) for at in (columns.latitude, columns.longitude)
            )
            whole = set(map(len, chunk)) == {len(columns.names)}
        except (ValueError, IndexError):
            whole = False
        if not whole:
            _explain_rows(path, columns, chunk, seen)
        _check_range(path, latitude, longitude, seen)
        files = None if columns.file is None else [row[columns.file] for row in chunk]
        yield Coordinates(files, latitude, longitude)
        seen += len(chunk)
    if not seen:
        raise InputError(f"{path}: there are no rows below the header")


def out_of_range(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """bool[N]: which coordinates are not finite or lie outside ±90 and ±180 degrees."""
    return ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180))


def _chunks(path: Path, rows: int) -> Iterator[tuple[Columns, list[list[str]]]]:
    """The columns, with each chunk of rows that are not blank."""
    with csv_reader(path) as reader:
        columns = _columns(path, next(reader, []))
        filled = filter(None, reader)
        while chunk := list(islice(filled, rows)):
            yield columns, chunk


def _columns(path: Path, names: list[str]) -> Columns:
    if not any(name.strip() for name in names):
        raise InputError(f"{path}: the file is empty; its first line should name the columns")
    known = [name.strip().lower() for name in names]
    double = sorted(n for n in (*LATITUDE, *LONGITUDE) if known.count(n) > 1)
    if double:
        raise InputError(
            f"{path}, line 1: columns of the same name: {listed_briefly(double)}; rename one"
        )

    def find(wanted: Sequence[str]) -> int | None:
        return next((known.index(name) for name in wanted if name in known), None)

    file, latitude, longitude = find(FILE), find(LATITUDE), find(LONGITUDE)
    if latitude is None or longitude is None:
        missing = [
            f"{what} ({' or '.join(wanted)})"
            for what, wanted, at in (
                ("latitude", LATITUDE, latitude),
                ("longitude", LONGITUDE, longitude),
            )
            if at is None
        ]
        raise InputError(
            f"{path}: no column for {' nor for '.join(missing)} among {', '.join(names)}; "
            "name the columns in the first line, separated by commas"
        )
    return Columns(names, file, latitude, longitude)


def _explain_rows(path: Path, columns: Columns, chunk: list[list[str]], seen: int) -> None:
    """Raise InputError for the first row that does not match the header or is not numeric."""
    for i, row in enumerate(chunk):
        if len(row) != len(columns.names):
            raise InputError(
                f"{path}, line {line_number(path, seen + i)}: {number_of(len(row), 'field')}, but "
                f"the header names {len(columns.names)}; write decimals with a point, and put "
                "values that contain commas in double quotes"
            )
        for what, at in (("latitude", columns.latitude), ("longitude", columns.longitude)):
            try:
                _degrees([row[at]])
            except ValueError:
                value = repr(row[at]) + " is not a number" if row[at].strip() else "is blank"
                line = line_number(path, seen + i)
                advice = "give decimal degrees, or leave the row out"
                if DECIMAL_COMMA.fullmatch(row[at].strip()):
                    advice = f"write it with a point: {row[at].strip().replace(',', '.')}"
                raise InputError(f"{path}, line {line}: {what} {value}; {advice}") from None


def _degrees(texts: list[str]) -> np.ndarray:
    """The numbers in texts, as float64[N].

    Raises:
        ValueError: a text is not a number, or has an underscore, which Python would ignore.
    """
    if "_" in "".join(texts):
        raise ValueError("an underscore in a number")
    return np.array([float(text) for text in texts])


def _check_range(path: Path, latitude: np.ndarray, longitude: np.ndarray, seen: int) -> None:
    """Raise InputError for the first coordinate out of range, with the likely cause."""
    wrong = np.flatnonzero(out_of_range(latitude, longitude))
    if not wrong.size:
        return
    line = f"{path}, line {line_number(path, seen + int(wrong[0]))}"
    north, east = latitude[wrong[0]], longitude[wrong[0]]
    if not np.isfinite([north, east]).all():
        what, value = ("longitude", east) if np.isfinite(north) else ("latitude", north)
        raise InputError(f"{line}: {what} {value} is not finite; correct the row or leave it out")
    beyond = np.abs(latitude) > 90
    if abs(north) > 90:
        advice = "correct the row or leave it out"
        fits = (np.abs(latitude) <= 180) & (np.abs(longitude) <= 90)
        # A tenth is enough evidence: not all of the world's longitudes are beyond 90, and typing
        # errors are far rarer.
        if fits.all() and beyond.mean() > 0.1:
            advice = (
                f"{beyond.sum():,} of {beyond.size:,} latitudes are out of range, and all rows "
                "would be in range the other way round, so the two columns seem to be exchanged: "
                "exchange their names in the first line"
            )
        raise InputError(f"{line}: latitude {north:g} is outside -90 to 90; {advice}")
    advice = "correct the row or leave it out"
    if 180 < east <= 360 and longitude.min() >= 0:
        advice = (
            "no longitude here is negative, so they seem to be counted eastwards from 0 to 360: "
            "subtract 360 from those above 180"
        )
    raise InputError(f"{line}: longitude {east:g} is outside -180 to 180; {advice}")


def line_number(path: Path, row: int) -> int:
    """The line of the file on which a row, counted from 0 below the header, ends."""
    with csv_reader(path) as reader:
        next(islice(filter(None, reader), 1 + row, None))
        line: int = reader.line_num
        return line
