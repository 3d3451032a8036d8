"""The command line of python -m tasks.export: a checkpoint and options KEY=VALUE."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.export.formats import FORMATS, Format

KEYS = {
    "format": f"one of {', '.join(FORMATS)}",
    "batch": "images per call: dynamic, or a number",
    "photos": "the photographs of the check: a folder, a file, or a pattern in quotes",
    "output": "the folder to write",
}
LARGEST_BATCH = 1024


@dataclass(frozen=True)
class Options:
    """What a command line asks for.

    Args:
        checkpoint: of a run.
        form: the format.
        batch: images per call; None: any number.
        photos: for the check; None: the checkpoint's validation images.
        output: the folder to write.
    """

    checkpoint: Path
    form: Format
    batch: int | None
    photos: Path | None
    output: Path


def parse_options(checkpoint: Path, given: Sequence[str]) -> Options:
    """The options of a command line.

    Args:
        given: texts KEY=VALUE.

    Raises:
        InputError: an unknown key, one that is given twice, or a value out of range.
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
    name = values.get("format", "onnx")
    if name not in FORMATS:
        raise InputError(f"format={name}: give {KEYS['format']}")
    form = FORMATS[name]
    photos, output = values.get("photos"), values.get("output")
    return Options(
        checkpoint=checkpoint,
        form=form,
        batch=_batch(values["batch"], form) if "batch" in values else form.batch,
        photos=None if photos is None else Path(photos),
        output=checkpoint.parent / name if output is None else Path(output),
    )


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
