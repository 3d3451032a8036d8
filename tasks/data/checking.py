"""Check every listed image file before training: whether it can be read, and for duplicates."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.cache import cache_file, file_state, keep_arrays, read_arrays
from tasks.images.headers import look_at

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class CheckedFiles:
    """N listed image files, and which of them can be used."""

    usable: np.ndarray
    """int64[U], the rows of the usable files, in order."""
    digests: np.ndarray
    """uint64[U], equal for equal files, and almost always different for different ones."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """The number of files that cannot be used, by reason."""


def check_readable(
    root: str | Path, files: np.ndarray, split: str, cache_dir: Path | None, skip: bool
) -> CheckedFiles:
    """Check the first and last bytes of image files; if these are inconclusive, decode the file.

    Files that have all passed are not checked again until one of their folders changes.

    Args:
        root: the folder of `files`.
        files: bytes[N], paths relative to it.
        split: the name of the split, for messages.
        cache_dir: keeps the results; None: they are not kept.
        skip: leave out files that cannot be read, rather than stop.

    Raises:
        InputError: files cannot be read, unless they are skipped and others remain.
    """
    paths = [Path(root, os.fsdecode(file)) for file in files.tolist()]
    key, cache = "", None
    if cache_dir is not None:
        key = _state(paths)
        cache = cache_file(Path(root, split), cache_dir, ".files")
        if (stored := read_arrays(cache, key)) is not None:
            return CheckedFiles(np.arange(len(files)), stored["digests"])
    looks = look_at(paths, digests=True)
    faults = {row: look.fault for row, look in enumerate(looks) if look.fault is not None}
    digests = np.array([look.digest for look in looks], np.uint64)
    if not faults:
        if cache is not None:
            keep_arrays(cache, key, {"digests": digests})
        return CheckedFiles(np.arange(len(files)), digests)
    if not skip or len(faults) == len(files):
        listed = [f"{os.fsdecode(files[row])} ({fault})" for row, fault in faults.items()]
        raise InputError(
            f"{split}: {len(faults):,} of the {len(files):,} images in {root} cannot be read: "
            f"{listed_briefly(listed)}. {ways_on(skip, 'remove them')}"
        )
    usable = np.setdiff1d(np.arange(len(files)), list(faults))
    return CheckedFiles(usable, digests[usable], {UNREADABLE: len(faults)})


def ways_on(skip: bool, other: str = "") -> str:
    """What to do about files that cannot be used.

    Args:
        skip: whether data.skip_unreadable is set, and was of no use, since no file is left.
        other: another way, such as "remove them".
    """
    if skip:
        return "No other is left: get them again, or name others"
    ways = ["Get them again", *([other] if other else [])]
    return ", ".join(ways) + ", or add data.skip_unreadable=true to go on without them"


def _state(paths: list[Path]) -> str:
    parents = sorted({path.parent for path in paths})
    try:
        state = file_state(*parents)
    except OSError:  # a folder has disappeared: its files are reported as missing later
        return ""
    return state + hashlib.sha256("\0".join(map(str, paths)).encode(errors="replace")).hexdigest()


@dataclass(frozen=True)
class Listed:
    """The images of a split, for `copies`."""

    root: str
    files: np.ndarray
    """bytes[N], paths relative to `root`."""
    labels: np.ndarray
    """[N] or [N, A]."""
    digests: np.ndarray
    """uint64[N], see CheckedFiles."""

    def path(self, row: int) -> Path:
        """The file of an image."""
        return Path(self.root, os.fsdecode(self.files[row]))


def copies(splits: Mapping[str, Listed]) -> list[str]:
    """Lines about files that equal another file byte for byte, in one split or in two.

    Args:
        splits: images are told apart by their content, not by their names.
    """
    lines = []
    seen: dict[str, Listed] = {}
    for split, images in splits.items():
        lines += _within(split, images)
        lines += [line for other in seen for line in _between(other, seen[other], split, images)]
        seen[split] = images
    return lines


def _within(split: str, images: Listed) -> list[str]:
    ordered = np.sort(images.digests)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    first: dict[bytes, int] = {}
    pairs = [
        (one, row)
        for row in _rows(images, repeated)
        if (one := first.setdefault(_content(images.path(row)), row)) != row
    ]
    if not pairs:
        return []
    apart = [(a, b) for a, b in pairs if not np.array_equal(images.labels[a], images.labels[b])]
    copies = number_of(len(pairs), "file is a copy of another", "files are copies of others")
    line = f"{split}: {copies}, byte for byte"
    if apart:
        line += f", {len(apart):,} of them with another label"
    return [f"{line}{_named(images, images, apart or pairs)}"]


def _between(first: str, one: Listed, second: str, other: Listed) -> list[str]:
    common = np.intersect1d(one.digests, other.digests)
    known = {_content(one.path(row)): row for row in _rows(one, common)}
    pairs = [
        (known[content], row)
        for row in _rows(other, common)
        if (content := _content(other.path(row))) in known
    ]
    if not pairs:
        return []
    return [
        f"{second}: {number_of(len(pairs), 'image is', 'images are')} in {first} too, byte for "
        f"byte; scores on such images are too good{_named(one, other, pairs)}"
    ]


def _named(one: Listed, other: Listed, pairs: Sequence[tuple[int, int]]) -> str:
    """The pairs by name, after a colon; the folder is named once if all files lie in it."""
    together = one.root == other.root
    place = f"; in {one.root}: " if together else ": "
    names = [
        (os.fsdecode(other.files[b]), os.fsdecode(one.files[a]))
        if together
        else (str(other.path(b)), str(one.path(a)))
        for a, b in pairs
    ]
    return place + listed_briefly(f"{b} = {a}" for b, a in names)


def _rows(images: Listed, digests: np.ndarray) -> list[int]:
    rows: list[int] = np.flatnonzero(np.isin(images.digests, digests)).tolist()
    return rows if len(digests) else []


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:  # it has disappeared meanwhile, so it is not a copy
        return os.fsencode(path)
