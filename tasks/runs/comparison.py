"""Two runs' scores on the same images, compared resample by resample."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError
from tasks.runs.bootstrap import interval
from tasks.runs.options import recorded_options, varying
from tasks.runs.report import OF_0_1_0, aligned, format_number, format_score
from tasks.runs.resamples import FILE, Drawn, read_resamples
from tasks.runs.result import read_result
from tasks.runs.sweeps import read_found

RESULT = "result.json"


@dataclass(frozen=True)
class Scored:
    """A finished run: its folder, its result, and its scores on the resamples."""

    path: Path
    result: dict[str, Any]
    drawn: list[Drawn]


@dataclass(frozen=True)
class Difference:
    """One score of two runs A and B.

    Args:
        name, unit: of the score; a share has no unit.
        first, second: A's and B's score.
        ends: the 95% interval of B's minus A's; None if it is undefined.
        better: "A" or "B" if the interval excludes 0, else None.
        about: the units that were drawn, such as "5000 images".
    """

    name: str
    unit: str | None
    first: float
    second: float
    ends: tuple[float, float] | None
    better: str | None
    about: str

    @property
    def change(self) -> float:
        """B's score minus A's."""
        return self.second - self.first

    @property
    def verdict(self) -> str:
        """The result in plain words."""
        if self.better is None:
            return "no difference" if self.ends or not self.change else "undefined"
        return f"{self.better} is better by {format_number(abs(self.change), self.unit)}"


def read_scored(path: Path) -> Scored:
    """The finished run in a folder, given as the folder or as its result.json.

    Raises:
        InputError: there is no finished run, it is damaged, or it has no resamples.
    """
    folder = path.parent if path.name == RESULT else path
    result = read_result(folder / RESULT)
    if result is None:
        found = read_found(folder)
        if found is not None:
            raise InputError(
                f"{folder} holds no {RESULT}: the run there has not finished, it is "
                f"{found.state}; the run's command continues it"
            )
        raise InputError(
            f"{folder} holds no {RESULT}: name the directory of a finished run, which is printed "
            "at the end of the run"
        )
    return Scored(folder, result, read_resamples(folder / FILE))


def compare_scores(first: Scored, second: Scored) -> list[Difference]:
    """The difference of each score that both runs have on the same units.

    Returns:
        In the order of A's report.

    Raises:
        InputError: the runs were not scored on the same images; the message says how they differ.
    """
    found, reasons = [], []
    units = second.result.get("units", OF_0_1_0)
    falling = {*first.result.get("lower_is_better", ()), *second.result.get("lower_is_better", ())}
    for one in first.drawn:
        for other in second.drawn:
            names = [name for name in one.scores if name in other.scores]
            if not names:
                continue
            reason = _reason(one, other)
            if reason:
                reasons.append(reason)
                continue
            for name in names:
                a, b = (of.scores[name].astype(np.float64) for of in (one, other))
                unit, about = units.get(name), f"{one.number} {one.about}"
                found.append(_difference(name, unit, about, a, b, name in falling))
    if found:
        listed = [*first.result.get("metrics", ())]  # those that it does not list come first
        return sorted(found, key=lambda d: listed.index(d.name) if d.name in listed else -1)
    refused = f"{first.path} and {second.path} cannot be compared"
    if not reasons:
        raise InputError(
            f"{refused}: they have no score in common: A is of task={first.result.get('task')}, B "
            f"of task={second.result.get('task')}"
        )
    raise InputError(
        f"{refused}: {'; '.join(dict.fromkeys(reasons))}. A paired comparison needs both scored on "
        "the same test set: score one of them on the other's with mode=evaluate"
    )


def _reason(one: Drawn, other: Drawn) -> str:
    """Why two scores are not from the same test set; empty if they are."""
    if one.about != other.about:
        return f"A was scored on {one.about}, B on {other.about}"
    if one.number != other.number:
        return f"A was scored on {one.number:,} {one.about}, B on {other.number:,}"
    if one.units != other.units:
        return f"both were scored on {one.number:,} {one.about}, but not on the same ones"
    if one.truth != other.truth:
        return f"the same {one.number:,} {one.about} had other labels"
    lengths = {len(values) for of in (one, other) for values in of.scores.values()}
    return "" if len(lengths) == 1 else "they have different numbers of resamples"


def _difference(
    name: str, unit: str | None, about: str, a: np.ndarray, b: np.ndarray, falls: bool
) -> Difference:
    ends = interval(b - a, difference=True)
    better = None
    if ends is not None and not ends[0] <= 0 <= ends[1]:
        better = "B" if (ends[0] > 0) != falls else "A"
    return Difference(name, unit, float(a[0]), float(b[0]), ends, better, about)


def comparison_text(first: Scored, second: Scored, differences: Sequence[Difference]) -> str:
    """The comparison as text for people."""
    rows: list[tuple[str, ...]] = [("", "A", "B", "B - A", "95% interval", "")]
    for of in differences:
        if np.isnan(of.first) or np.isnan(of.second):
            continue
        scores = (format_score(score, of.unit) for score in (of.first, of.second))
        rows.append((of.name, *scores, *_change(of), of.verdict))
    lines = [f"A: {first.path}", f"B: {second.path}"]
    for run, letter in ((first, "A"), (second, "B")):
        lines += [f"   {letter} has {text}" for text in _own_options(run, first, second)]
    about = " and ".join(dict.fromkeys(of.about for of in differences))
    return "\n".join(
        [
            *lines,
            "",
            *aligned(rows, "<>>>><"),
            "",
            f"paired bootstrap over {about}: covers other images, but not other seeds",
        ]
    )


def difference_text(of: Difference, first: str) -> str:
    """A score and how far it is from the one of `first`, in one line."""
    score, other = (format_score(value, of.unit) for value in (of.second, of.first))
    change, between = _change(of)
    ends = f", 95% interval {between}" if between else ""
    return f"{of.name} {score}, {first} {other}: {change}{ends}"


def _change(of: Difference) -> tuple[str, str]:
    """A difference and its interval, in words; the interval is empty where there is none."""
    if not of.ends:
        return _signed(of.change, of.unit), ""
    low, high = (_signed(end, of.unit) for end in of.ends)
    suffix = f" {of.unit}" if of.unit else ""
    return _signed(of.change, of.unit), f"{low.removesuffix(suffix)} to {high}"


def _own_options(of: Scored, first: Scored, second: Scored) -> list[str]:
    """The options in which a run differs from the other, in one line; none if unknown."""
    one, other = (recorded_options(run.path) for run in (first, second))
    if one is None or other is None:
        return []
    keys = varying([one, other])
    own = one if of is first else other
    shown = " ".join(f"{key}={own[key]}" for key in keys[:6] if key in own)
    more = f" and {len(keys) - 6} more" if len(keys) > 6 else ""
    return [shown + more] if shown else []


def _signed(value: float, unit: str | None = None) -> str:
    return format_number(value, unit, "+")
