"""The one exception for a mistake in the user's input, and helpers for its message."""

from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in the user's input: what is wrong, where (file, id, line) and what to do.

    Commands print its message without a traceback and exit with code 2.
    """


def listed_briefly(values: Iterable[object]) -> str:
    """The first five values and the number of others: '3, 17, 40, 41, 52 and 12 more'."""
    values = list(values)
    rest = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return ", ".join(shortened(str(value)) for value in values[:5]) + rest


def number_of(number: int, thing: str) -> str:
    """A number of things: '1 epoch', '2,000 epochs'."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def shortened(text: str, most: int = 400) -> str:
    """A text on one line with at most `most` characters; a longer one keeps its two ends."""
    half = (most - 3) // 2
    return one_line(text if len(text) <= most else f"{text[:half]}...{text[-half:]}")


def one_line(text: str) -> str:
    """A text, such as a file's name, with line ends and control characters escaped.

    Otherwise a terminal would obey them.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def visible(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(one_line, text.split("\n")))


def _visible(character: str) -> str:
    # surrogates stand for bytes that are not text; spaces and direction marks are kept
    unseen = character < " " or "\x7f" <= character < "\xa0" or character in "\u2028\u2029"
    return repr(character)[1:-1] if unseen else character
