"""Join heads that were trained on the same trunk into one network that answers in one pass:

    python -m tasks.join A.ckpt NAME=B.ckpt ... --output joint.ckpt [--size PIXELS]

A part is named after its checkpoint's task, or NAME. A joint checkpoint contributes all of its
parts. Wherever a checkpoint is named, `joint.ckpt/NAME` means one part of the file.
"""

from collections.abc import Sequence
from pathlib import Path

from backbone.errors import InputError
from backbone.files import require_writable
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit
from tasks.images.inputs import refuse_overwriting

SIDES = 32, 4096  # as for the option size


def join(given: Sequence[str], output: Path, size: int | None, trust: Sequence[str]) -> str:
    """Write a joint checkpoint.

    Args:
        given: checkpoints, as FILE or NAME=FILE.
        size: of the one image that all parts see, in pixels; None: that of the part whose head is
            built for a size, or else the largest.

    Returns:
        A summary in words.

    Raises:
        InputError: the size is out of range, a file is not a checkpoint, trunks differ, two parts
            have the same name, a head cannot share a trunk, or the output cannot be written.
    """
    named = [
        (n, Path(f)) if eq else ("", Path(n)) for n, eq, f in (g.partition("=") for g in given)
    ]
    if size is not None and not SIDES[0] <= size <= SIDES[1]:
        raise InputError(f"--size {size}: give a number of pixels from {SIDES[0]} to {SIDES[1]:,}")
    refuse_overwriting([output], [path for _, path in named])
    require_writable(output)
    # torch is imported here, after everything that is quick
    from tasks.joint.joining import joined, write_joint

    return write_joint(joined(named, size, trust), output)


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.join", __doc__)
    parser.add_argument(
        "checkpoints", nargs="+", metavar="[NAME=]CHECKPOINT", help="best.ckpt of a run"
    )
    parser.add_argument("--output", type=Path, default=Path("joint.ckpt"), help="file to write")
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="input size of the one pass; default: a detector's, or else the largest of a part",
    )
    add_trust(parser)
    arguments = parser.parse_args()
    with mistakes_exit():
        print(join(arguments.checkpoints, arguments.output, arguments.size, arguments.trust))


if __name__ == "__main__":
    main()
