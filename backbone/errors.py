"""The one exception for a mistake in the user's input, and helpers for its message."""

import errno
from collections.abc import Iterable

# errors of the operating system that come from the path alone -> what to do
OF_A_PATH = {
    errno.EACCES: "permission denied; give yourself permission, or name another path",
    errno.EPERM: "the system does not permit it; name another path",
    errno.ENAMETOOLONG: "this name is too long for a file; give another path",
    errno.ELOOP: "a symbolic link that leads back to itself; name another path",
    errno.EIO: "the disk cannot read or write it; check the disk, or name another path",
    errno.ESTALE: "the network file system has lost it; mount it again, or name another path",
}


class InputError(ValueError):
    """A mistake in the user's input: what is wrong, where (file, id, line) and what to do.

    Commands print its message without a traceback and exit with code 2.
    """


def about_a_path(error: BaseException | None) -> InputError | None:
    """The InputError for an error of the operating system that a path causes; None for others.

    Every operation on the path can raise such an error, even `Path.exists`.
    """
    if not isinstance(error, OSError) or error.errno not in OF_A_PATH or error.filename is None:
        return None
    name = shortened(str(error.filename), 200)
    return InputError(f"{name}: {OF_A_PATH[error.errno]}")


def listed_briefly(values: Iterable[object]) -> str:
    """The first five values and the number of others: '3, 17, 40, 41, 52 and 12 more'."""
    values = list(values)
    rest = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return ", ".join(shortened(str(value)) for value in values[:5]) + rest


def number_of(count: int, noun: str, plural: str | None = None) -> str:
    """A count and its noun: '1 image', '2 boxes', '1,300 classes'.

    Args:
        noun: in the singular, with the words that agree with it, such as "image is".
        plural: the same in the plural; None: the noun with -s, or -es after s and x.
    """
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {plural or noun + ('es' if noun.endswith(('s', 'x')) else 's')}"


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
