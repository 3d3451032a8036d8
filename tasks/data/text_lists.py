"""Numbers and columns in lists that people and other programs have written."""

from pathlib import Path

from backbone.errors import InputError

MOST_DIGITS = 18  # all such numbers fit into 64 bits


def whole_number(text: str) -> int | None:
    """A number 0, 1, 2, ... of up to 18 digits; None for any other text."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        return None
    return int(text)


def delimiter_of(path: Path, header: str) -> str:
    """What separates the columns of a CSV file, by its first line: a comma or a tab.

    Raises:
        InputError: it is something else.
    """
    if "\t" in header:
        return "\t"
    for other, name in ((";", "semicolons"), ("|", "vertical bars")):
        if other in header and "," not in header:
            advice = "separate them by commas"
            if other == ";":  # as spreadsheets do where a comma is the decimal sign
                advice += ", and write decimals with a point (48.85)"
            raise InputError(
                f"{path}, line 1: its columns seem to be separated by {name} ({header[:60]!r}); "
                f"{advice}"
            )
    return ","
