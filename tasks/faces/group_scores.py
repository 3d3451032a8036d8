"""Scores of face attributes by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from backbone.errors import number_of
from tasks.faces.attribute_metrics import AttributeScore, mean, score
from tasks.faces.groups import Groups

FEW = 20  # faces; scores of smaller groups mean little, and they are never called the worst


def by_group(
    groups: Groups, names: Sequence[str], labels: np.ndarray, probabilities: np.ndarray
) -> list[dict[str, Any]]:
    """The scores of each group that has faces, as plain values.

    Mean AP is taken over the attributes that every group has faces with and without, so that groups
    can be compared; groups of fewer than FEW faces do not decide which these are. It also depends
    on how frequent an attribute is in a group. Accuracy is over all attributes.

    Args:
        groups: of n faces.
        names: of the A attributes.
        labels: int8[n, A]: 1, 0, or -1 for unknown.
        probabilities: float32[n, A].

    Returns:
        For each group its `name`, `faces`, `mean_ap` over so many `attributes`, and `accuracy`; an
        undefined score is None.
    """
    found: dict[str, list[AttributeScore]] = {}
    faces: dict[str, int] = {}
    for number, group in enumerate(groups.names):
        rows = np.flatnonzero(groups.of == number)
        if len(rows):
            columns = zip(names, labels[rows].T, probabilities[rows].T, strict=True)
            found[group] = [score(name, true, given, False) for name, true, given in columns]
            faces[group] = len(rows)
    ranked = {group: {s.name for s in scores if s.ap == s.ap} for group, scores in found.items()}
    large = [ranked[group] for group in found if faces[group] >= FEW]
    common = set.intersection(*large) if large else set()
    return [
        {
            "name": group,
            "faces": faces[group],
            "attributes": len(common),
            "mean_ap": _mean([s.ap for s in scores if s.name in common])
            if common <= ranked[group]
            else None,
            "accuracy": _mean([s.accuracy for s in scores]),
        }
        for group, scores in found.items()
    ]


def in_words(kind: str, rows: Sequence[dict[str, Any]]) -> str | None:
    """The worst and the best group, in a line; None with fewer than two large groups."""
    large = [row for row in rows if row["faces"] >= FEW]
    name = "mean_ap" if all(row["mean_ap"] is not None for row in large) else "accuracy"
    large = [row for row in large if row[name] is not None]
    if len(large) < 2:
        return None
    worst, best = (pick(large, key=lambda row: row[name]) for pick in (min, max))
    title = "accuracy"
    if name == "mean_ap":
        title = f"mean AP of {number_of(worst['attributes'], 'attribute')}"
    few = [f"{row['name']} ({row['faces']})" for row in rows if row["faces"] < FEW]
    line = (
        f"by {kind}: {title} {100 * worst[name]:.1f} for the worst group, {worst['name']} "
        f"({worst['faces']:,} faces), {100 * best[name]:.1f} for {best['name']} ({best['faces']:,})"
    )
    return f"{line}; too few to compare: {', '.join(few)}" if few else line


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if value == value]
    return round(mean(known), 4) if known else None
