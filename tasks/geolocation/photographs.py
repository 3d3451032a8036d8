"""Photographs and where they were taken, from a list or from the EXIF of a folder's files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.checking import UNREADABLE, ways_on
from tasks.data.image_index import ImageIndex
from tasks.geolocation import s2
from tasks.geolocation.coordinates import Coordinates, line_number, read_coordinates
from tasks.geolocation.exif import NoPositionError, gps_position
from tasks.geolocation.partition import Partition
from tasks.images.files import SUFFIXES
from tasks.images.listing import files_below, is_image, with_slashes
from tasks.images.names import spelled_alike

# Test sets by a part of their lists' file names, and how many photographs each had when it was
# published. Many have since been taken off the web, so a score must state how many photographs it
# covers.
PUBLISHED = {"im2gps3k": ("Im2GPS3k", 2997), "im2gps": ("Im2GPS", 237)}
WITH_PLUGIN = {".heic", ".heif"}  # phones write them, Pillow does not read them
MISSING = "missing"
PLACE_LEVEL = 12  # S2 level of cells about 2 km wide


@dataclass(frozen=True, eq=False)
class PlaceIndex(ImageIndex):
    """Photographs labelled with the cells that they were taken in, -1 for none."""

    positions: np.ndarray = field(kw_only=True)
    """float64[N, 2], latitude and longitude in degrees."""

    def take(self, images: np.ndarray) -> Self:
        """The set of these photographs (0..N-1), in this order."""
        return replace(super().take(images), positions=self.positions[images])


@dataclass(frozen=True, eq=False)
class Photographs:
    """N photographs on disk."""

    root: str
    """The folder of `files`."""
    files: np.ndarray
    """bytes[N], paths relative to `root`."""
    positions: np.ndarray
    """float64[N, 2], latitude and longitude in degrees."""
    official: int
    """Photographs in the list as published, whether or not they are on disk."""
    name: str
    """Name of the list."""
    note: str = ""
    """What was left out, in words."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """The number that was left out, by reason."""

    def __len__(self) -> int:
        return len(self.files)

    def take(self, photographs: np.ndarray) -> Photographs:
        """These photographs (0..N-1), in this order."""
        files, positions = self.files[photographs], self.positions[photographs]
        return replace(self, files=files, positions=positions, official=len(files))

    def coordinates(self) -> Iterator[Coordinates]:
        """The positions, in the form for building a partition."""
        yield Coordinates(None, *self.positions.T)

    def index(self, partition: Partition, names: list[str]) -> PlaceIndex:
        """The photographs labelled with their cells, which have these `names`."""
        cells = partition.cell_of(*self.positions.T)
        classes = tuple((name, name) for name in names)
        return PlaceIndex(self.root, self.files, cells, classes, positions=self.positions)


def listed_photographs(path: Path, folder: Path, allow_missing: bool = False) -> Photographs:
    """The photographs that a CSV file lists (see `read_coordinates`), found in a folder.

    A list may name files, relative to the folder or to its parent (images/a.jpg for images), with
    underscores instead of folders (MP-16's fd/c0/328.jpg as fd_c0_328.jpg, or the reverse), with
    other capitals (a.JPG for a.jpg), or ids: file names without their extension, anywhere below the
    folder. A name is only looked up among the files of the folder; it is never opened as a path or
    URL.

    Args:
        path: the list.
        folder: contains the image files.
        allow_missing: leave out photographs whose files are missing.

    Raises:
        InputError: the list is damaged; a file is missing, or with `allow_missing` none is found;
            or an id matches two files.
    """
    chunks = list(read_coordinates(path))
    names: list[bytes] = []
    for chunk in chunks:
        if chunk.files is None:
            raise InputError(
                f"{path}: no column says which file each photograph is in; add one named file, "
                "img_id or id"
            )
        names += map(os.fsencode, chunk.files)
    positions = np.concatenate(
        [np.stack([chunk.latitude, chunk.longitude], axis=1) for chunk in chunks]
    )
    names, prefix = with_slashes(folder, names), os.fsencode(folder.name) + b"/"
    if all(name.startswith(prefix) for name in names) and not (folder / folder.name).is_dir():
        names = [name.removeprefix(prefix) for name in names]
    files = _find(np.array(names), folder)
    missing = np.flatnonzero(files == b"")
    if missing.size and (not allow_missing or missing.size == len(names)):
        first = int(missing[0])
        raise InputError(
            f"{path}, line {line_number(path, first)}: {os.fsdecode(names[first])} is not in "
            f"{folder.absolute()} ({missing.size:,} of {number_of(len(names), 'photograph')} "
            "missing). Name the folder that contains them, download them, or add "
            "data.allow_missing=true to go on without them; the result will say so"
        )
    stem = path.stem.lower()
    name, official = next(
        (known for part, known in PUBLISHED.items() if part in stem), (path.name, len(names))
    )
    note = f"{missing.size:,} of the {len(names):,} in {path.name} missing" if missing.size else ""
    found = np.flatnonzero(files != b"")
    left_out = {MISSING: int(missing.size)} if missing.size else {}
    return Photographs(str(folder), files[found], positions[found], official, name, note, left_out)


def with_gps(folder: Path, skip_unreadable: bool = False) -> Photographs:
    """The photographs in a folder and below it whose EXIF data say where they were taken.

    The others are left out. The note counts them by reason. Files that are not images are counted
    with them in `left_out`.

    Args:
        folder: of the photographs.
        skip_unreadable: leave out files that cannot be read, rather than stop.

    Raises:
        InputError: there are no photographs, none has a position, or files cannot be read.
    """
    files: list[bytes] = []
    positions: list[tuple[float, float]] = []
    reasons: Counter[str] = Counter()
    others: Counter[str] = Counter()
    faults: list[str] = []
    for name in files_below(folder):
        suffix = os.path.splitext(os.fsdecode(name))[1].lower()
        if suffix in WITH_PLUGIN - SUFFIXES:
            reasons[
                f"{suffix[1:].upper()}, which needs pip install pillow-heif, or conversion to JPEG"
            ] += 1
        elif suffix in SUFFIXES:
            try:
                positions.append(gps_position(folder / os.fsdecode(name)))
                files.append(name)
            except NoPositionError as error:
                reasons[error.reason] += 1
            except InputError as error:
                reasons[UNREADABLE] += 1
                faults.append(str(error))
        else:
            others[f"{suffix or 'other'} files"] += 1
    if faults and not skip_unreadable:
        raise InputError(
            f"{folder.absolute()}: {number_of(len(faults), 'photograph')} cannot be read: "
            f"{listed_briefly(faults)}. {ways_on(False, 'remove them')}"
        )
    count = len(files) + reasons.total()
    if not count:
        raise InputError(f"{folder.absolute()}: no photograph in this folder or its subfolders")
    left_out = ", ".join(f"{n:,} {reason}" for reason, n in reasons.most_common())
    if not files:
        raise InputError(
            f"{folder.absolute()}: none of {number_of(count, 'photograph')} says where it was "
            f"taken ({left_out}). Use the files as the camera wrote them, or list them with their "
            "coordinates in a CSV file for data=places"
        )
    note = f"{count - len(files):,} of {count:,} left out: {left_out}" if left_out else ""
    return Photographs(
        str(folder),
        np.array(files),
        np.array(positions),
        len(files),
        folder.name,
        note,
        dict((reasons + others).most_common()),
    )


def hold_out_places(
    photographs: Photographs, fraction: float, seed: int
) -> tuple[Photographs, Photographs]:
    """Split photographs into two sets, about 1 - `fraction` and `fraction` of them.

    Photographs of the same place, a cell about 2 km wide, stay together: if two pictures were taken
    a minute apart, one in training would reveal the other's answer.

    Raises:
        InputError: all photographs are of one place.
    """
    latitude, longitude = photographs.positions.T
    cells = s2.cell_ids(latitude, longitude, PLACE_LEVEL)
    places, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
    if len(places) < 2:
        raise InputError(
            f"{photographs.root}: all photographs are of one place (2 km across), so none can "
            "be held out for validation; name other photographs with data.val="
        )
    order = np.random.default_rng(seed).permutation(len(places))
    before = counts[order].cumsum() - counts[order]
    held = np.zeros(len(places), bool)
    held[order] = before < fraction * len(photographs)
    held[order[0]], held[order[-1]] = True, False  # neither set is empty, for any fraction
    kept = photographs.take(np.flatnonzero(~held[place]))
    val = photographs.take(np.flatnonzero(held[place]))
    return kept, replace(val, note="", left_out={})  # each is counted once


def _find(names: np.ndarray, folder: Path) -> np.ndarray:
    """bytes[N]: the file for each name or id, empty if there is none."""
    files = np.array(files_below(folder) if folder.is_dir() else [], dtype="S")
    if not files.size:
        return np.zeros(len(names), "S1")
    at = files.searchsorted(names).clip(max=len(files) - 1)
    found = np.where(files[at] == names, files[at], b"")
    # MP-16 lists fd/c0/328.jpg, and some copies of it contain fd_c0_328.jpg, or the other way round
    for key in (_without_folders, _spelled_alike):
        found = _by_key(key, names, files, found)
    ids = [i for i in np.flatnonzero(found == b"") if not is_image(names[i])]
    if not ids:
        return found
    stems = np.array([os.path.splitext(os.path.basename(file))[0] for file in files])
    order = stems.argsort(kind="stable")
    stems, files = stems[order], files[order]
    first, last = (stems.searchsorted(names[ids], side) for side in ("left", "right"))
    double = np.flatnonzero(last - first > 1)
    if double.size:
        one, other = (os.fsdecode(file) for file in files[first[double[0]] :][:2])
        raise InputError(
            f"{folder.absolute()}: {os.fsdecode(names[ids][double[0]])} may be {one} or {other}; "
            "remove one, or list file names in place of ids"
        )
    matched = np.where(last > first, files[first.clip(max=len(files) - 1)], b"")
    found = found.astype(np.promote_types(found.dtype, matched.dtype))
    found[ids] = matched
    return found


def _by_key(
    key: Callable[[bytes], bytes | str], names: np.ndarray, files: np.ndarray, found: np.ndarray
) -> np.ndarray:
    """`found`, plus the names of images that have the same key as one file."""
    rest = [i for i in np.flatnonzero(found == b"").tolist() if is_image(names[i])]
    if not rest:
        return found
    alike: dict[bytes | str, bytes] = {}
    for file in files.tolist():
        own = key(file)
        # two files: it is unclear which one is meant
        alike[own] = file if own not in alike else b""
    result = found.tolist()
    for i in rest:
        result[i] = alike.get(key(bytes(names[i])), b"")
    return np.array(result, dtype="S")


def _without_folders(file: bytes) -> bytes:
    return file.replace(b"/", b"_")


def _spelled_alike(file: bytes) -> str:
    return spelled_alike(os.fsdecode(file))
