"""Groups of faces: by race, gender or age, if a data set has them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

AGE_BANDS = (20, 40, 60)  # years at which a band begins


@dataclass(frozen=True, eq=False)
class Groups:
    """One way to divide N faces."""

    kind: str
    """Such as `race`."""
    names: tuple[str, ...]
    """Of the G groups."""
    of: np.ndarray
    """int[N], the group of each face, 0..G-1; -1 where it is unknown."""

    def take(self, images: np.ndarray) -> Groups:
        """The groups of these faces (0..N-1), in this order."""
        return replace(self, of=self.of[images])


def age_bands(years: np.ndarray) -> Groups:
    """Faces by age, int[N] in years; -1 is unknown."""
    ends = [f"{year - 1}" for year in AGE_BANDS]
    starts = ["0", *map(str, AGE_BANDS)]
    names = [f"{a} to {b}" for a, b in zip(starts, ends, strict=False)]
    of = np.where(years < 0, -1, np.searchsorted(AGE_BANDS, years, side="right"))
    return Groups("age", (*names, f"{AGE_BANDS[-1]} and over"), of)
