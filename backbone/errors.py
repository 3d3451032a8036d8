"""The one exception for a mistake in the user's input, and a helper for its message."""

from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in the user's input: what was wrong, where (file, id, line) and what to do.

    Commands print its message without a traceback and exit with code 2.
    """


def listed_briefly(values: Iterable[object]) -> str:
    """The first five values and the number of the rest: '3, 17, 40, 41, 52 and 12 more'."""
    values = list(values)
    rest = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return ", ".join(shortened(str(value)) for value in values[:5]) + rest


def shortened(text: str, most: int = 400) -> str:
    """A text of at most `most` characters; of a longer one the beginning and the end."""
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"
