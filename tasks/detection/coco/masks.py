"""The boxes around masks, for annotations with a mask and no box.

A mask is a list of polygons, each x1, y1, x2, y2, ...; or the lengths of runs of pixels,
alternately outside and inside, down the columns from the left: as numbers, or in COCO's text
encoding. The boxes equal those of `pycocotools`, which is not used because its C code trusts its
input.
"""

import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

LARGEST = 2**31 - 1  # pixels of a side
MORE, SIGN, BITS, ZERO = 0x20, 0x10, 5, 48  # COCO's text: five bits, and one if more follow
LONGEST = 60  # bits of a number in it

Box = list[float]


def box_around(mask: Any) -> Box | None:
    """Left, top, width and height in pixels of the box around a value of "segmentation".

    None if it is not a mask, or an empty one.
    """
    try:
        return _around_runs(mask) if isinstance(mask, dict) else _around_polygons(mask)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError):
        return None


def _around_polygons(polygons: Any) -> Box | None:
    flat = polygons if not isinstance(polygons[0], list) else [*chain.from_iterable(polygons)]
    odd = any(len(one) % 2 for one in polygons) if flat is not polygons else len(flat) % 2
    if odd or not {*map(type, flat)} <= {int, float}:
        return None
    left, top, right, bottom = (
        float(pick(flat[axis::2])) for pick in (min, max) for axis in (0, 1)
    )
    box = [left, top, right - left, bottom - top]
    return box if all(map(math.isfinite, box)) else None


def _around_runs(mask: dict[str, Any]) -> Box | None:
    (height, width), given = map(int, mask["size"]), mask["counts"]
    counts = [*_numbers(given)] if isinstance(given, str) else given
    if not 0 < height <= LARGEST or not 0 < width <= LARGEST or min(counts) < 0:
        return None
    ends = np.array(counts, np.int64).cumsum()
    if len(ends) and (ends[-1] > height * width or ends.min() < 0):
        return None
    first, last = ends[0 : len(ends) - 1 : 2], ends[1::2] - 1  # pixels of each run inside
    first, last = first[last >= first], last[last >= first]
    if not len(first):
        return None
    left, right = first // height, last // height
    whole = right > left  # it continues in the next column, so it reaches from top to bottom
    top = np.where(whole, 0, first % height).min()
    bottom = np.where(whole, height - 1, last % height).max()
    x, y = int(left.min()), int(top)
    return [float(x), float(y), float(right.max() - x + 1), float(bottom - y + 1)]


def _numbers(text: str) -> Iterator[int]:
    """The lengths in COCO's text; from the fourth on, it has differences to the one before last.

    Raises:
        ValueError: it ends within a number.
    """
    found: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - ZERO
        value |= (code & (MORE - 1)) << shift
        shift += BITS
        if code & MORE and shift < LONGEST:
            continue
        if not 0 <= code < MORE:
            raise ValueError("a number without an end, or a wrong character")
        if code & SIGN:
            value -= 1 << shift
        if len(found) > 2:
            value += found[-2]
        found.append(value)
        yield value
        value = shift = 0
    if shift:
        raise ValueError("it ends within a number")
