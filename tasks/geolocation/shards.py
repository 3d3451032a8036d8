"""Photographs in sharded tar files, read from front to back: for sets that do not fit one disk.

A photograph is two members of one name, KEY.jpg and KEY.json, the latter with a latitude and a
longitude; what else there is is passed over. `webdataset` opens, unpacks and groups: the layout is
its own, and most published sets come in it. Its last release is of June 2025; what has been
released since, litdata and streaming, wants sets rewritten in formats of their own. It takes a
shard that ends early, where that happens between two members, for a short one; this does not.
"""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from braceexpand import braceexpand

from backbone.errors import InputError
from tasks.geolocation.coordinates import LATITUDE, LONGITUDE, ROWS, Coordinates, out_of_range

IMAGES = ("jpg", "jpeg", "png", "webp")
TWICE = "named twice"  # why a member is left out
END = 1024  # bytes of zeros that close a tar archive


class MemberError(InputError):
    """A photograph of a shard that cannot be used; `reason` is the same for all of its kind."""

    def __init__(self, message: str, reason: str = ""):
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Member:
    """A photograph of a shard."""

    shard: int
    number: int  # within the shard, broken ones counted
    name: str
    image: bytes  # the file's content
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Shards:
    """The shards of a training set.

    Args:
        urls: of the shards.
        photographs: how many they hold, None where nobody said.
        shuffle: photographs in the buffer of each loader process.
    """

    urls: Sequence[str]
    photographs: int | None
    shuffle: int

    def coordinates(self) -> Iterator[Coordinates]:
        """Where all photographs were taken, in chunks; reads every shard."""
        print(f"reading the coordinates in {len(self.urls):,} shards, once")
        places = []
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
    """The shards that a pattern with braces names, such as train-{000..049}.tar.

    Those on disk are relative to `root`, and are looked at: whether they begin and end as an
    uncompressed tar archive does.

    Raises:
        InputError: no such file; one that is no tar archive, or ends early.
    """
    urls = list(braceexpand(pattern))
    if all(map(is_remote, urls)):
        return urls
    urls = [url if is_remote(url) else str(root / url) for url in urls]
    absent = [url for url in urls if not is_remote(url) and not Path(url).is_file()]
    if absent:
        raise InputError(
            f"{absent[0]}: there is no such shard ({len(absent):,} of the {len(urls):,} that "
            f"data.train={pattern} names are missing): correct the pattern, which is relative to "
            "data.root"
        )
    for url in urls:
        if not is_remote(url):
            _check_ends(url)
    return urls


def is_remote(url: str) -> bool:
    """Whether a shard is something else than a path."""
    return "://" in url or url.startswith("pipe:")


def samples(url: str, broken: Counter) -> Iterator[dict[str, Any]]:
    """A shard's members grouped by key: suffix -> content, `__key__` -> key.

    Raises:
        InputError: the shard cannot be read, is damaged, or ends early.
    """

    # torch comes with it, and checking a configuration needs none
    from webdataset.gopen import gopen
    from webdataset.tariterators import group_by_keys, tar_file_expander

    def twice(error: Exception) -> bool:
        broken[TWICE] += 1
        return True

    try:
        stream = _Ended(gopen(url))
        try:
            files = tar_file_expander([{"url": url, "stream": stream}])
            yield from group_by_keys(files, handler=twice)
            stream.expect_end(url)
        finally:
            with suppress(OSError):  # of a command that failed: its shard has no end mark
                stream.close()
    except (tarfile.TarError, EOFError) as error:
        raise InputError(
            f"{url}: the shard ends early or is damaged ({error.args[0]}): get it again"
        ) from error
    except OSError as error:
        raise InputError(f"{url}: the shard cannot be read: {error}") from error


def position(sample: dict[str, Any]) -> tuple[float, float]:
    """Latitude and longitude of a photograph, as its JSON member says.

    Raises:
        MemberError: there is none, or it is no place.
    """
    try:
        said = {name.lower(): value for name, value in json.loads(sample["json"]).items()}
        latitude, longitude = (
            float(next((said[name] for name in names if name in said), ""))
            for names in (LATITUDE, LONGITUDE)
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise MemberError(f"{sample['__key__']}: no position", "no position") from error
    if out_of_range(np.array(latitude), np.array(longitude)):
        raise MemberError(
            f"{sample['__key__']}: {latitude}, {longitude} is no place", "position out of range"
        )
    return latitude, longitude


def member(sample: dict[str, Any], url: str, shard: int, number: int) -> Member:
    """A sample as a photograph.

    Raises:
        MemberError: no image, or no position.
    """
    image = next((sample[suffix] for suffix in IMAGES if suffix in sample), None)
    if image is None:
        raise MemberError(f"{sample['__key__']}: no image", "no image")
    latitude, longitude = position(sample)
    return Member(shard, number, f"{url}: {sample['__key__']}", image, latitude, longitude)


class _Ended:
    """A stream that knows whether what was read of it ends as a tar archive does.

    `tarfile` takes anything that is no header for the end, even the end of the file.
    """

    def __init__(self, stream: BinaryIO):
        self.stream, self.last = stream, b""

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.last = (self.last + data)[-END:]
        return data

    def expect_end(self, url: str) -> None:
        """Read what is left, which is zeros.

        Raises:
            InputError: it is something else, or there were none.
        """
        rest = False
        while data := self.stream.read(1 << 20):
            rest = rest or any(data)
            self.last = (self.last + data)[-END:]
        if rest or len(self.last) < END or any(self.last):
            where = "is damaged in the middle" if rest else "ends early, without an end mark"
            raise InputError(f"{url}: the shard {where}: get it again")

    def close(self) -> None:
        self.stream.close()


def _check_ends(path: str) -> None:
    with open(path, "rb") as file:
        head = file.read(512)
        size = file.seek(0, 2)
        file.seek(-min(END, size), 2)
        tail = file.read()
    if head[257:262] != b"ustar" and any(head):
        raise InputError(
            f"{path}: not an uncompressed tar archive (the first bytes are {head[:8]!r}); unpack "
            'it, or read it with data.train="pipe:gzip -dc FILE"'
        )
    if len(tail) < END or any(tail):
        raise InputError(
            f"{path}: the shard ends early ({size:,} bytes, without an end mark): get it again"
        )
