"""Images named on a command line, and outputs that must not replace them."""

import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from backbone.errors import InputError, number_of
from tasks.images.listing import files_below, is_image
from tasks.images.video import is_video

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
LONGEST_STEM = 200  # bytes; a name has at most 255
KINDS = {
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def named_images(given: Iterable[Path], output: Path | None = None) -> tuple[list[Path], list[str]]:
    """The files that are named, and all images in folders that are named, including subfolders.

    Args:
        given: files, folders, and patterns such as `photos/**/*.jpg`, which a shell does not expand
            if they are in quotes. A file or folder with exactly such a name takes precedence.
        output: a folder that is written to; it is not searched unless it is named itself.

    Returns:
        The images, and videos that were named or matched; and one line for each folder or pattern
        in which files were skipped, with their numbers.

    Raises:
        InputError: a folder has no image or cannot be listed, or no image or video matches a
            pattern.
    """
    paths: list[Path] = []
    lines: list[str] = []
    for path in _expanded(given, lines):
        if not os.path.isdir(path):  # not is_dir, which raises for a name that no file can have
            paths.append(path)
            continue
        found = [path / os.fsdecode(file) for file in files_below(path)]
        own = _own_files(found, path, output)
        images = [file for file in found if is_image(os.fsencode(file.name)) and file not in own]
        skipped = Counter(file.suffix or "without a suffix" for file in {*found} - own - {*images})
        if own:
            skipped[f"in {output}, where answers are written"] = len(own)
        if not images:
            held = f", only {_counted(skipped)}" if skipped else ""
            raise InputError(f"{path}: no image in this folder or its subfolders{held}")
        if skipped:
            lines.append(f"{path}: skipped {_counted(skipped)}")
        paths += images
    return paths, lines


def require_file(path: Path) -> None:
    """Raise InputError unless a path names a regular file, which opens without waiting."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if URL.match(str(path)):
            raise InputError(f"{path} is a web address: download it, and name the file") from error
        raise InputError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path}: not a path ({error})") from error
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is {KINDS.get(stat.S_IFMT(mode), 'not a file')}, not a file")


def refuse_overwriting(
    outputs: Iterable[Path], inputs: Iterable[Path], option: str = "--output"
) -> None:
    """Raise InputError if an output would replace an input; `option` is what names the outputs."""
    read = {key: path for path in inputs if (key := _identity(path)) is not None}
    for path in outputs:
        replaced = read.get(_identity(path) or (-1, -1))
        if replaced is not None:
            raise InputError(
                f"{path} would replace {replaced}, which is an input: choose another {option}"
            )


def distinct_names(paths: Sequence[Path], suffix: str) -> list[str]:
    """A file name with this suffix for each path: its own stem, with a number if that is taken.

    All names differ, even on a file system that ignores case. They do not depend on the order. Long
    stems are cut, so that there is room for a temporary name.
    """
    stems = [_cut(path.stem) for path in paths]
    reserved, taken, names = {stem.casefold() for stem in stems}, set[str](), []
    for own in stems:
        stem, number = own, 2
        if stem.casefold() in taken:
            while (stem := f"{own}-{number}").casefold() in reserved | taken:
                number += 1
        taken.add(stem.casefold())
        names.append(stem + suffix)
    return names


def _cut(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST_STEM:
        stem = stem[:-1]
    return stem


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _expanded(given: Iterable[Path], lines: list[str]) -> Iterator[Path]:
    """The paths, with patterns replaced by what they match; see `named_images`."""
    for path in given:
        pattern = str(path)
        if not set("*?[") & set(pattern) or os.path.lexists(path) or URL.match(pattern):
            yield path
            continue
        matches = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]
        folders = [match for match in matches if match.is_dir()]
        files = [match for match in matches if match not in {*folders}]
        kept = [f for f in files if is_image(os.fsencode(f.name)) or is_video(f)]
        skipped = Counter(f.suffix or "without a suffix" for f in files if f not in {*kept})
        if "**" not in pattern:  # with it, files inside the folders match as well
            kept += folders
        if not kept:
            held = f", only {_counted(skipped)}" if skipped else ""
            raise InputError(f"{path}: no image or video matches this pattern{held}")
        if skipped:
            lines.append(f"{path}: skipped {_counted(skipped)}")
        yield from kept


def _own_files(files: Iterable[Path], folder: Path, output: Path | None) -> set[Path]:
    """The files below a folder that are in the output folder, if that is below it too."""
    if output is None or folder.resolve() not in output.resolve().parents:
        return set()
    inside = folder / output.resolve().relative_to(folder.resolve())
    return {file for file in files if file.is_relative_to(inside)}


def _counted(kinds: Counter[str], most: int = 5) -> str:
    """The most frequent kinds with their counts: "12 .txt, 3 .json"."""
    shown = kinds.most_common(most)
    rest = kinds.total() - sum(count for _, count in shown)
    words = [f"{count:,} {kind}" for kind, count in shown]
    return ", ".join([*words, *([number_of(rest, "other")] if rest else [])])
