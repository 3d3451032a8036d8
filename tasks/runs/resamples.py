"""resamples.npz: a run's scores on the resamples of its test set, for intervals and comparisons.

All runs draw the same resamples. So two runs on the same images can be compared resample by
resample, without their answers. The file holds one float32 per score and resample: 4 KB per score
for 1,000 resamples, 48 KB for a detector's twelve scores, whatever the size of the test set.
"""

import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError
from backbone.files import write_atomically
from backbone.npz import NPZ_ERRORS, read_npz
from tasks.runs.bootstrap import LEVEL, SEED, Resampling, digest, interval

FILE = "resamples.npz"
FORMAT = 1


@dataclass(frozen=True)
class Drawn:
    """Scores on the resamples of one set of units.

    Args:
        about: what was drawn, such as "images".
        number: how many units there are.
        units, truth: digests of the units' identities, and of what they were compared with.
        scores: name -> float32[1 + B]: of the test set itself, then of the resamples; NaN if
            undefined.
    """

    about: str
    number: int
    units: str
    truth: str
    scores: dict[str, np.ndarray]


def draw_all(
    resamplings: Sequence[Resampling], images: Sequence[str | os.PathLike[str]]
) -> list[Drawn]:
    """The scores of all resamplings.

    Args:
        images: the files of the whole split, which tell it from the images of another run.
    """
    names = digest([np.frombuffer(os.fsencode("\n".join(_relative(images))), np.uint8)])
    return [
        Drawn(
            r.about,
            len(r),
            f"{names}-{digest([r.units])}",
            digest(r.truth),
            {name: values.astype(np.float32) for name, values in r.draw().items()},
        )
        for r in resamplings
        if len(r)
    ]


def intervals(drawn: Sequence[Drawn]) -> dict[str, list[float]]:
    """The interval of each score, for result.json; scores without an interval are left out."""
    found = {n: interval(values) for part in drawn for n, values in part.scores.items()}
    return {name: list(ends) for name, ends in found.items() if ends is not None}


def bootstrap_facts(drawn: Sequence[Drawn]) -> dict[str, Any]:
    """How the intervals were computed, for result.json."""
    return {
        "level": LEVEL,
        "seed": SEED,
        "units": {name: f"{d.number} {d.about}" for d in drawn for name in d.scores},
        "resamples": {name: len(values) - 1 for d in drawn for name, values in d.scores.items()},
    }


def write_resamples(path: Path, drawn: Sequence[Drawn]) -> None:
    """Write the file."""
    facts = [asdict(d) | {"scores": list(d.scores)} for d in drawn]
    about = {"format": FORMAT, "seed": SEED, "parts": facts}
    arrays: dict[str, Any] = {
        f"{k}/{n}": v for k, d in enumerate(drawn) for n, v in d.scores.items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, about=np.array(json.dumps(about)), **arrays)
    with write_atomically(path) as partial:
        partial.write_bytes(content.getvalue())


def read_resamples(path: Path) -> list[Drawn]:
    """Read the file that `write_resamples` wrote.

    Raises:
        InputError: the file is missing or damaged, or its resamples are not those of this version.
    """
    if not path.is_file():
        raise InputError(
            f"{path} is missing: an earlier version scored the run, or the file was removed. "
            f"Move {path.parent / 'result.json'} away, and the run's command scores its best.ckpt "
            "again"
        )
    try:
        arrays = read_npz(path)
        about = json.loads(str(arrays["about"]))
        known = about["format"] == FORMAT and about["seed"] == SEED
        parts = [
            Drawn(**part | {"scores": {n: arrays[f"{k}/{n}"] for n in part["scores"]}})
            for k, part in enumerate(about["parts"] if known else [])
        ]
        for part in parts:
            _check(part)
    except (*NPZ_ERRORS, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({' '.join(str(error).split())[:200]}): move it and result.json "
            "away, and the run's command scores its best.ckpt again"
        ) from error
    if not known:
        raise InputError(
            f"{path} was written by another version: score the run again with this one"
        )
    return parts


def _check(part: Drawn) -> None:
    """Raise ValueError unless the fields of a part of a file are what they should be."""
    texts = all(isinstance(text, str) for text in (part.about, part.units, part.truth))
    if not texts or type(part.number) is not int:
        raise ValueError("it does not say what was drawn")
    for name, values in part.scores.items():
        if values.ndim != 1 or not values.size or values.dtype.kind != "f":
            raise ValueError(f"{name} is not a list of numbers")


def _relative(files: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Paths without the folders that they all share."""
    paths = [os.fspath(file) for file in files]
    folder = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else ""
    return [os.path.relpath(path, folder) if folder else path for path in paths]
