"""What commands print is never a reason to fail."""

import io
import sys


def print_any_text() -> None:
    """From now on, print what the terminal's encoding lacks as escapes.

    File names on Linux are bytes; those that are no text would otherwise end a command.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
