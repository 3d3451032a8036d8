"""A set of images with attributes, as flat arrays that data loaders share."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_index import ImageIndex
from tasks.faces.groups import Groups


@dataclass(frozen=True, eq=False)
class AttributeIndex(ImageIndex):
    """N images, each of which has each of A attributes, lacks it, or is unknown.

    `classes` are the (id, name) of the attributes.
    """

    labels: np.ndarray
    """int8[N, A]: 1, 0, or -1 for unknown."""
    groups: tuple[Groups, ...] = ()
    """The groups of the faces that are scored separately, if the data set has them."""

    def take(self, images: np.ndarray) -> Self:
        """The images of these rows (0..N-1), in this order."""
        groups = tuple(one.take(images) for one in self.groups)
        return replace(super().take(images), groups=groups)

    @property
    def counts(self) -> np.ndarray:
        """int64[A], images that have each attribute."""
        return (self.labels == 1).sum(0)

    @property
    def known(self) -> np.ndarray:
        """int64[A], images whose label for each attribute is known."""
        return (self.labels >= 0).sum(0)

    @property
    def unlabelled(self) -> int:
        """Number of images without any known label."""
        return int((self.labels < 0).all(1).sum())

    @property
    def constant(self) -> list[str]:
        """Names of the attributes that all images have or all lack: they cannot rank images."""
        counts, known = self.counts, self.known
        return [self.classes[k][1] for k in np.flatnonzero((counts == 0) | (counts == known))]

    def first(self, count: int) -> Self:
        """`count` images among which each attribute is present and absent, in the order of the set.

        They are taken in turn: the first image that has and the first that lacks each attribute,
        beginning with the rarest case, then the second of each. Images without labels come last.
        """
        cases = np.concatenate([self.labels == 1, self.labels == 0], axis=1)  # bool[N, 2A]
        turn = (cases.cumsum(0, dtype=np.int64) - 1) * cases.shape[1]
        turn += cases.sum(0).argsort(kind="stable").argsort(kind="stable")
        turn[~cases] = np.iinfo(np.int64).max
        return self.take(np.sort(turn.min(1).argsort(kind="stable")[:count]))

    def __str__(self) -> str:
        counts, known = self.counts, self.known
        parts = [f"{number_of(len(self), 'image')}, {number_of(len(counts), 'attribute')}"]
        if known.any():
            share = np.where(known > 0, counts / known.clip(min=1), np.nan)
            least, most = np.nanargmin(share), np.nanargmax(share)
            parts.append(
                f"true of {share[least]:.1%} ({self.classes[least][1]}) to {share[most]:.1%} "
                f"({self.classes[most][1]})"
            )
        unknown = 1 - known.sum() / max(self.labels.size, 1)
        parts.append(f"{unknown:.1%} unknown" if unknown else "all known")
        if self.unlabelled:
            parts.append(f"{number_of(self.unlabelled, 'image')} without any label")
        return ", ".join(parts)


def named(ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(id, name) of attributes; the name of 'Pale_Skin' is 'Pale Skin'."""
    return tuple((name, name.replace("_", " ")) for name in ids)


def choose(ids: Sequence[str], wanted: Sequence[str] | None, where: object) -> list[int]:
    """The positions of the attributes that `data.attributes` names.

    Args:
        ids: of all attributes.
        wanted: ids, in the order to return; None: all.
        where: the file or data set with these attributes, for messages.

    Raises:
        InputError: no attribute is named, one is named twice, or one is unknown; the message gives
            the nearest names.
    """
    if wanted is None:
        return list(range(len(ids)))
    wanted = [str(name) for name in wanted]
    if not wanted:
        raise InputError("data.attributes=[]: name at least one attribute, or null for all")
    double = sorted({name for name in wanted if wanted.count(name) > 1})
    if double:
        raise InputError(f"data.attributes names more than once: {listed_briefly(double)}")
    lower = {name.lower(): name for name in ids}
    for name in wanted:
        if name not in ids:
            close = difflib.get_close_matches(name.lower().replace(" ", "_"), lower, 3, 0.6)
            near = f"did you mean {' or '.join(lower[c] for c in close)}?" if close else ""
            raise InputError(
                f"data.attributes: {where} has no attribute '{name}'; "
                f"{near or f'it has {listed_briefly(ids)}'}"
            )
    return [ids.index(name) for name in wanted]
