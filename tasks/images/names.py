"""The file that a name means: tools write folders, backslashes, URLs and other spellings."""

import os
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from backbone.errors import InputError
from tasks.images.listing import is_image

DEEPEST = 8  # levels of a name's folders that are tried
MISSING = "no such file"


class Folder:
    """An image folder and its subfolders, each listed once.

    Args:
        root: the folder.
    """

    def __init__(self, root: str):
        self.root = root
        self._entries: dict[str, frozenset[str]] = {}
        self._alike: dict[str, dict[str, str | None]] = {}
        self._stems: dict[str, dict[str, str | None]] = {}

    def entries(self, parent: str) -> frozenset[str]:
        """The names in a folder, given relative to the root; none if it does not exist.

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
        """Whether there is an entry with exactly this name."""
        parent, base = split(name)
        return base in self.entries(parent)

    def find(self, name: str) -> str | None:
        """The file that a name means, relative to the root; None if there is none.

        A name that exists exactly means that file. Otherwise its leading folders are removed one by
        one, and in the end accents and capitals may be written differently.
        """
        if self.holds(name):
            return name
        meant = list(readings(name))
        for reading in meant:
            if self.holds(reading):
                return reading
        return next((found for reading in meant if (found := self.spelled(reading))), None)

    def spelled(self, name: str) -> str | None:
        """The one entry of a name's folder that differs from it in accents or capitals alone.

        Tools write a.jpg for A.JPG. None if there is no such entry, or if there are several.
        """
        parent, base = split(name)
        found = self.alike(parent).get(spelled_alike(base))
        return f"{parent}/{found}" if found and parent else found

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
        """The entries of a folder by their common spelling; None if two entries share one."""
        if parent not in self._alike:
            found: dict[str, str | None] = {}
            for name in self.entries(parent):
                key = spelled_alike(name)
                found[key] = None if key in found else name
            self._alike[parent] = found
        return self._alike[parent]


def split(name: str) -> tuple[str, str]:
    """(folder, name) of a path; the folder is empty if there is none."""
    parent, slash, base = name.rpartition("/")
    return parent or slash, base


def spelled_alike(name: str) -> str:
    """A common spelling for names that differ in the encoding of accents, or in capitals."""
    return unicodedata.normalize("NFC", name).casefold()


def readings(name: str) -> Iterator[str]:
    """The possible meanings of a name, relative to the image folder, the most literal one first."""
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
        For each name the file relative to the folder (the name itself if there is none), and
        position -> reason for the names without a file.
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
            # cats/1.jpg and dogs/1.jpg, but only one 1.jpg exists
            reasons[i] = f"{MISSING}; {file} is what {meant_by[file]} means"
        else:
            found[i] = file
    return found, reasons
