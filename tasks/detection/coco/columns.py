"""The rows of a COCO file as columns, with the ways in which tools write values made uniform.

A column is read in one go if all of its values are as in COCO's own files, and value by value
otherwise.
"""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path
from reprlib import Repr
from typing import Any

import numpy as np

from backbone.errors import InputError

LONGEST_NAME = 4096  # bytes; no path is longer
LONGEST_SIDE = 2**31 - 1  # pixels
EXPECTED = {
    **dict.fromkeys(("id", "image_id", "category_id"), "a whole number"),
    **dict.fromkeys(("width", "height"), "a whole number of pixels, or null in both"),
    "bbox": "[left, top, width, height] in pixels",
    "area": "a number of square pixels, or null",
    "iscrowd": "0 or 1",
    "file_name": "the name of an image file",
    "name": "text",
}
_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_BRIEF = Repr()
_BRIEF.maxdict = _BRIEF.maxlist = 12
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 60


class _WrongValueError(ValueError):
    """A wrong value; the message follows the key's name in a sentence."""


class FileRows:
    """The images, annotations or categories of a file.

    Args:
        path: the file, for messages.
        what: the kind of row, for messages.
        rows: the rows, as parsed from JSON.
    """

    def __init__(self, path: Path, what: str, rows: list[Any]):
        self.path, self.what, self.rows = path, what, rows

    def refused(self, number: int, key: str, problem: str) -> InputError:
        """The error for a row and its key."""
        row = self.rows[number]
        shown = row if isinstance(row, str) else _BRIEF.repr(row)
        return InputError(
            f"{self.path}: {self.what} number {number:,} (counting from 0) is not in COCO's "
            f"format: its {key!r} {problem}; it should be {EXPECTED[key]}; in {shown[:300]}"
        )

    def column(self, key: str, convert: Callable[[Any], Any]) -> list[Any]:
        """The values of a key, one by one; None stands for a missing one.

        Raises:
            InputError: `convert` refuses a value; the message names the row and the key.
        """
        values = []
        for number, row in enumerate(self.rows):
            try:
                values.append(convert(row.get(key)))
            except _WrongValueError as error:
                raise self.refused(number, key, str(error)) from None
            except (TypeError, ValueError, AttributeError, OverflowError):
                raise self.refused(number, key, "is missing or of the wrong type") from None
        return values

    def plain(self, key: str, *kinds: type) -> list[Any] | None:
        """The values of a key if every row has one of these types; None otherwise."""
        try:
            values = [row[key] for row in self.rows]
        except (KeyError, TypeError, IndexError):
            return None
        return values if set(map(type, values)) <= set(kinds) else None

    def ids(self, key: str = "id") -> np.ndarray:
        """int64[N]: whole numbers, also as 7.0 or "7".

        Raises:
            InputError: a value is not a whole number, or is beyond 64 bits.
        """
        values = self.plain(key, int)
        if values is not None:
            with suppress(OverflowError):  # one by one, to say which
                return np.array(values, np.int64)
        return np.array(self.column(key, _whole), np.int64)

    def labels(self) -> np.ndarray:
        """int64[N], or bytes[N] if an id is missing or is not a whole number of 64 bits."""
        values = self.plain("id", int)
        if values is not None:
            with suppress(OverflowError):
                return np.array(values, np.int64)
        given = [row.get("id") if isinstance(row, dict) else None for row in self.rows]
        return np.array(
            [f"number {i}" if v is None else _label(v) for i, v in enumerate(given)], "S"
        )

    def sides(self, key: str) -> np.ndarray:
        """int64[N], pixels; 0 where a tool wrote -1, 0, null or nothing.

        Raises:
            InputError: a value is another negative number, or a fraction.
        """
        values = self.plain(key, int)
        if values and min(values) > 0 and max(values) <= LONGEST_SIDE:
            return np.array(values, np.int64)
        return np.array(self.column(key, _side), np.int64)

    def numbers(self, key: str, missing: float) -> np.ndarray:
        """float64[N]; `missing` where there is none.

        Raises:
            InputError: a value is not a number.
        """
        values = self.plain(key, float, int)
        if values is not None:
            with suppress(OverflowError):
                return np.array(values, np.float64)
        return np.array(self.column(key, lambda v: missing if v is None else _number(v)), float)

    def flags(self, key: str) -> np.ndarray:
        """bool[N]: 0 or 1, also as 0.0, "0", false or null; false where it is missing.

        Raises:
            InputError: another value.
        """
        values = self.plain(key, int, bool)
        return np.array(self.column(key, _flag) if values is None else values, bool)

    def boxes(self, key: str) -> np.ndarray:
        """float64[N, 4]; four NaN where there is no box (missing, null or an empty list).

        Raises:
            InputError: a value is not a list of four numbers.
        """
        values = self.plain(key, list)
        if values and set(map(len, values)) == {4}:
            flat = list(chain.from_iterable(values))
            if set(map(type, flat)) <= {float, int}:
                with suppress(OverflowError):
                    return np.array(flat, np.float64).reshape(-1, 4)
        return np.array(self.column(key, _box), np.float64).reshape(-1, 4)

    def names(self, key: str, convert: Callable[[Any], str]) -> np.ndarray:
        """bytes[N], UTF-8.

        Raises:
            InputError: `convert` refuses a value, or it is longer than a path can be.
        """

        def encode(value: Any) -> bytes:
            name = convert(value).encode(errors="surrogateescape")
            if len(name) > LONGEST_NAME:
                raise _WrongValueError(f"is longer than {LONGEST_NAME:,} bytes")
            return name

        return np.array(self.column(key, encode), "S")

    def files(self) -> np.ndarray:
        """bytes[N], UTF-8: the names of image files, or LVIS's `coco_url` if they are missing.

        Raises:
            InputError: a row has neither, or a name that no file can have.
        """
        if self.plain("file_name", str) is None:
            self.rows = [
                row | {"file_name": row.get("coco_url")}
                if isinstance(row, dict) and row.get("file_name") in (None, "")
                else row
                for row in self.rows
            ]
        return self.names("file_name", _file)


def _file(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    if "\0" in value:
        raise _WrongValueError("has a NUL character")
    return value


def category_name(value: Any) -> str:
    """A category's name: text, or a number in digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value).encode(errors="replace").decode() or "(no name)"


def _whole(value: Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        if isinstance(value, str | float):
            raise _WrongValueError("is not a whole number")
        raise TypeError
    if not -(2**63) <= value < 2**63:
        raise _WrongValueError("is beyond 64 bits; number the rows anew")
    return value


def _label(value: Any) -> bytes:
    try:
        return str(value)[:100].encode(errors="replace")
    except (ValueError, RecursionError):
        return b"(unreadable)"


def _side(value: Any) -> int:
    side = 0 if value is None else _whole(value)
    if side < -1 or side > LONGEST_SIDE:
        raise _WrongValueError("is not a number of pixels")
    return max(side, 0)


def _number(value: Any) -> float:
    if isinstance(value, list | dict):
        raise TypeError
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _flag(value: Any) -> bool:
    number = 0.0 if value is None else _number(value)
    if math.isnan(number):
        raise ValueError
    return number != 0


def _box(value: Any) -> tuple[float, float, float, float]:
    if value is None or value == []:
        return (math.nan,) * 4
    if not isinstance(value, list) or len(value) != 4:
        raise TypeError
    x, y, width, height = map(_number, value)
    return x, y, width, height
