"""The option by which a person lets a checkpoint name modules that are not the suite's."""

import argparse


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add `--trust MODULE`, which may be given several times."""
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of your own that the checkpoint's task comes from; it is imported",
    )
