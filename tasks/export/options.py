"""The command line of python -m tasks.export: a checkpoint and options KEY=VALUE."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.export.formats import FORMATS, Format

KEYS = {
    "format": f"one of {', '.join(FORMATS)}",
    "batch": "images per call: dynamic, or a number",
    "photos": "the photographs of the check: a folder, a file, or a pattern in quotes",
    "output": "the folder to write",
    "int8": "8-bit integers: a folder of photographs, or a pattern in quotes, to measure ranges on",
    "tolerance": "points of its score that a file of integers may lose: 0 to 100",
    "reduce_range": "7-bit weights: true for CPUs without VNNI, false, or auto for this machine's",
    "data.root": "where the data of the checkpoint's run lie now, if they have moved",
}
LARGEST_BATCH = 1024
TOLERANCE = 1.0  # points
CHOICES = {"true": True, "false": False, "auto": None}


@dataclass(frozen=True)
class Options:
    """What a command line asks for.

    Args:
        checkpoint: of a run.
        form: the format.
        batch: images per call; None: any number.
        photos: for the check; None: the checkpoint's validation images.
        output: the folder to write.
        int8: photographs to measure the ranges of integers on; None: the file is in float, unless
            the checkpoint was trained for integers.
        tolerance: points of its score that a file of integers may lose; None: the default.
        reduce_range: whether the weights have 7 bits; None: if this machine's CPU needs it.
        root: folder where the data of the run lie now; None: where they lay then.
    """

    checkpoint: Path
    form: Format
    batch: int | None
    photos: Path | None
    output: Path
    int8: Path | None = None
    tolerance: float | None = None
    reduce_range: bool | None = None
    root: Path | None = None


def parse_options(checkpoint: Path, given: Sequence[str]) -> Options:
    """The options of a command line.

    Args:
        given: texts KEY=VALUE.

    Raises:
        InputError: an unknown key, one that is given twice or has no use beside the others, or a
            value out of range.
    """
    values: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise InputError(f"{text!r}: options are given as KEY=VALUE: {_listed()}")
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, 1)
            meant = f"; did you mean {close[0]}=?" if close else f": {_listed()}"
            raise InputError(f"{key}= is no option of this command{meant}")
        if key in values:
            raise InputError(f"{key}= is given twice: leave one out")
        values[key] = value
    _refuse_useless(values)
    name = values.get("format", "onnx")
    if name not in FORMATS:
        raise InputError(f"format={name}: give {KEYS['format']}")
    form = FORMATS[name]
    photos, output, int8, root = (
        Path(values[key]) if key in values else None
        for key in ("photos", "output", "int8", "data.root")
    )
    reduce_range = values.get("reduce_range", "auto")
    if reduce_range not in CHOICES:
        raise InputError(f"reduce_range={reduce_range}: give true, false or auto")
    return Options(
        checkpoint=checkpoint,
        form=form,
        batch=_batch(values["batch"], form) if "batch" in values else form.batch,
        photos=photos,
        output=output or checkpoint.parent / (name if int8 is None else f"{name}-int8"),
        int8=int8,
        tolerance=_tolerance(values["tolerance"]) if "tolerance" in values else None,
        reduce_range=CHOICES[reduce_range],
        root=root,
    )


def _refuse_useless(values: Mapping[str, str]) -> None:
    if "int8" in values and "photos" in values:
        raise InputError(
            "photos= has no use beside int8=: a file of integers is scored on the labelled data of "
            "the run; leave photos= out"
        )
    if "photos" in values and "data.root" in values:
        raise InputError("photos= takes the place of the run's data: leave data.root= out")


def _tolerance(value: str) -> float:
    try:
        points = float(value)
    except ValueError:
        points = -1.0
    if not 0 <= points <= 100:
        raise InputError(f"tolerance={value}: give points of the score, from 0 to 100")
    return points


def _batch(value: str, form: Format) -> int | None:
    if value == "dynamic":
        if form.batch is not None:
            raise InputError(
                f"batch=dynamic: a file of format={form.name} takes a fixed number of images; give "
                f"batch=1 up to batch={LARGEST_BATCH}"
            )
        return None
    if value.isascii() and value.isdecimal() and 1 <= int(value) <= LARGEST_BATCH:
        return int(value)
    raise InputError(f"batch={value}: give dynamic, or a number from 1 to {LARGEST_BATCH}")


def _listed() -> str:
    return ", ".join(f"{key}=" for key in KEYS)
