"""A trained model for another runtime, as one file from pixels to the answer:

    python -m tasks.export CHECKPOINT [format=onnx] [batch=dynamic|N] [photos=FOLDER] [output=DIR]

Writes the model, model.json, which describes it, and parity.json: the file is run by its own
runtime on real photographs, and compared with PyTorch. These are validation images of the
checkpoint's data, or those that photos= names. A file that is off is not kept, and the exit code
is 1.
"""

import sys
from pathlib import Path

from backbone.errors import visible
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit
from tasks.export.options import KEYS, parse_options


def main() -> None:
    """The command line; exit code 1 if the gate fails, 2 for anything that the user can correct."""
    keys = "\n".join(f"  {key + '=':14}  {what}" for key, what in KEYS.items())
    parser = command_parser("tasks.export", __doc__, epilog=f"KEY=VALUE:\n{keys}")
    parser.add_argument("checkpoint", type=Path, help="best.ckpt of a run")
    parser.add_argument("options", nargs="*", default=[], metavar="KEY=VALUE", help="see below")
    add_trust(parser)
    arguments = parser.parse_args()
    with mistakes_exit():
        options = parse_options(arguments.checkpoint, arguments.options)
        # torch enters here, after every cheap answer
        from tasks.export.exporting import GateError, export

        try:
            print(f"written: {export(options, arguments.trust)}")
        except GateError as error:
            print(f"error: {visible(str(error))}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
