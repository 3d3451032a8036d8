"""The command line's flags, and the overrides beside them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from backbone.errors import InputError

PROGRAM = "python -m tasks.run"


class Parser(argparse.ArgumentParser):
    """An argument parser that reports mistakes as InputErrors."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError with the message and the available flags."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        raise InputError(
            f"{message}; the flags are {', '.join(flags)}, and options are written KEY=VALUE, "
            "without dashes"
        )


class Flags(argparse.Namespace):
    """The content of a command line.

    Attributes:
        overrides: KEY=VALUE and GROUP=NAME, including those for Hydra itself.
        help: print an explanation and exit.
        cfg: print the configuration and exit: job | hydra | all, or None.
        resolve: print it with interpolations replaced by their values.
        package: print only this node of it.
        multirun: run every combination of values that are separated by commas.
        config_dir: a folder with further configuration files.
    """

    overrides: list[str]
    help: bool
    cfg: str | None
    resolve: bool
    package: str | None
    multirun: bool
    config_dir: str | None


def flag_parser() -> Parser:
    """The parser of every command that runs a configuration."""
    made = Parser(PROGRAM, add_help=False, allow_abbrev=False)
    made.add_argument("overrides", nargs="*", help="KEY=VALUE for options, GROUP=NAME for choices")
    made.add_argument("--help", "-h", action="store_true", help="print this explanation and exit")
    made.add_argument(
        "--cfg", "-c", choices=["job", "hydra", "all"], help="print the configuration and exit"
    )
    made.add_argument("--resolve", action="store_true", help="with --cfg: replace interpolations")
    made.add_argument("--package", "-p", help="with --cfg: print only this node, such as data")
    made.add_argument(
        "--multirun", "-m", action="store_true",
        help="run every combination of values separated by commas: seed=0,1,2",
    )  # fmt: skip
    made.add_argument(
        "--config-dir",
        "-cd",
        help="a folder with your own configuration files, in addition to conf/",
    )
    return made


def parse_flags(arguments: Sequence[str]) -> Flags:
    """Parse a command line; `--config-dir` is turned into a search path of Hydra.

    Raises:
        InputError: an unknown flag, or a flag without its value.
    """
    flags = flag_parser().parse_intermixed_args(list(arguments), Flags())
    if (flags.resolve or flags.package) and not flags.cfg:
        raise InputError("--resolve and --package change what --cfg prints: add --cfg job")
    if flags.config_dir is not None:
        folder = Path(flags.config_dir).absolute()
        flags.overrides = [*flags.overrides, f"hydra.searchpath=['file://{folder}']"]
    return flags
