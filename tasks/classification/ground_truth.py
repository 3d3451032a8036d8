"""Lists of the classes of ImageNet's validation images, which come in one flat folder."""

import csv
from collections.abc import Iterator, Sequence
from os import fsdecode
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.classification.matlab import read_matlab
from tasks.data.text_lists import whole_number

FILE_COLUMNS = ("file", "filename", "file_name", "image", "path", "imageid")
WNID_COLUMNS = ("wnid", "synset", "predictionstring")
ACCEPTED = (
    "accepted are the devkit's ILSVRC2012_validation_ground_truth.txt (one number per line), "
    "Kaggle's LOC_val_solution.csv, Caffe's val.txt (lines of 'file index'), and a CSV file with a "
    f"header that names a column of files ({', '.join(FILE_COLUMNS[:-1])}) and one of WordNet ids "
    f"({', '.join(WNID_COLUMNS[:-1])})"
)


def read_labels(path: Path, files: list[bytes], wnids: Sequence[str], devkit: Path) -> np.ndarray:
    """Labels int64[N], 0..K-1, of the N images in a flat folder.

    The format is recognised by the content. One number per line is the devkit's list, in the order
    of the files' names. A first line with commas is the header of Kaggle's list or of another CSV
    file. Otherwise it is Caffe's list of 'file index' lines, where the index is the class's
    position, from 0, among the sorted WordNet ids.

    Args:
        path: the list.
        files: names of the images in the folder, sorted.
        wnids: the K classes, sorted.
        devkit: folder to search for the devkit or its `meta.mat` if that is not beside the list.

    Raises:
        InputError: the list cannot be read, or does not fit the images and the classes.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); {ACCEPTED}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError(f"{path}: the list is empty; {ACCEPTED}")
    numbers = [whole_number(line) for line in lines]
    if None not in numbers:
        return _devkit(path, np.array(numbers), files, wnids, devkit)
    try:
        rows = list(_csv(path, lines) if "," in lines[0] else _caffe(path, lines, wnids))
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file ({error}); {ACCEPTED}") from None
    return _by_name(path, rows, files, wnids)


def _devkit(
    path: Path, numbers: np.ndarray, files: list[bytes], wnids: Sequence[str], devkit: Path
) -> np.ndarray:
    if len(numbers) != len(files):
        raise InputError(
            f"{path} has {number_of(len(numbers), 'line')} but the folder has "
            f"{number_of(len(files), 'image')}: it needs one line per image, in the order of their "
            "names; unpack the archive again, or use a list that names the files"
        )
    places = (
        path.with_name("meta.mat"),
        devkit / "meta.mat",
        devkit / "data" / "meta.mat",
        devkit / "ILSVRC2012_devkit_t12" / "data" / "meta.mat",
    )
    meta = next((place for place in places if place.is_file()), None)
    if meta is None:
        raise InputError(
            f"{path} contains ILSVRC2012 numbers. Their meaning is in the devkit's meta.mat, which "
            f"is not in {listed_briefly(dict.fromkeys(place.parent for place in places))}: put it "
            "beside the list"
        )
    (synsets,) = read_matlab(meta, "synsets")
    if not {"ILSVRC2012_ID", "WNID"} <= {*(synsets.dtype.names or ())}:
        raise InputError(f"{meta}: its synsets have no ILSVRC2012_ID and WNID; download it again")
    known = dict(zip(synsets["ILSVRC2012_ID"].tolist(), synsets["WNID"].tolist(), strict=True))
    strange = [number for number in np.unique(numbers).tolist() if number not in known]
    if strange:
        raise InputError(f"{path}: numbers that are not in {meta}: {listed_briefly(strange)}")
    rows = [known[number] for number in numbers.tolist()]
    return _numbers(path, rows, wnids)


def _csv(path: Path, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Rows of (file, wnid)."""
    header = [name.strip().lower() for name in next(csv.reader(lines[:1]))]
    columns = []
    for what, names in (("files", FILE_COLUMNS), ("WordNet ids", WNID_COLUMNS)):
        found = [name for name in names if name in header]
        if not found:
            raise InputError(
                f"{path}: no column of {what} in the header {lines[0][:80]!r}; {ACCEPTED}"
            )
        columns.append(header.index(found[0]))
    for number, row in enumerate(csv.reader(lines[1:]), start=2):
        if len(row) <= max(columns) or not row[columns[1]].strip():
            raise InputError(f"{path}, line {number}: {','.join(row)[:80]!r} lacks a column")
        # Kaggle's column is 'wnid x y x y ...': the class, then boxes
        yield row[columns[0]], row[columns[1]].split()[0]


def _caffe(path: Path, lines: list[str], wnids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        name, _, index = line.strip().rpartition(" ")
        label = whole_number(index)
        if not name or label is None:
            raise InputError(
                f"{path}, line {number}: {line[:80]!r} is not 'file index'; {ACCEPTED}"
            )
        if label >= len(wnids):
            raise InputError(
                f"{path}, line {number}: {line[:80]!r} has an index beyond the {len(wnids):,} "
                "classes, which are counted from 0 in the order of their WordNet ids"
            )
        yield name.strip(), wnids[label]


def _by_name(
    path: Path, rows: list[tuple[str, str]], files: list[bytes], wnids: Sequence[str]
) -> np.ndarray:
    """Labels in the order of the files, from rows of (file, wnid); suffixes may be left out."""
    names = [fsdecode(file) for file in files]
    place = {name.rpartition(".")[0]: i for i, name in enumerate(names)}
    place |= {name: i for i, name in enumerate(names)}
    found = [place.get(name.strip().rpartition("/")[2], -1) for name, _ in rows]
    absent = [name for (name, _), i in zip(rows, found, strict=True) if i < 0]
    if absent:
        raise InputError(
            f"{path} names {number_of(len(absent), 'file')} that the folder does not have: "
            f"{listed_briefly(absent)}; unpack the archive again, or remove them from the list"
        )
    times = np.bincount(found, minlength=len(files))
    for what, wrong in (("does not name", times == 0), ("names more than once", times > 1)):
        if wrong.any():
            raise InputError(
                f"{path} {what} {wrong.sum():,} of the folder's {len(files):,} images: "
                f"{listed_briefly(names[i] for i in np.flatnonzero(wrong))}; give each image one "
                "line"
            )
    labels = np.empty(len(files), np.int64)
    labels[found] = _numbers(path, [wnid for _, wnid in rows], wnids)
    return labels


def _numbers(path: Path, rows: list[str], wnids: Sequence[str]) -> np.ndarray:
    output = {wnid: i for i, wnid in enumerate(wnids)}
    strange = sorted({*rows} - {*wnids})
    if strange:
        raise InputError(
            f"{path}: {number_of(len(strange), 'class that is', 'classes that are')} not among the "
            f"{len(wnids):,} of the data set: {listed_briefly(strange)}; add their training "
            "folders, or remove them from the list"
        )
    return np.array([output[wnid] for wnid in rows], np.int64)
