"""What the commands share that take arguments rather than a configuration."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from backbone.errors import InputError, about_a_path, visible
from tasks.cli.ending import ends_in_order
from tasks.cli.streams import print_any_text


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

    With it a user allows a checkpoint to import modules that do not belong to the suite.
    """
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="your own module that defines the checkpoint's task; it is imported",
    )


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
