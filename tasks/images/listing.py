"""Lists of the image files in a folder and its subfolders, and of those that are missing."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, AnyStr

from backbone.errors import InputError
from tasks.images.files import SUFFIXES

_ENDINGS = tuple(os.fsencode(suffix) for suffix in SUFFIXES)
SYSTEMS_OWN = {  # folders that systems and storages put beside people's files
    *("__MACOSX", "@eaDir", "#recycle", "#snapshot"),
    *("$RECYCLE.BIN", "System Volume Information", "lost+found"),
}
HIDDEN = "hidden"


def is_image(name: bytes) -> bool:
    """Whether a file's name has the suffix of an image."""
    return name.lower().endswith(_ENDINGS)


def image_files(folder: Path) -> list[bytes]:
    """Names of the image files directly in a folder, sorted.

    Hidden files, such as macOS's ._x.jpg, are left out.
    """
    return sorted(
        entry.name
        for entry in entries_of(os.fsencode(folder))
        if is_image(entry.name) and not is_folder(entry)
    )


def kind_of(name: bytes) -> str:
    """A file's suffix in lower case, or `without a suffix`, to count files by kind."""
    suffix = os.path.splitext(os.fsdecode(name))[1].lower()
    return suffix or "without a suffix"


def files_below(folder: Path, left_out: Counter[str] | None = None) -> list[bytes]:
    """Paths, relative to the folder, of all files in it and its subfolders, sorted.

    Hidden files, hidden folders and those of systems are left out; links are followed.

    Args:
        folder: to list.
        left_out: where hidden files with the suffix of an image are counted.

    Raises:
        InputError: a folder cannot be listed.
    """
    hidden = Counter[str]() if left_out is None else left_out
    return sorted(_search(os.fsencode(folder), b"", (), hidden))


def images_below(folder: Path) -> list[bytes]:
    """Paths, relative to the folder, of all image files in it and below; see `files_below`."""
    return [file for file in files_below(folder) if is_image(file)]


def absent(folder: Path, files: Sequence[bytes]) -> list[int]:
    """The positions of the files, given as paths relative to the folder, that do not exist.

    Lists each subfolder once: asking for 200,000 single files takes minutes on a network disk.
    """
    listings: dict[bytes, set[bytes]] = {}
    missing = []
    for i, file in enumerate(files):
        place, _, name = file.rpartition(b"/")
        if place not in listings:
            inside = os.path.join(os.fsencode(folder), place)
            try:
                listings[place] = set(os.listdir(inside)) if os.path.isdir(inside) else set()
            except OSError as error:
                raise _unlisted(inside, error) from error
        if name not in listings[place]:
            missing.append(i)
    return missing


def with_slashes(folder: Path, files: Sequence[bytes]) -> list[bytes]:
    """Paths relative to a folder, with the backslashes of Windows replaced by slashes.

    A file that has backslashes in its name keeps them. Whole paths into the folder lose its own.
    """
    own = {os.fsencode(os.path.join(place, "")) for place in (folder.absolute(), folder.resolve())}
    relative = []
    for file in files:
        if file.startswith(b"/"):
            file = file[max(len(place) if file.startswith(place) else 0 for place in own) :]
        if b"\\" in file and not os.path.lexists(os.path.join(os.fsencode(folder), file)):
            file = file.replace(b"\\", b"/")
        relative.append(file)
    return relative


def entries_of(folder: AnyStr) -> list[os.DirEntry[AnyStr]]:
    """The entries of a folder, without hidden ones and folders of operating systems.

    Raises:
        InputError: it cannot be listed.
    """
    return [entry for entry in _all_entries(folder) if not _is_hidden(entry)]


def _all_entries(folder: AnyStr) -> list[os.DirEntry[AnyStr]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise _unlisted(folder, error) from error


def _is_hidden(entry: os.DirEntry[Any]) -> bool:
    name = os.fsdecode(entry.name)
    return name.startswith(".") or name in SYSTEMS_OWN


def _unlisted(folder: str | bytes, error: OSError) -> InputError:
    return InputError(
        f"{os.fsdecode(folder)}: cannot be listed: {error.strerror}; give yourself permission to "
        "read it"
    )


def is_folder(entry: os.DirEntry[Any]) -> bool:
    """Whether an entry is a folder, or a link to one.

    Raises:
        InputError: it is a link to itself.
    """
    try:
        return entry.is_dir()
    except OSError as error:
        path = os.fsdecode(entry.path)
        raise InputError(f"{path}: cannot be read: {error.strerror}; remove it") from error


def _search(
    folder: bytes, prefix: bytes, above: tuple[tuple[int, int], ...], hidden: Counter[str]
) -> Iterator[bytes]:
    """Files in a folder and below; `above` are the folders that contain it."""
    entries = _all_entries(folder)
    status = os.stat(folder)
    here = status.st_dev, status.st_ino
    if here in above:  # a link back to a folder that contains it
        return
    for entry in entries:
        if _is_hidden(entry):
            if is_image(entry.name) and not is_folder(entry):
                hidden[HIDDEN] += 1
        elif is_folder(entry):
            yield from _search(entry.path, prefix + entry.name + b"/", (*above, here), hidden)
        else:
            yield prefix + entry.name
