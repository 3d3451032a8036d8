"""Names in messages, in one line and without what a terminal would obey; and numbers of things."""

import numpy as np
import pytest

from backbone.errors import listed_briefly, number_of, one_line, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b.jpg", "a b.jpg"),
        ("a\nb\t.jpg", r"a\nb\t.jpg"),
        ("\x1b[31mred\x7f\x9b", r"\x1b[31mred\x7f\x9b"),
        ("Größe 日本 \u2028x", r"Größe 日本 \u2028x"),
        ("no text: \udcff", "no text: \udcff"),
        ("a\\nb", "a\\nb"),
    ],
)
def test_a_name_is_shown_in_one_line(text, shown):
    assert one_line(text) == shown
    assert listed_briefly([text]) == shown
    assert shortened(text) == shown


def test_a_message_keeps_its_lines():
    assert visible("one\n  two\x1b\n") == "one\n  two\\x1b\n"


@pytest.mark.parametrize(
    ("noun", "shown"),
    [
        (("image",), ["0 images", "1 image", "2 images", "1,300 images"]),
        (("class",), ["0 classes", "1 class", "2 classes", "1,300 classes"]),
        (("box",), ["0 boxes", "1 box", "2 boxes", "1,300 boxes"]),
        (("row is", "rows are"), ["0 rows are", "1 row is", "2 rows are", "1,300 rows are"]),
    ],
)
def test_a_number_and_its_noun_agree(noun, shown):
    assert [number_of(count, *noun) for count in (0, 1, 2, 1300)] == shown
    assert number_of(np.int64(1), "image") == "1 image"
