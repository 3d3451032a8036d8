"""What the commands share that have arguments in place of a configuration."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from backbone.errors import InputError


def command_parser(
    module: str, description: str | None, epilog: str | None = None
) -> argparse.ArgumentParser:
    """A parser for `python -m MODULE` whose help keeps the lines of its description."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add `--trust MODULE`, which may be given several times.

    By it a person lets a checkpoint name modules that are not the suite's.
    """
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of your own that the checkpoint's task comes from; it is imported",
    )


@contextmanager
def mistakes_exit() -> Iterator[None]:
    """Print an InputError without a traceback, and exit with 2."""
    try:
        yield
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
