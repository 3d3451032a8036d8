"""The command line's flags, and the overrides beside them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from backbone.errors import InputError

PROGRAM = "python -m tasks.run"


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are a user's, like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError with the message and the flags that there are."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        raise InputError(f"{message}; the flags are {', '.join(flags)}, all else is KEY=VALUE")


class Flags(argparse.Namespace):
    """What a command line says.

    Attributes:
        overrides: KEY=VALUE and the like, those of Hydra's own included.
        help: explain and leave.
        cfg: print the configuration and leave: job | hydra | all, or None.
        resolve: with interpolations replaced by their values.
        package: this node of it alone.
        multirun: every combination of values separated by commas is a run.
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
    made.add_argument("--help", "-h", action="store_true", help="explain, and leave")
    made.add_argument(
        "--cfg", "-c", choices=["job", "hydra", "all"], help="print the configuration, and leave"
    )
    made.add_argument("--resolve", action="store_true", help="of --cfg: interpolations replaced")
    made.add_argument("--package", "-p", help="of --cfg: this node alone, such as data")
    made.add_argument(
        "--multirun", "-m", action="store_true",
        help="a run for every combination of values with commas: seed=0,1,2",
    )  # fmt: skip
    made.add_argument(
        "--config-dir", "-cd", help="a folder with configuration files of your own, beside conf/"
    )
    return made


def parse_flags(arguments: Sequence[str]) -> Flags:
    """A command line taken apart; `--config-dir` becomes a search path of Hydra's.

    Raises:
        InputError: an unknown flag, or a flag without its value.
    """
    flags = flag_parser().parse_intermixed_args(list(arguments), Flags())
    if (flags.resolve or flags.package) and not flags.cfg:
        raise InputError("--resolve and --package say how --cfg prints: add --cfg job")
    if flags.config_dir is not None:
        folder = Path(flags.config_dir).absolute()
        flags.overrides = [*flags.overrides, f"hydra.searchpath=['file://{folder}']"]
    return flags
