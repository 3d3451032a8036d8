"""Two sets of annotated images: whether they fit together, what both have, and both as one."""

import os
from dataclasses import replace
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.index import PER_BOX, PER_IMAGE, CocoIndex, decoded


def check_same_categories(first: CocoIndex, second: CocoIndex) -> None:
    """Check that two data sets have the same categories for the same network outputs.

    Otherwise a network trained on one would be scored on the other with its categories mixed up.

    Raises:
        InputError: the categories differ.
    """
    same_outputs = np.array_equal(first.output_categories, second.output_categories)
    if first.names != second.names or not same_outputs:
        differing = sorted(first.names.items() ^ second.names.items())
        raise InputError(
            f"the annotations of {first.folders[0]} and {second.folders[0]} do not list the same "
            f"categories ({listed_briefly(differing) or 'the same ones in another order'}); give "
            "both files the same list"
        )


def shared_files(first: CocoIndex, second: CocoIndex) -> list[str]:
    """The image files that both data sets have, sorted."""
    if not {*first.folders} & {*second.folders}:
        return []

    def files(index: CocoIndex) -> set[tuple[str, bytes]]:
        names = index.file_names.tolist()
        return {(index.folders[k], name) for k, name in zip(index.folder, names, strict=True)}

    return sorted(os.path.join(one, decoded(name)) for one, name in files(first) & files(second))


def concatenate(first: CocoIndex, second: CocoIndex) -> CocoIndex:
    """The images of two data sets as one.

    Raises:
        InputError: the categories differ, or an image id is in both.
    """
    check_same_categories(first, second)
    shared = np.intersect1d(first.image_ids, second.image_ids)
    if len(shared):
        raise InputError(
            f"image ids in both {first.folders[0]} and {second.folders[0]}: "
            f"{listed_briefly(shared)}; remove each image from one of the sets"
        )
    moved = replace(second, folder=second.folder + len(first.folders))
    joined: dict[str, Any] = {
        key: np.concatenate([getattr(first, key), getattr(moved, key)])
        for key in (*PER_IMAGE, *PER_BOX)
    }
    offsets = np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]])
    return replace(
        first,
        folders=first.folders + second.folders,
        offsets=offsets,
        remarks=first.remarks + second.remarks,
        **joined,
    )
