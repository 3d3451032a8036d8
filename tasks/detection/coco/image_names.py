"""Which file an annotated name means: tools write folders, backslashes, URLs, other spellings."""

import os
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from backbone.errors import InputError
from tasks.images.listing import is_image

DEEPEST = 8  # folders of a name that are tried
MISSING = "no such file"


class Folder:
    """An image folder and those below it, each listed once.

    Args:
        root: the folder.
    """

    def __init__(self, root: str):
        self.root = root
        self._entries: dict[str, frozenset[str]] = {}
        self._alike: dict[str, dict[str, str | None]] = {}
        self._stems: dict[str, dict[str, str | None]] = {}

    def entries(self, parent: str) -> frozenset[str]:
        """The names in a folder, given relative to the root; none if there is no such folder.

        Raises:
            InputError: the folder cannot be listed.
        """
        if parent not in self._entries:
            place = os.path.join(self.root, parent)
            try:
                names = os.listdir(place) if os.path.isdir(place) else []
            except OSError as error:
                raise InputError(f"{place}: cannot be listed: {error.strerror}") from None
            self._entries[parent] = frozenset(names)
        return self._entries[parent]

    def holds(self, name: str) -> bool:
        """Whether there is an entry of exactly this name."""
        parent, base = split(name)
        return base in self.entries(parent)

    def find(self, name: str) -> str | None:
        """The file that a name means, relative to the root; None if there is none.

        A name that is there as it stands means that file. Otherwise the folders before it are left
        away one by one, and in the end accents and capitals may be written in another way.
        """
        if self.holds(name):
            return name
        meant = list(readings(name))
        for reading in meant:
            if self.holds(reading):
                return reading
        for reading in meant:
            parent, base = split(reading)
            found = self.alike(parent).get(spelled_alike(base))
            if found is not None:
                return f"{parent}/{found}" if parent else found
        return None

    def near(self, name: str) -> str | None:
        """The image in the folder of a name that differs from it in the suffix alone."""
        parent, base = split(name.replace("\\", "/"))
        if parent not in self._stems:
            stems: dict[str, str | None] = {}
            for image in self.entries(parent):
                if is_image(os.fsencode(image)):
                    stem = spelled_alike(os.path.splitext(image)[0])
                    stems[stem] = None if stem in stems else image
            self._stems[parent] = stems
        found = self._stems[parent]
        key = spelled_alike(base.strip())
        return found.get(key) or found.get(os.path.splitext(key)[0])

    def alike(self, parent: str) -> dict[str, str | None]:
        """The entries of a folder by their common spelling; None where two share it."""
        if parent not in self._alike:
            found: dict[str, str | None] = {}
            for name in self.entries(parent):
                key = spelled_alike(name)
                found[key] = None if key in found else name
            self._alike[parent] = found
        return self._alike[parent]


def split(name: str) -> tuple[str, str]:
    """(folder, name) of a path; the folder is empty where there is none."""
    parent, slash, base = name.rpartition("/")
    return parent or slash, base


def spelled_alike(name: str) -> str:
    """A spelling that names share which differ in how accents are composed, or in capitals."""
    return unicodedata.normalize("NFC", name).casefold()


def readings(name: str) -> Iterator[str]:
    """What a tool may mean by a name, relative to the image folder; the most literal first."""
    plain = name.replace("\\", "/")
    texts = [plain]
    if "://" in plain:
        with suppress(ValueError):  # not a URL after all
            texts = [urlsplit(plain).path]
    if "?d=" in plain:  # Label Studio's /data/local-files/?d=folder/file.jpg
        texts.insert(0, plain.partition("?d=")[2])
    texts += [unquote(text) for text in texts if "%" in text]
    for text in texts:
        parts = [part for part in text.split("/") if part not in ("", ".", "..")]
        for first in range(max(0, len(parts) - DEEPEST), len(parts)):
            yield "/".join(parts[first:])


def match_names(folder: Folder, names: list[str]) -> tuple[list[str], dict[int, str]]:
    """The files that names mean.

    Returns:
        For each name the file relative to the folder (the name itself where there is none), and
        position -> reason for those without a file.
    """
    found, reasons = list(names), dict[int, str]()
    loose = [i for i, name in enumerate(names) if not folder.holds(name)]
    if not loose:
        return found, reasons
    rest = {*range(len(names))} - {*loose}
    meant_by = {names[i]: names[i] for i in rest}
    for i in loose:
        file = folder.find(names[i])
        if file is None:
            near = folder.near(names[i])
            reasons[i] = MISSING if near is None else f"{MISSING}, but {near} is there"
        elif meant_by.setdefault(file, names[i]) != names[i]:
            # cats/1.jpg and dogs/1.jpg, but there is only one 1.jpg
            reasons[i] = f"{MISSING}; {file} is what {meant_by[file]} means"
        else:
            found[i] = file
    return found, reasons
