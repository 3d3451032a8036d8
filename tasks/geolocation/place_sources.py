"""Where photographs with coordinates come from: lists, folders with EXIF data, sharded tar files.

Making a source reads nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.data.image_source import require
from tasks.geolocation.photographs import Photographs, hold_out_places, listed_photographs, with_gps
from tasks.geolocation.shards import Shards, find_shards

LIST = """a CSV file with the columns file,latitude,longitude (the columns of MP-16, YFCC100M, \
Im2GPS, Im2GPS3k and OSV-5M are known too)
and a folder of images: data.train=LIST.csv data.train_images=FOLDER, and so for val"""


@dataclass(frozen=True)
class Places:
    """The splits of a set, and what a reader of a score must know about them."""

    train: Photographs | Shards | None
    val: Photographs
    note: str = ""


@dataclass(frozen=True)
class PlaceLists:
    """Lists of photographs and folders of images.

    Args:
        root: folder that the other paths are in.
        train, val: the lists; train may be None.
        train_images, val_images: the folders.
        allow_missing: go on without photographs that are listed and not there.
    """

    root: str
    train: str | None
    val: str
    train_images: str
    val_images: str
    allow_missing: bool = False

    def check(self) -> None:
        """Raise InputError unless lists and folders are there."""
        root = Path(self.root)
        paths = [root / self.val, root / self.val_images]
        if self.train is not None:
            paths = [root / self.train, root / self.train_images, *paths]
        require("The list of photographs", root, paths, LIST)

    def load(self) -> Places:
        """Read the lists and find their files."""
        self.check()
        root, train = Path(self.root), None
        if self.train is not None:
            train = listed_photographs(
                root / self.train, root / self.train_images, self.allow_missing
            )
        return Places(
            train, listed_photographs(root / self.val, root / self.val_images, self.allow_missing)
        )


@dataclass(frozen=True)
class GpsFolders:
    """Folders of photographs as a phone or camera wrote them, with their position in EXIF.

    Args:
        root: folder that the other two are in.
        train, val: the folders; train None to evaluate only.
        val_fraction: ROOT itself holds the photographs, and this share of them is held out.
        seed: of what is held out.
    """

    root: str
    train: str | None
    val: str
    val_fraction: float | None = None
    seed: int = 0

    def check(self) -> None:
        """Raise InputError unless the folders are there."""
        root = Path(self.root)
        paths = [root]
        if self.val_fraction is None:
            paths = [root / name for name in (self.train, self.val) if name is not None]
        elif not 0 < self.val_fraction < 1:
            raise InputError(
                f"data.val_fraction={self.val_fraction}: the share held out for validation must "
                "be between 0 and 1, such as 0.2"
            )
        layout = "train/ and val/ with photographs, or with data.val_fraction=0.2 photographs only"
        require("The folder of photographs", root, paths, layout)

    def load(self) -> Places:
        """Read every file's header."""
        self.check()
        root = Path(self.root)
        if self.val_fraction is None:
            train = None if self.train is None else with_gps(root / self.train)
            return Places(train, with_gps(root / self.val))
        train, val = hold_out_places(with_gps(root), self.val_fraction, self.seed)
        note = f"{self.val_fraction:.0%} of the places held out with seed {self.seed}"
        return Places(train, val, note)


@dataclass(frozen=True)
class ShardedPlaces:
    """Training photographs in tar files, as `webdataset` reads them; a list for validation.

    Args:
        root: folder that the other paths are in.
        train: pattern of the shards, such as train-{000000..000999}.tar; "pipe:COMMAND" reads
            what a shell command writes, http and other URLs are fetched (see webdataset).
        photographs: how many the shards hold; None: as many as the partition was built from.
        shuffle: photographs in the buffer of each loader process.
        val, val_images, allow_missing: as in PlaceLists.
    """

    root: str
    train: str | None
    val: str
    val_images: str
    photographs: int | None = None
    shuffle: int = 1000
    allow_missing: bool = False

    @property
    def lists(self) -> PlaceLists:
        """The validation split."""
        return PlaceLists(
            self.root, None, self.val, self.val_images, self.val_images, self.allow_missing
        )

    def check(self) -> None:
        """Raise InputError unless the list is there and the shards on disk look whole."""
        self.lists.check()
        if self.train is not None:
            find_shards(Path(self.root), self.train)

    def load(self) -> Places:
        """Read the validation list; no shard."""
        shards = None
        if self.train is not None:
            urls = find_shards(Path(self.root), self.train)
            shards = Shards(urls, self.photographs, self.shuffle)
        return Places(shards, self.lists.load().val)
