"""Output streams that print any text."""

import io
import sys


def print_any_text() -> None:
    """From now on, print characters that the terminal's encoding lacks as escapes.

    File names on Linux are bytes. One that is not valid text would otherwise end a command.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
