"""The one exception that stands for a mistake in what the user gave, and words for it."""

from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in the user's input: what was wrong, where (file, id, line) and what to do.

    Programs print its message without a traceback and leave with exit code 2.
    """


def listed_briefly(values: Iterable) -> str:
    """Write the first few of many values: '3, 17, 40, 41, 52 and 12 more'."""
    values = list(values)
    rest = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return ", ".join(str(value) for value in values[:5]) + rest
