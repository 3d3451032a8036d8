"""The text of a JSON file as Python values, or a message that says what is wrong and where."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from backbone.errors import InputError
from backbone.file_kinds import HEAD, in_its_place
from tasks.detection.coco.masks import box_around

AGAIN = "get the file again; COCO's are in annotations_trainval2017.zip and ...2014.zip"
DIGITS = 4300  # Python does not parse whole numbers with more digits
DEPTH = 900  # levels of nested lists; Python's parser gives up at slightly more
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


class Content(NamedTuple):
    """The content of a JSON file."""

    value: Any
    remarks: list[str]
    """Remarks on how it was read."""
    boxed: int
    """The number of annotations whose box was computed from their mask."""


def read_json(path: Path, polygons: bool = False) -> Content:
    """The content of a JSON file in any encoding that tools write.

    Args:
        path: the file, in UTF-8, UTF-16 or UTF-32, with or without a mark, or in Latin-1.
        polygons: whether to keep the values of "segmentation", nine tenths of COCO's files. If not,
            an annotation with a mask and no "bbox" gets the box around its mask.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not raw.strip():
        raise InputError(f"{path}: the file is empty ({len(raw):,} bytes); {AGAIN}")
    if other := in_its_place(raw[:HEAD]):
        raise InputError(f"{path}: not JSON, but {other}")
    size, remarks = len(raw), []
    try:
        text = raw.decode(json.detect_encoding(raw), "surrogatepass").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        text = raw.decode("latin-1")
        remarks = [f"{path}: not UTF-8 text at byte {error.start:,}, read as Latin-1"]
    del raw  # a quarter of a gigabyte for COCO's training set
    try:
        masks = _Masks()
        value = json.loads(text, object_hook=None if polygons else masks.drop)
    except json.JSONDecodeError as error:
        if remarks:
            raise InputError(f"{remarks[0]}, is not JSON either ({error.msg}); {AGAIN}") from None
        raise InputError(
            f"{path}: not JSON at line {error.lineno}, column {error.colno} (character "
            f"{error.pos:,}; the file has {size:,} bytes): {error.msg}; it is damaged or cut "
            f"short: {AGAIN}"
        ) from None
    except ValueError:
        found = re.search(rf"\d{{{DIGITS + 1},}}", text)
        where = _place(text, found.start()) if found else ""
        raise InputError(
            f"{path}: a number with more than {DIGITS:,} digits{where}; correct it"
        ) from None
    except RecursionError:
        raise InputError(
            f"{path}: nested lists, more than {DEPTH:,} deep"
            f"{_place(text, _deepest(text))}; annotations do not need that: {AGAIN}"
        ) from None
    return Content(value, remarks, masks.boxed)


class _Masks:
    """Drops masks while parsing, since they take twice the memory of everything else.

    `boxed` counts the annotations whose box was computed from the mask.
    """

    def __init__(self) -> None:
        self.boxed = 0

    def drop(self, row: dict[str, Any]) -> dict[str, Any]:
        mask = row.pop("segmentation", None)
        if mask and not row.get("bbox"):
            box = box_around(mask)
            if box is not None:
                row["bbox"] = box
                self.boxed += 1
        return row


def _deepest(text: str) -> int | None:
    """The position where the brackets of a text are first nested more than DEPTH deep."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found.group()[0], 0)
        if depth > DEPTH:
            return found.start()
    return None


def _place(text: str, at: int | None) -> str:
    if at is None:
        return ""
    line, start = text.count("\n", 0, at) + 1, text.rfind("\n", 0, at)
    return f" at line {line:,}, column {at - start:,}"
