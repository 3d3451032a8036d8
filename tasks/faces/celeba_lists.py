"""CelebA's lists: tables of words separated by blanks, read in bulk with NumPy.

Kaggle's copies are CSV: the words are separated by commas, and the first line names the columns.
"""

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.text_lists import whole_number

AGAIN = "download the list again"
BLANK = np.zeros(256, bool)
BLANK[np.frombuffer(b" \t\r\n", np.uint8)] = True
COMMA = BLANK.copy()
COMMA[np.frombuffer(b',";', np.uint8)] = True


@dataclass(frozen=True)
class Words:
    """The W words of a text file of L lines."""

    text: bytes
    start: np.ndarray  # int32[W], the offset of each word's first byte
    end: np.ndarray  # int32[W], the offset after its last byte
    first: np.ndarray  # int64[L + 1], the first word of each line, and W

    def take(self, start: np.ndarray, end: np.ndarray) -> list[bytes]:
        """The words between the given offsets."""
        pairs = zip(start.tolist(), end.tolist(), strict=True)
        return [self.text[a:b] for a, b in pairs]

    def of_line(self, line: int) -> list[str]:
        """The words of a line, counted from 0; none after the last line."""
        which = slice(*self.first[line : line + 2])
        words = self.take(self.start[which], self.end[which]) if line < len(self.first) - 1 else []
        return [word.decode(errors="replace") for word in words]

    def line(self, word: int) -> int:
        """The line of a word, counted from 1."""
        return int(np.searchsorted(self.first, word, side="right"))


def read_words(path: Path) -> Words:
    """Split a file into words. Raises: InputError if it cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    text = text.removeprefix(codecs.BOM_UTF8)
    letters = np.frombuffer(text, np.uint8)
    blank = np.concatenate([[True], (COMMA if is_csv(path) else BLANK)[letters], [True]])
    edges = np.flatnonzero(blank[1:] != blank[:-1]).astype(np.int32)
    start, end = edges[::2], edges[1::2]
    lines = np.flatnonzero(letters == ord("\n")).astype(np.int32)
    first = np.searchsorted(start, lines)
    return Words(text, start, end, np.concatenate([[0], first, [len(start)]]))


def is_csv(path: Path) -> bool:
    """Whether a list is a CSV file, by its name."""
    return path.suffix.lower() == ".csv"


@dataclass(frozen=True)
class Rows:
    """N rows with the same number of words."""

    start: np.ndarray  # int32[N, width]
    end: np.ndarray  # int32[N, width]
    skipped: int  # words before the first row

    @classmethod
    def of(cls, path: Path, words: Words, line: int, width: int, what: str) -> "Rows":
        """The lines from `line` on that are not blank.

        Args:
            path: the file, for messages.
            words: of the file.
            line: the first line to take, counted from 0.
            width: words per row.
            what: the expected content of these words, for messages.

        Raises:
            InputError: a row has another width, or there are no rows.
        """
        counts = np.diff(words.first[line:])
        wrong = np.flatnonzero((counts != width) & (counts != 0))
        if len(wrong):
            raise InputError(
                f"{path}, line {line + wrong[0] + 1}: {number_of(counts[wrong[0]], 'word')} "
                f"instead of {width}: {what}; {AGAIN}"
            )
        if not counts.any():
            raise InputError(f"{path}: lists no image; {AGAIN}")
        skipped = words.first[line]
        start, end = (x[skipped:].reshape(-1, width) for x in (words.start, words.end))
        return cls(start, end, skipped)

    def __len__(self) -> int:
        return len(self.start)

    def word(self, row: int, column: int) -> int:
        """The position of a word in the file."""
        return self.skipped + row * self.start.shape[1] + column

    def column(self, words: Words, column: int) -> list[bytes]:
        """One word of each row."""
        return words.take(self.start[:, column], self.end[:, column])


def read_attributes(path: Path) -> tuple[list[str], list[bytes], np.ndarray]:
    """Read `list_attr_celeba.txt`: a count, the attributes' names, then lines of 'file 1 -1 ...'.

    `list_attr_celeba.csv` has no count, but a name for the column of files.

    Returns:
        The A attributes, the N files, and labels int8[N, A], 1 or 0.

    Raises:
        InputError: the header disagrees with the rows, a row has too few or too many values, a
            value is neither 1 nor -1, or a file is listed twice. The message gives the line.
    """
    words = read_words(path)
    if is_csv(path):
        return _read_csv_attributes(path, words)
    count, names = words.of_line(0), words.of_line(1)
    images = whole_number(count[0]) if len(count) == 1 else None
    if images is None or not names:
        raise InputError(
            f"{path}, line {1 if names else 2}: expected the number of images in line 1 and the "
            f"attributes' names in line 2, found {' '.join(count)[:60]!r}; {AGAIN}"
        )
    what = f"a file and 1 or -1 for each of the {len(names)} attributes that line 2 names"
    rows = Rows.of(path, words, 2, len(names) + 1, what)
    if len(rows) != images:
        raise InputError(
            f"{path}, line 1: says {number_of(images, 'image')}, but "
            f"{number_of(len(rows), 'row follows', 'rows follow')}; {AGAIN}"
        )
    return names, _files(path, words, rows), _labels(path, words, rows, names)


def _read_csv_attributes(path: Path, words: Words) -> tuple[list[str], list[bytes], np.ndarray]:
    names = words.of_line(0)[1:]
    if not names or set(names) <= {"1", "-1"}:
        raise InputError(
            f"{path}, line 1: expected image_id and the attributes' names, found "
            f"{' '.join(words.of_line(0))[:60]!r}; {AGAIN}"
        )
    what = f"a file and 1 or -1 for each of the {len(names)} attributes that line 1 names"
    rows = Rows.of(path, words, 1, len(names) + 1, what)
    return names, _files(path, words, rows), _labels(path, words, rows, names)


def _labels(path: Path, words: Words, rows: Rows, names: list[str]) -> np.ndarray:
    letters = np.frombuffer(words.text, np.uint8)
    start, end = rows.start[:, 1:], rows.end[:, 1:]
    length = end - start
    minus = (length == 2) & (letters[start] == ord("-"))
    wrong = np.flatnonzero((letters[end - 1] != ord("1")) | ~((length == 1) | minus))
    if len(wrong):
        row, column = divmod(int(wrong[0]), len(names))
        value = rows.column(words, column + 1)[row].decode(errors="replace")
        raise InputError(
            f"{path}, line {words.line(rows.word(row, column + 1))}: {names[column]} is "
            f"{value[:60]!r}, neither 1 nor -1; {AGAIN}"
        )
    return (length == 1).astype(np.int8)


def read_partition(path: Path) -> dict[bytes, int]:
    """Read `list_eval_partition.txt`: lines of 'file number'; 0 training, 1 validation, 2 test.

    `list_eval_partition.csv` has a line of names before them.

    Raises:
        InputError: a row has another form or another number, or a file is listed twice. The message
            gives the line.
    """
    words = read_words(path)
    rows = Rows.of(path, words, int(is_csv(path)), 2, "a file and the number of its part")
    parts = rows.column(words, 1)
    for i, part in enumerate(parts):
        if part not in (b"0", b"1", b"2"):
            raise InputError(
                f"{path}, line {words.line(rows.word(i, 1))}: "
                f"{part[:60].decode(errors='replace')!r} is not a part: "
                f"0 is training, 1 validation, 2 test; {AGAIN}"
            )
    return dict(zip(_files(path, words, rows), map(int, parts), strict=True))


def _files(path: Path, words: Words, rows: Rows) -> list[bytes]:
    """The first word of each row."""
    files = rows.column(words, 0)
    if len(set(files)) < len(files):
        seen: dict[bytes, int] = {}
        double = [(i, f) for i, f in enumerate(files) if seen.setdefault(f, i) != i]
        row, file = double[0]
        lines = [words.line(rows.word(i, 0)) for i in (row, seen[file])]
        raise InputError(
            f"{path}, line {lines[0]}: {file.decode(errors='replace')} is already in line "
            f"{lines[1]} ({len(double):,} such files: "
            f"{listed_briefly(f.decode(errors='replace') for _, f in double)}); {AGAIN}"
        )
    return files
