"""Photographs in sharded tar files, read sequentially: for sets that do not fit on one disk.

A photograph consists of two members with the same key, KEY.jpg and KEY.json; the latter contains a
latitude and a longitude. Other members are ignored. This is the layout of `webdataset`, in which
most large sets are published. `webdataset` opens, unpacks and groups the shards. Its last release
is from June 2025; the newer litdata and streaming need sets to be rewritten in formats of their
own. A shard that is cut off between two members looks complete to `webdataset`; here it is an
error.

Opening a URL may start a program, and "pipe:COMMAND" runs a shell command. URLs only come from the
pattern that `find_shards` expands, the run's own option `data.train`. Names inside a list, a tar
file, a checkpoint or a run directory are never opened.
"""

import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from braceexpand import braceexpand

from backbone.errors import InputError, number_of
from backbone.file_kinds import GZIP, in_its_place
from tasks.geolocation.coordinates import LATITUDE, LONGITUDE, ROWS, Coordinates, out_of_range
from tasks.geolocation.exif import PhotographError
from tasks.geolocation.tar_stream import END, TarStream

IMAGES = ("jpg", "jpeg", "png", "webp")
MOST_SHARDS = 1_000_000
RANGES = re.compile(r"\{(-?\d+)\.\.(-?\d+)")
SCHEMES = ("http", "https", "sftp", "ftps", "scp", "gs", "htgs", "hf", "ais", "file")
"""The URLs that webdataset opens, most of them with a program such as curl."""
DUPLICATE = "named twice"  # a reason for leaving out a member
# errors for JSON without a latitude and a longitude
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)


class MemberError(PhotographError):
    """A photograph of a shard that cannot be used."""


@dataclass(frozen=True)
class Member:
    """A photograph of a shard."""

    shard: int
    number: int  # within the shard, counting broken ones
    name: str
    image: bytes  # content of the image file
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Shards:
    """The shards of a training set.

    Args:
        urls: of the shards.
        photographs: number of photographs in them; None if unknown.
        shuffle: photographs in the buffer of each loader process.
    """

    urls: Sequence[str]
    photographs: int | None
    shuffle: int

    def coordinates(self) -> Iterator[Coordinates]:
        """The positions of all photographs, in chunks. This reads every shard."""
        print(f"reading the coordinates in {number_of(len(self.urls), 'shard')}, once")
        places: list[tuple[float, float]] = []
        for url in self.urls:
            for sample in samples(url, Counter()):
                try:
                    places.append(position(sample))
                except MemberError:
                    continue
            if len(places) >= ROWS or (places and url == self.urls[-1]):
                yield Coordinates(None, *np.array(places).T)
                places = []


def find_shards(root: Path, pattern: str) -> list[str]:
    """Expand a pattern with braces, such as train-{000..049}.tar, into shards.

    Paths are relative to `root` and become absolute. Files are checked to begin and end like an
    uncompressed tar archive. Commands and URLs are not opened.

    Args:
        root: a folder.
        pattern: `data.train`, as the user typed it; never text from a file, see the module.

    Raises:
        InputError: braces are unbalanced; a URL is of an unknown kind; a file does not exist, is
            not a tar archive, or ends early.
    """
    # a path is recognised by being absolute: whatever its folder is called, it is not a command
    folder = root.absolute()
    _check_number(pattern)
    try:
        expanded = list(braceexpand(pattern))
    except ValueError as error:
        raise InputError(f"data.train={pattern}: a brace is not closed, or not opened") from error
    urls = [url if is_remote(url) else str(folder / url) for url in expanded]
    # webdataset lets this variable name more schemes, such as s3
    known = [*SCHEMES, *filter(None, os.environ.get("USE_AIS_FOR", "").split(":"))]
    for url in filter(is_remote, urls):
        scheme = url.partition(":")[0]
        if scheme not in ("pipe", *known):
            raise InputError(
                f"data.train={pattern}: URLs with {scheme}: cannot be read; known are "
                f'{", ".join(known)}, and "pipe:COMMAND" for the output of a shell command'
            )
    absent = [url for url in urls if not is_remote(url) and not Path(url).is_file()]
    if absent:
        advice = "correct the pattern, which is relative to data.root"
        if {*"*?"} & {*pattern}:
            advice = "name the shards with braces, such as train-{000..041}.tar"
        raise InputError(
            f"{absent[0]}: there is no such shard ({len(absent):,} of the {len(urls):,} in "
            f"data.train={pattern} missing): {advice}"
        )
    for url in urls:
        if not is_remote(url):
            _check_ends(url)
    return urls


def _check_number(pattern: str) -> None:
    """Raise InputError if a pattern stands for so many shards that they would fill memory."""
    number = 1
    for first, last in RANGES.findall(pattern):
        if len(first) > 18 or len(last) > 18:
            number = MOST_SHARDS + 1
            break
        number *= abs(int(last) - int(first)) + 1
    if number > MOST_SHARDS:
        raise InputError(
            f"data.train={pattern}: more than {MOST_SHARDS:,} shards; correct the numbers in braces"
        )


def is_remote(url: str) -> bool:
    """Whether a shard is a command or a URL, not a path."""
    return url.startswith("pipe:") or (not url.startswith("/") and "://" in url)


def samples(url: str, broken: Counter[str]) -> Iterator[dict[str, Any]]:
    """Read a shard, its members grouped by key: suffix -> content, `__key__` -> key.

    Args:
        url: as returned by `find_shards`.
        broken: counts members that are left out, by reason.

    Raises:
        InputError: the shard cannot be read, is damaged, or ends early.
    """

    # imported here because it imports torch, which checking a configuration should avoid
    from webdataset.tariterators import group_by_keys, tar_file_expander

    def count_duplicate(error: Exception) -> bool:
        broken[DUPLICATE] += 1
        return True

    try:
        with closing(TarStream(_open(url))) as stream:
            files = tar_file_expander([{"url": url, "stream": stream}])
            yield from group_by_keys(files, handler=count_duplicate)
            stream.expect_end(url)
    except (tarfile.TarError, EOFError) as error:
        raise InputError(
            f"{url}: the shard ends early or is damaged ({error.args[0]}): get it again"
        ) from error
    except OSError as error:
        raise InputError(f"{url}: the shard cannot be read: {error}") from error


def _open(url: str) -> BinaryIO:
    if not is_remote(url):
        return open(url, "rb")
    from webdataset.gopen import gopen

    try:
        stream: BinaryIO = gopen(url)
    except (ValueError, ImportError) as error:
        raise InputError(f"{url}: the shard cannot be read: {error}") from error
    return stream


def position(sample: dict[str, Any]) -> tuple[float, float]:
    """Latitude and longitude of a photograph, from its JSON member.

    Raises:
        MemberError: there is no position, or it is out of range.
    """
    try:
        values = {name.lower(): value for name, value in json.loads(sample["json"]).items()}
        latitude, longitude = (
            float(next((values[name] for name in names if name in values), ""))
            for names in (LATITUDE, LONGITUDE)
        )
    except UNREADABLE as error:
        raise MemberError(f"{sample['__key__']}: no position", "no position") from error
    if out_of_range(np.array(latitude), np.array(longitude)):
        raise MemberError(
            f"{sample['__key__']}: {latitude}, {longitude} is not on Earth", "position out of range"
        )
    return latitude, longitude


def member(sample: dict[str, Any], url: str, shard: int, number: int) -> Member:
    """The photograph in a sample.

    Raises:
        MemberError: there is no image, or no position.
    """
    image = next((sample[suffix] for suffix in IMAGES if suffix in sample), None)
    if image is None:
        raise MemberError(f"{sample['__key__']}: no image", "no image")
    latitude, longitude = position(sample)
    return Member(shard, number, f"{url}: {sample['__key__']}", image, latitude, longitude)


def _check_ends(path: str) -> None:
    with open(path, "rb") as file:
        head = file.read(512)
        size = file.seek(0, 2)
        file.seek(-min(END, size), 2)
        tail = file.read()
    if head[257:262] != b"ustar" and any(head):
        other = in_its_place(head)
        if other is not None and not head.startswith(GZIP):
            raise InputError(f"{path}: not a tar archive, but {other}")
        raise InputError(
            f"{path}: not an uncompressed tar archive (the first bytes are {head[:8]!r}); unpack "
            'it, or read it with data.train="pipe:gzip -dc FILE"'
        )
    if len(tail) < END or any(tail):
        raise InputError(
            f"{path}: the shard ends early ({size:,} bytes, without an end mark): get it again"
        )
