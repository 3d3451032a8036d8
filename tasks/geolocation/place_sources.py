"""Sources of photographs with coordinates: lists, folders with EXIF data, sharded tar files.

Constructing a source does not read anything.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tasks.data.image_source import require
from tasks.geolocation.photographs import Photographs, hold_out_places, listed_photographs, with_gps
from tasks.geolocation.shards import Shards, find_shards

LIST = """a CSV file with the columns file,latitude,longitude (the columns of MP-16, YFCC100M, \
Im2GPS, Im2GPS3k and OSV-5M are known too)
and a folder of images: data.train=LIST.csv data.train_images=FOLDER, and likewise for val"""


@dataclass(frozen=True)
class Places:
    """The splits of a data set, and facts that matter for its scores."""

    train: Photographs | Shards | None
    val: Photographs
    note: str = ""


class PlaceSource(Protocol):
    """Photographs with coordinates in one layout."""

    @property
    def root(self) -> str:
        """The folder that the source's other paths are relative to."""
        ...

    def check(self) -> None:
        """Raise InputError unless the lists and folders exist. It is quick: it checks few paths."""
        ...

    def load(self) -> Places:
        """List every photograph. Raises: InputError if something is missing or damaged."""
        ...


@dataclass(frozen=True)
class PlaceLists:
    """Lists of photographs, and folders of images.

    Args:
        root: folder that the other paths are relative to.
        train, val: the lists; train may be None.
        train_images, val_images: the folders.
        allow_missing: leave out listed photographs whose files are missing.
    """

    root: str
    train: str | None
    val: str
    train_images: str
    val_images: str
    allow_missing: bool = False

    def check(self) -> None:
        """Raise InputError unless the lists and folders exist."""
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
    """Folders of photographs as written by a phone or camera, with their position in EXIF.

    Args:
        root: the folder that contains the other two.
        train, val: the folders; train is None to evaluate only.
        val_fraction: hold out this share, in (0, 1), of the photographs in `root` itself; None:
            read the two folders.
        seed: chooses what is held out.
        skip_unreadable: leave out files that cannot be read, rather than stop.
    """

    root: str
    train: str | None
    val: str
    val_fraction: float | None = None
    seed: int = 0
    skip_unreadable: bool = False

    def check(self) -> None:
        """Raise InputError unless the folders exist."""
        root = Path(self.root)
        paths = [root]
        if self.val_fraction is None:
            paths = [root / name for name in (self.train, self.val) if name is not None]
        layout = "folders train and val of photographs, or photographs with data.val_fraction=0.2"
        require("The folder of photographs", root, paths, layout)

    def load(self) -> Places:
        """Read the header of every file."""
        self.check()
        root = Path(self.root)
        if self.val_fraction is None:
            train = None if self.train is None else self._read(root / self.train)
            return Places(train, self._read(root / self.val))
        train, val = hold_out_places(self._read(root), self.val_fraction, self.seed)
        note = f"{self.val_fraction:.0%} of the places held out with seed {self.seed}"
        return Places(train, val, note)

    def _read(self, folder: Path) -> Photographs:
        return with_gps(folder, self.skip_unreadable)


@dataclass(frozen=True)
class ShardedPlaces:
    """Training photographs in tar files, as read by `webdataset`; a list for validation.

    `train` may be a shell command or URLs, so it is only taken from the configuration of the run:
    from what the user types or writes into a configuration file. Nothing that is read from a data
    file becomes a shard: no name in a list, a tar file or JSON, and no option in a checkpoint or in
    the config.yaml of a run directory.

    Args:
        root: folder that the other paths are relative to.
        train: pattern of the shards, such as train-{000000..000999}.tar; "pipe:COMMAND" runs a
            shell command and reads its output; URLs are fetched (see `shards.SCHEMES`).
        photographs: number of photographs in the shards; None: as many as the partition was built
            from.
        shuffle: photographs in the buffer of each loader process.
        val, val_images, allow_missing: see PlaceLists.
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
        """The lists of the validation split."""
        return PlaceLists(
            self.root, None, self.val, self.val_images, self.val_images, self.allow_missing
        )

    def check(self) -> None:
        """Raise InputError unless the list exists and the shards on disk look complete."""
        self.lists.check()
        if self.train is not None:
            find_shards(Path(self.root), self.train)

    def load(self) -> Places:
        """Read the validation list, but no shards."""
        shards = None
        if self.train is not None:
            urls = find_shards(Path(self.root), self.train)
            shards = Shards(urls, self.photographs, self.shuffle)
        return Places(shards, self.lists.load().val)
