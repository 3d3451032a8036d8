"""The command line of python -m tasks.bench for exported files. Nothing here imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.export.formats import FORMATS, READERS

TORCH = "torch"
RUNTIMES = (TORCH, *FORMATS, *READERS)
KEYS = ("runtimes", "rounds", "score", "output")
MOST_ROUNDS = 1000


@dataclass(frozen=True)
class RuntimeOptions:
    """What a command line asks for.

    Args:
        checkpoints: of runs.
        runtimes: the ones that are timed; None: all that can be.
        rounds: timed calls of each contender.
        score: whether each is scored on the data of its run.
        output: the folder to write.
    """

    checkpoints: tuple[Path, ...]
    runtimes: tuple[str, ...] | None
    rounds: int
    score: bool
    output: Path


def names_checkpoints(arguments: Sequence[str]) -> bool:
    """Whether a command line of tasks.bench is about checkpoints, and not about a task."""
    return any("=" not in text and text.endswith(".ckpt") for text in arguments)


def parse_runtime_options(given: Sequence[str]) -> RuntimeOptions:
    """The options of a command line: checkpoints, and texts KEY=VALUE.

    Raises:
        InputError: no such checkpoint, an unknown option, or a value out of range.
    """
    checkpoints = [Path(text) for text in given if "=" not in text or Path(text).is_file()]
    values: dict[str, str] = {}
    for text in given:
        if Path(text) in checkpoints:
            continue
        key, _, value = text.partition("=")
        if key not in KEYS or not value:
            raise InputError(f"{text!r}: with a checkpoint the options are {', '.join(KEYS)}")
        values[key] = value
    for path in checkpoints:
        if not path.is_file():
            raise InputError(f"{path}: no such checkpoint")
    return RuntimeOptions(
        checkpoints=tuple(checkpoints),
        runtimes=_runtimes(values.get("runtimes")),
        rounds=_rounds(values.get("rounds", "10")),
        score=_switch(values.get("score", "true")),
        output=Path(values.get("output", checkpoints[0].parent / "bench")),
    )


def _runtimes(value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(value.split(","))
    for name in names:
        if name not in RUNTIMES:
            raise InputError(f"runtimes={value}: {name!r} is none of {', '.join(RUNTIMES)}")
    return names


def _rounds(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= MOST_ROUNDS):
        raise InputError(f"rounds={value}: give a number from 1 to {MOST_ROUNDS}")
    return int(value)


def _switch(value: str) -> bool:
    if value not in ("true", "false"):
        raise InputError(f"score={value}: give true or false")
    return value == "true"
