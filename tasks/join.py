"""Join heads that were trained on the same trunk into one network that answers in one pass:

    python -m tasks.join A.ckpt NAME=B.ckpt ... --output joint.ckpt [--size PIXELS]

A checkpoint's task is called by its own name, or by NAME. One that is a joint network already
brings all its parts. `joint.ckpt/NAME` is a part of the file again, wherever a checkpoint is named.
"""

from collections.abc import Sequence
from pathlib import Path

from backbone.files import require_writable
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit
from tasks.images.inputs import refuse_overwriting


def join(given: Sequence[str], output: Path, size: int | None, trust: Sequence[str]) -> str:
    """Write a joint checkpoint.

    Args:
        given: checkpoints, as FILE or NAME=FILE.
        size: of the one image that all parts look at, in pixels; None: that of the part whose head
            is built for one, or else the largest.

    Returns:
        What was joined, in words.

    Raises:
        InputError: a file that is no checkpoint, trunks that differ, parts of one name, a head that
            cannot share a trunk, or an output that cannot be written.
    """
    named = [
        (n, Path(f)) if eq else ("", Path(n)) for n, eq, f in (g.partition("=") for g in given)
    ]
    refuse_overwriting([output], [path for _, path in named])
    require_writable(output)
    # torch enters here, after every cheap answer
    from tasks.joint.joining import joined, write_joint

    return write_joint(joined(named, size, trust), output)


def main() -> None:
    """The command line; exit code 2 for anything that the user can correct."""
    parser = command_parser("tasks.join", "Join heads trained on the same trunk into one network.")
    parser.add_argument(
        "checkpoints", nargs="+", metavar="[NAME=]CHECKPOINT", help="best.ckpt of a run"
    )
    parser.add_argument("--output", type=Path, default=Path("joint.ckpt"), help="file to write")
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="input of the one pass; default: a detector's"
    )
    add_trust(parser)
    arguments = parser.parse_args()
    with mistakes_exit():
        print(join(arguments.checkpoints, arguments.output, arguments.size, arguments.trust))


if __name__ == "__main__":
    main()
