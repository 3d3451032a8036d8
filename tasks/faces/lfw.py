"""Labeled Faces in the Wild: its folder of photographs and its lists of pairs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, number_of
from tasks.data.image_source import ImageSource, require
from tasks.data.text_lists import whole_number
from tasks.faces.face_index import FaceIndex
from tasks.faces.pairs import Pairs, compact
from tasks.images.listing import absent
from tasks.images.view import check_box

# folders that the archives unpack into; some mirrors nest them
FOLDERS = ("", "lfw-deepfunneled", "lfw_funneled", "lfw", "lfw-deepfunneled/lfw-deepfunneled")
LAYOUT = """NAME/NAME_0001.jpg, or such folders in lfw-deepfunneled/, lfw_funneled/ or lfw/
pairs.txt (10 folds of 300 + 300), or another list: data.verification.pairs=FILE"""
WITHOUT = """or name another folder with data.verification.root=, add data.verification.root=null to
score held-out faces of the data set itself, or add mode=sample to use a drawn sample"""
DOWNLOADS = (
    "http://vis-www.cs.umass.edu/lfw/lfw-deepfunneled.tgz",
    "http://vis-www.cs.umass.edu/lfw/pairs.txt",
)


@dataclass(frozen=True)
class Lfw:
    """LFW, or any faces in the same layout.

    Args:
        root: the folder; None: no verification data.
        pairs: the list that scores are reported on, relative to `root`.
        val_pairs: another list, such as View 1's pairsDevTest.txt, to pick the best checkpoint;
            None: use the held-out part of the training data.
        box: the part of each image that the network sees, xyxy as fractions of its width and
            height; None: the whole image. It should frame faces as in the training images.
        alignment: how the images were cropped and aligned, in words, for the result.
    """

    root: str | None
    pairs: str = "pairs.txt"
    val_pairs: str | None = None
    box: Sequence[float] | None = None
    alignment: str = ""

    def check(self) -> None:
        """Raise InputError unless the folder and the lists exist."""
        if self.root is None:
            return
        if self.box is not None:
            check_box(self.box)
        root = Path(self.root)
        names = [name for name in (self.pairs, self.val_pairs) if name is not None]
        lists = [list_in(root, name) for name in names]
        require("LFW (data.verification.root)", root, lists, LAYOUT, DOWNLOADS, WITHOUT)

    def load(self, name: str) -> tuple[FaceIndex, Pairs]:
        """The photographs that a list names, and its pairs.

        Raises:
            InputError: there are no verification data, the list is damaged, or photographs are
                missing.
        """
        if self.root is None:
            raise InputError("data.verification.root=null: there is no verification data")
        self.check()
        index, pairs = load_lfw(Path(self.root), list_in(Path(self.root), name))
        return index.framed(self.box), pairs


def list_in(root: Path, name: str) -> Path:
    """The list of pairs with this name, or the same list as CSV, as in Kaggle's copy."""
    path, csv = root / name, (root / name).with_suffix(".csv")
    return csv if csv.is_file() and not path.is_file() else path


def check_verification(source: ImageSource[FaceIndex], verification: Lfw) -> None:
    """Check training and verification data without torch: the configuration's `data.check`."""
    source.check()
    verification.check()


def load_lfw(root: Path, path: Path) -> tuple[FaceIndex, Pairs]:
    """The photographs that a list of pairs names, each once, and the pairs.

    Args:
        root: folder of the photographs.
        path: of the list.

    Raises:
        InputError: the list is damaged, or photographs are missing.
    """
    files, same, fold = read_pairs(path)
    names, rows = np.unique(files, return_inverse=True)
    rows = rows.reshape(files.shape)
    folder = _folder(root, names[0])
    encoded = [os.fsencode(name) for name in names.tolist()]
    missing = [names[i] for i in absent(folder, encoded)]
    if missing:
        lines = "\n".join(f"  {name}" for name in missing[:10])
        more = f"\n  and {len(missing) - 10:,} more" if len(missing) > 10 else ""
        raise InputError(
            f"{folder.absolute()} lacks {len(missing):,} of the {len(names):,} photographs that "
            f"{path} names:\n{lines}{more}\nA score on other pairs could not be compared with "
            "published ones: complete the folder, or name another with data.verification.root="
        )
    people, labels = np.unique([name.partition("/")[0] for name in names], return_inverse=True)
    index = FaceIndex(
        root=str(folder),
        files=np.array(encoded),
        labels=labels.astype(np.int64),
        classes=tuple((name, name) for name in people.tolist()),
    )
    return compact(index, Pairs(rows[:, 0], rows[:, 1], same, fold, path.name))


def _folder(root: Path, photograph: str) -> Path:
    """The folder with the people's folders: `root`, or one that an archive unpacks into."""
    for name in FOLDERS:
        if (root / name / photograph).is_file():
            return root / name
    return root


def read_pairs(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read a list of pairs in LFW's format.

    The first line is `folds pairs` (View 2's pairs.txt: 10 300) or `pairs` alone (View 1's lists,
    which have one fold). Each fold then has that number of matched pairs, `NAME 1 2`, followed by
    the same number of mismatched pairs, `NAME 1 OTHER 1`.

    Kaggle's copy has the pairs of View 2 as CSV, with `name,imagenum1,imagenum2,` instead of the
    numbers: a fold begins where matched pairs begin again.

    Returns:
        files str[P, 2], `NAME/NAME_0001.jpg`; same bool[P]; fold int64[P].

    Raises:
        InputError: the list is damaged; the message gives the line and what is expected there.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such list of pairs") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a list of pairs: {error}") from error
    if path.suffix.lower() == ".csv":
        lines = _without_commas(path, lines)
    header = lines[0].split() if lines else []
    numbers = [whole_number(word) for word in header]
    if not (len(header) in (1, 2) and all(numbers)):
        raise InputError(
            f"{path}, line 1: should be the number of folds and of matched pairs in each, such as "
            f"'10 300', not {lines[0][:60] if lines else ''!r}"
        )
    folds, count = (1, int(header[0])) if len(header) == 1 else map(int, header)
    wanted = folds * 2 * count
    if len(lines) - 1 != wanted:
        raise InputError(
            f"{path}: {number_of(folds, 'fold')} of {count} matched and {count} mismatched pairs "
            f"take {wanted:,} lines after the first, but there are {len(lines) - 1:,}: download "
            "it again"
        )
    same = np.tile(np.repeat([True, False], count), folds)
    fold = np.repeat(np.arange(folds), 2 * count)
    files = [
        _pair(line.split(), matched, f"{path}, line {number}")
        for number, (line, matched) in enumerate(zip(lines[1:], same.tolist(), strict=True), 2)
    ]
    return np.array(files), same, fold


def _without_commas(path: Path, lines: list[str]) -> list[str]:
    """The lines of a CSV list of pairs in the form of a text file's lines, under its numbers.

    Lines without a pair are not changed, so that the error can quote them.
    """
    rows = [" ".join(filter(None, (word.strip() for word in line.split(",")))) for line in lines]
    matched = [len(row.split()) == 3 for row in rows[1:]]
    folds = sum(now and not before for now, before in zip(matched, [False, *matched], strict=False))
    count = sum(matched) // max(folds, 1)
    if not matched or 2 * count * folds != len(matched):
        raise InputError(
            f"{path}: {len(matched):,} pairs, of which {sum(matched):,} are matched, in {folds} "
            "folds: each fold should have as many matched pairs as mismatched ones, after them; "
            "download it again"
        )
    return [f"{folds} {count}", *rows[1:]]


def _pair(words: list[str], matched: bool, where: str) -> tuple[str, str]:
    """The two files that a line names; `where` is for messages."""
    kind, form = (
        ("a matched pair", "NAME 1 2") if matched else ("a mismatched pair", "NAME 1 OTHER 1")
    )
    numbers = words[1:] if matched else words[1::2]
    if len(words) != (3 if matched else 4) or None in map(whole_number, numbers):
        raise InputError(
            f"{where}: by the counts in the first line this should be {kind}, `{form}`; found "
            f"{' '.join(words)[:60]!r}"
        )
    names = (words[0], words[0]) if matched else (words[0], words[2])
    if (names[0] == names[1]) != matched or (matched and int(numbers[0]) == int(numbers[1])):
        found = "one image twice" if matched else "two images of one person"
        raise InputError(f"{where}: {' '.join(words)[:60]!r} is {found}, not {kind}")
    one, two = (f"{name}/{name}_{int(n):04d}.jpg" for name, n in zip(names, numbers, strict=True))
    return one, two
