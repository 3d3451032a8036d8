"""Names in messages: in one line, and without what a terminal would obey."""

import pytest

from backbone.errors import listed_briefly, one_line, shortened, visible


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
