"""The command line of python -m tasks.bench for exported files. Nothing here imports torch."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.cli.arguments import add_trust
from tasks.export.formats import FORMATS, READERS

TORCH = "torch"
RUNTIMES = (TORCH, *FORMATS, *READERS)
KEYS = ("runtimes", "rounds", "score", "data.root", "output")
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
        root: folder where the data of the runs lie now; None: where they lay then.
        trust: modules of the user's own that may be imported.
    """

    checkpoints: tuple[Path, ...]
    runtimes: tuple[str, ...] | None
    rounds: int
    score: bool
    output: Path
    root: Path | None = None
    trust: tuple[str, ...] = ()


def names_checkpoints(arguments: Sequence[str]) -> bool:
    """Whether a command line of tasks.bench is about checkpoints, and not about a task."""
    return any("=" not in text and text.endswith(".ckpt") for text in arguments)


def parse_runtime_options(given: Sequence[str]) -> RuntimeOptions:
    """The options of a command line: checkpoints, texts KEY=VALUE, and --trust MODULE.

    Raises:
        InputError: no such checkpoint, an unknown option, one that is given twice, or a value out
            of range.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_trust(parser)
    flags, given = parser.parse_known_args(given)
    files = [t for t in given if not t.startswith("-") and ("=" not in t or os.path.isfile(t))]
    checkpoints = [Path(text) for text in files]
    values: dict[str, str] = {}
    for text in given:
        if text in files:
            continue
        key, _, value = text.partition("=")
        if key not in KEYS or not value:
            raise InputError(
                f"{text!r}: with a checkpoint the options are {', '.join(KEYS)} and --trust MODULE"
            )
        if key in values:
            raise InputError(f"{key}= is given twice: leave one out")
        values[key] = value
    for path in checkpoints:
        if not os.path.isfile(path):  # not is_file, which raises for a name that no file can have
            raise InputError(f"{path}: no such checkpoint")
    return RuntimeOptions(
        checkpoints=tuple(checkpoints),
        runtimes=_runtimes(values.get("runtimes")),
        rounds=_rounds(values.get("rounds", "10")),
        score=_switch(values.get("score", "true")),
        output=Path(values.get("output", checkpoints[0].parent / "bench")),
        root=Path(values["data.root"]) if "data.root" in values else None,
        trust=tuple(flags.trust),
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
