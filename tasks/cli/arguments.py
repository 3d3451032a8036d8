"""What the commands share that take arguments rather than a configuration."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backbone.errors import InputError, about_a_path, number_of, visible
from tasks.cli.ending import ends_in_order
from tasks.cli.streams import print_any_text


class Help(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description, and names the default of an option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default in (None, False, [], argparse.SUPPRESS)
        if silent or not action.option_strings or "default" in (action.help or ""):
            return action.help
        return f"{action.help}; default: %(default)s"


class CommandParser(argparse.ArgumentParser):
    """Takes options before, between and after the other arguments."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See argparse, whose own method ends a list of arguments at the first option.

        That method is used if there is a `--`, which the other one does not understand.
        """
        given = sys.argv[1:] if args is None else [*args]
        if "--" in given:
            return super().parse_args(given, namespace)
        return self.parse_intermixed_args(given, namespace)


def command_parser(
    module: str, description: str | None, epilog: str | None = None
) -> argparse.ArgumentParser:
    """A parser for `python -m MODULE`, with its help as `Help` writes it."""
    return CommandParser(
        prog=f"python -m {module}",
        description=description,
        epilog=epilog,
        formatter_class=Help,
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add `--trust MODULE`, which may be given several times.

    With it a user allows a checkpoint to import modules that do not belong to the suite.
    """
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="your own module that defines the checkpoint's task; it is imported",
    )


def show_progress(done: int, count: int, noun: str) -> None:
    """On a terminal, write how much is done over what was written before; elsewhere nothing."""
    if sys.stderr is not None and sys.stderr.isatty():
        end = "\n" if done == count else ""
        print(f"\r{done:,} of {number_of(count, noun)}", end=end, flush=True, file=sys.stderr)


@contextmanager
def mistakes_exit() -> Iterator[None]:
    """Print an InputError without a traceback, and exit with 2.

    An interrupt and SIGTERM end the block in order as well: what it is writing is removed.
    """
    print_any_text()
    with ends_in_order(then=""):
        try:
            yield
        except (InputError, OSError) as error:
            mistake = error if isinstance(error, InputError) else about_a_path(error)
            if mistake is None:
                raise
            print(f"error: {visible(str(mistake))}", file=sys.stderr)
            sys.exit(2)
